import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { DayFindings } from '../../../reconciler/findings.js';
import { Watcher } from '../../../reconciler/follow/watcher.js';
import { established } from '../../../reconciler/judge/findings.js';
import type { Finding } from '../../../reconciler/judgement.js';

const about = { id: 'a'.repeat(64), source: 'ENGINE', time: '1795305600000000000', actor: 'UserMSP' };

function watching(json: boolean, isTTY = false) {
  const stdout = new PassThrough({ encoding: 'utf8' });
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const lines = () => ((stdout.read() as string | null) ?? '').split('\n').filter((line) => line !== '');
  return { watcher: new Watcher({ stdout, stderr }, json), lines, stderr };
}

const DAY = '2026-11-22';
const of = (day: string, ...findings: Finding[]): DayFindings[] => [{ day, sealed: false, findings }];

describe('what a follower tells', () => {
  it('is each finding once, and again when it is of another class or against others', () => {
    const { watcher, lines } = watching(true);
    const gap = established('gap', about);
    watcher.found(of(DAY, gap));
    watcher.found(of(DAY, gap, { ...gap, severity: 'high' }));
    expect(lines().map((line) => JSON.parse(line))).toEqual([{ finding: gap }]);
    watcher.found(of(DAY, { ...gap, class: 'silent' }));
    watcher.found(of(DAY, { ...gap, dissent: ['ProviderMSP', 'UserMSP'] }));
    watcher.found(of(DAY, gap));
    expect(lines()).toHaveLength(3);
  });

  it('is forgotten with days before the last sealed one, and nothing of the others is told twice', () => {
    const { watcher, lines } = watching(true);
    const days = Array.from({ length: 30 }, (_, day) => `2026-11-${`${day + 1}`.padStart(2, '0')}`);
    const found = (day: string) =>
      Array.from({ length: 10 }, (_, index) => ({ ...established('gap', about), id: `${day}/${index}` }));
    const silence = established('silent', about);
    let told = 0;
    for (const [index, day] of days.entries()) {
      const before = days[index - 1];
      watcher.found([
        ...(before === undefined ? [] : [{ day: before, sealed: true, findings: [...found(before), silence] }]),
        ...of(day, ...found(day), silence),
      ]);
      // As when the ledger is read on after an outage.
      if (before !== undefined)
        watcher.found([{ day: before, sealed: true, findings: found(before) }, ...of(day, ...found(day))]);
      expect(watcher.remembered).toBeLessThanOrEqual(21);
      told += lines().length;
    }
    expect(told).toBe(30 * 10 + 1);
  });

  it('is a line that a terminal does not obey', () => {
    const { watcher, lines } = watching(false);
    watcher.found(of(DAY, { ...established('gap', about), source: 'EN\u001b[2JGINE' }));
    const told = lines();
    expect(told).toEqual([expect.stringMatching(/^gap: watches of EN.+GINE: UserMSP \[a{12}\]$/)]);
    expect(told[0]).not.toContain('\u001b');
  });

  it('says against whom and which it is, however long a name is', () => {
    const { watcher, lines } = watching(false);
    watcher.found(of(DAY, { ...established('gap', about), source: 'x'.repeat(1000) }));
    expect(lines()).toEqual([expect.stringMatching(/^gap: watches of x{200,}….*: UserMSP \[a{12}\]$/)]);
  });

  it('is its progress on a terminal alone', () => {
    const [terminal, file] = [watching(false, true), watching(false)];
    for (const { watcher } of [terminal, file]) watcher.progress({ block: 3n, newest: 7n });
    expect(terminal.stderr.read()).toBe('\rblock 3 of 7');
    expect(file.stderr.read()).toBe(null);
  });
});
