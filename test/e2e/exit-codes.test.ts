import { describe, expect, it } from 'vitest';
import { event2ledger } from '../support/command.js';

describe('how commands end', () => {
  it.each([
    ['nothing', []],
    ['an unknown command', ['judge']],
    ['an unknown option', ['demo', '--loud']],
    ['a required option left out', ['collect', '--source', 'docker']],
    ['a source that is none', ['collect', '--profile', 'p.json', '--source', 'syslog']],
    ['a day that is none', ['report', '--db', 'no.db', '--day', '2026-02-30']],
    ['a database that is not there', ['report', '--db', 'no.db', '--day', '2026-02-28']],
    [
      'days the wrong way round',
      ['export', '--db', 'no.db', '--out', 'x', '--from', '2026-02-28', '--to', '2026-02-27'],
    ],
    ['a profile that is not there', ['query', 'collectors', '--profile', 'no.json']],
    ['a command of the other side that is empty', ['exchange', 'with', ' ', '--db', 'no.db']],
    ['options that exclude each other', ['demo', '--trace', '--docker', 'unix:///x']],
  ])('with 2 for wrong usage: %s', async (_, args) => {
    const { code, stderr } = await event2ledger(args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
    expect(stderr).not.toContain('    at ');
  });

  it.each([
    [['compare', 'a', '--\u001b[31mx']],
    [['exchange', '\u001b[31mx']],
    [['query', '\u001b[31mx']],
    [['\u001b[31mx']],
  ])('with nothing on the terminal that it would obey: %j', async (args) => {
    const { code, stderr } = await event2ledger(args);
    expect(code).toBe(2);
    expect(stderr).toContain('\\u{1b}[31mx');
    expect(stderr).not.toContain('\u001b');
  });

  it.each([
    [['--help']],
    [['--version']],
    [['demo', '--help']],
    [['collect', '--help']],
    [['ledger', 'serve', '--help']],
    [['query', 'events', '--help']],
    [['export', '--help']],
  ])('with 0 for %s', async (args) => {
    const { code, stdout } = await event2ledger(args);
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
  });
});
