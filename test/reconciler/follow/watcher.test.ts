import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Watcher } from '../../../reconciler/follow/watcher.js';
import { established } from '../../../reconciler/judge/findings.js';

const about = { id: 'a'.repeat(64), source: 'ENGINE', time: '1795305600000000000', actor: 'UserMSP' };

function watching(json: boolean, isTTY = false) {
  const stdout = new PassThrough({ encoding: 'utf8' });
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const lines = () => ((stdout.read() as string | null) ?? '').split('\n').filter((line) => line !== '');
  return { watcher: new Watcher({ stdout, stderr }, json), lines, stderr };
}

describe('what a follower tells', () => {
  it('is each finding once, and again when it is of another class or against others', () => {
    const { watcher, lines } = watching(true);
    const gap = established('gap', about);
    watcher.found([gap]);
    watcher.found([gap, { ...gap, severity: 'high' }]);
    expect(lines().map((line) => JSON.parse(line))).toEqual([{ finding: gap }]);
    watcher.found([{ ...gap, class: 'silent' }]);
    watcher.found([{ ...gap, dissent: ['ProviderMSP', 'UserMSP'] }]);
    watcher.found([gap]);
    expect(lines()).toHaveLength(3);
  });

  it('is a line that a terminal does not obey', () => {
    const { watcher, lines } = watching(false);
    watcher.found([{ ...established('gap', about), source: 'EN\u001b[2JGINE' }]);
    const told = lines();
    expect(told).toEqual([expect.stringMatching(/^gap: watches of EN.+GINE: UserMSP \[a{12}\]$/)]);
    expect(told[0]).not.toContain('\u001b');
  });

  it('says against whom and which it is, however long a name is', () => {
    const { watcher, lines } = watching(false);
    watcher.found([{ ...established('gap', about), source: 'x'.repeat(1000) }]);
    expect(lines()).toEqual([expect.stringMatching(/^gap: watches of x{200,}….*: UserMSP \[a{12}\]$/)]);
  });

  it('is its progress on a terminal alone', () => {
    const [terminal, file] = [watching(false, true), watching(false)];
    for (const { watcher } of [terminal, file]) watcher.progress({ block: 3n, newest: 7n });
    expect(terminal.stderr.read()).toBe('\rblock 3 of 7');
    expect(file.stderr.read()).toBe(null);
  });
});
