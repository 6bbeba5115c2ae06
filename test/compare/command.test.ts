import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CompareReport } from '../../compare/report-form.js';
import { event2ledger } from '../support/command.js';
import { type Happened, lineOf } from './logs.js';

const BEGIN = 1_795_305_600_000_000_000n;
const SECOND = 1_000_000_000n;

function event(index: number, action = 'start'): Happened {
  const attributes = { image: 'a/b:1', name: `name-${index}` };
  return {
    type: 'container',
    action,
    id: `id-${index}`,
    attributes,
    scope: 'local',
    time: BEGIN + BigInt(index) * SECOND,
  };
}

const events = Array.from({ length: 50 }, (_, index) => event(index));
const lines = events.map((one) => lineOf(one));
const NAMES = ['--names', 'Provider,Developer,User'];

describe('event2ledger compare', () => {
  let folder: string;
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const log = (name: string, own: readonly string[]) => file(name, own.map((line) => `${line}\n`).join(''));
  const compare = async (...args: string[]) => {
    const { code, stdout, stderr } = await event2ledger(['compare', ...args]);
    return { code, stdout, stderr };
  };
  const reportOf = (stdout: string) => JSON.parse(stdout) as CompareReport;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event2ledger-compare-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('says that honest logs agree, however they are written', async () => {
    const other = events.map((one) => lineOf(one, 'reversed'));
    const { code, stdout } = await compare(log('a', lines), log('b', lines), log('c', other), ...NAMES);
    expect(code).toBe(0);
    expect(stdout).toContain('50 events: 50 agreed, 0 disputed');
    expect(stdout).toContain('The logs agree.');
  });

  it('names who left out, altered and invented, with the lines', async () => {
    const left = lines.filter((_, index) => index !== 7);
    const altered = lines.map((line, index) => (index === 9 ? line.replace('a/b:1","name"', 'a/b:2","name"') : line));
    const invented = [...lines, lineOf(event(99, 'kill'))];
    const { code, stdout } = await compare(log('a', left), log('b', altered), log('c', invented), ...NAMES, '--json');
    expect(code).toBe(1);
    const report = reportOf(stdout);
    expect(report.coverage).toEqual({ events: 51, agreed: 48, disputed: 3, pending: 0, unobservable: 0 });
    expect(report.findings).toMatchObject([
      {
        class: 'missing',
        dissent: ['Provider'],
        majority: ['Developer', 'User'],
        absence: [{ actor: 'Provider', by: 'watch' }],
      },
      { class: 'differs', dissent: ['Developer'], diff: [{ path: 'attributes.image' }] },
      { class: 'uncorroborated', dissent: ['User'], variants: [{ evidence: [{ actor: 'User', line: '51' }] }] },
    ]);
    const [developer] = report.actors;
    expect(developer).toMatchObject({ actor: 'Developer', attested: 50, differs: 1, missing: 0 });
  });

  it('reads gzip, zstd and standard input', async () => {
    const text = lines.map((line) => `${line}\n`).join('');
    const zstd = spawnSync('zstd', ['-q', '-c'], { input: text });
    const packed = zstd.status === 0 ? file('b.zst', zstd.stdout) : file('b2.gz', gzipSync(text));
    const { code, stdout } = await event2ledger(['compare', '-', file('a.gz', gzipSync(text)), packed, ...NAMES], {
      input: text,
    });
    expect(stdout).toContain('50 events: 50 agreed');
    expect(code).toBe(0);
  });

  it('reads zstd that begins with a frame to be passed over', async () => {
    // The frame has one line; its time is what the others begin with.
    const skipped = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const text = `${lines[0]}\n`;
    // A raw block in a frame of its own (RFC 8878): magic, a window of 1 MiB, the block's header, the bytes.
    const header = Buffer.alloc(4);
    header.writeUInt32LE((text.length << 3) | 1);
    const frame = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]),
      header.subarray(0, 3),
      Buffer.from(text),
    ]);
    const packed = file('skipped.zst', Buffer.concat([skipped, frame]));
    const { code, stdout, stderr } = await compare(log('a', lines.slice(0, 1)), packed, '--names', 'A,B');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('1 event: 1 agreed');
  });

  it('takes what a line hides for a hole in its log, not for an event left out', async () => {
    const hidden = lines.map((line, index) => (index === 20 ? '{"broken' : line));
    const { code, stdout } = await compare(log('a', lines), log('b', hidden), log('c', lines), ...NAMES, '--json');
    expect(code).toBe(1);
    expect(reportOf(stdout).findings).toMatchObject([{ class: 'gap', dissent: ['Developer'], gap: { events: 1 } }]);
    expect(reportOf(stdout).logs[1]).toMatchObject({ lines: '50', unreadable: '1' });
  });

  it('passes lines that are too long, and still agrees on the rest', async () => {
    const long = [...lines.slice(0, 10), `{"x":"${'y'.repeat(10_000_000)}"}`, ...lines.slice(10)];
    const { stdout } = await compare(log('a', lines), log('b', long), log('c', lines), ...NAMES, '--json');
    const report = reportOf(stdout);
    expect(report.coverage).toMatchObject({ events: 50, agreed: 50 });
    expect(report.findings).toMatchObject([{ class: 'gap', dissent: ['Developer'] }]);
  });

  it('agrees with a log in reverse order', async () => {
    const { code, stdout } = await compare(log('a', lines), log('b', [...lines].reverse()), log('c', lines), ...NAMES);
    expect(stdout).toContain('50 events: 50 agreed');
    expect(code).toBe(0);
  });

  it('folds a flood of invented events into few findings', async () => {
    const flood = Array.from({ length: 300 }, (_, index) => lineOf(event(1000 + index, 'kill')));
    const policy = file('policy.json', JSON.stringify({ quota: 50 }));
    const args = [
      log('a', lines),
      log('b', [...lines, ...flood]),
      log('c', lines),
      ...NAMES,
      '--policy',
      policy,
      '--json',
    ];
    const report = reportOf((await compare(...args)).stdout);
    expect(report.coverage).toMatchObject({ events: 350, agreed: 50, disputed: 300 });
    expect(report.findings.filter(({ folded }) => folded === 250)).toHaveLength(1);
    expect(report.findings.every(({ dissent }) => dissent.join() === 'Developer')).toBe(true);
  });

  it('obeys nothing that a name says to a terminal', async () => {
    const hostile = { ...event(60), attributes: { image: 'x', name: '\u001b[2J\u202eevil' } };
    const { stdout } = await compare(log('a', lines), log('b', [...lines, lineOf(hostile)]), log('c', lines), ...NAMES);
    for (const char of ['\u001b', '\u202e']) expect(stdout).not.toContain(char);
    expect(stdout).toContain('evil');
  });

  it('counts an event once that all logs tell twice, in two ways of writing', async () => {
    const twice = lines.flatMap((line, index) =>
      index === 3 ? [line, line.replace(',"scope"', ', "scope"')] : [line],
    );
    const [a, b] = [log('a', twice), log('b', twice)];
    const report = reportOf((await compare(a, b, '--names', 'A,B', '--json')).stdout);
    expect(report.coverage).toMatchObject({ events: 50, agreed: 50 });
  });

  it('counts what two logs go on to say when another has ended', async () => {
    const many = Array.from({ length: 70_000 }, (_, index) => lineOf(event(index)));
    const [a, b, c] = [log('a', many.slice(0, 10)), log('b', many), log('c', many)];
    const report = reportOf((await compare(a, b, c, ...NAMES, '--json')).stdout);
    expect(report.coverage).toMatchObject({ events: 70_000, agreed: 10, disputed: 69_990 });
    const missing = report.findings.filter((finding) => finding.class === 'missing');
    expect(missing.every(({ dissent }) => dissent.join() === 'Provider')).toBe(true);
    expect(missing.reduce((sum, { folded = 1 }) => sum + folded, 0)).toBe(69_990);
    expect(report.findings).toHaveLength(missing.length);
    const [developer, provider] = report.actors;
    expect([developer?.attested, provider?.attested]).toEqual([70_000, 10]);
  });

  it('waits for no log because of a line that is far ahead of its place', async () => {
    const stray = [lineOf(event(1_000_000)), ...lines];
    const report = reportOf(
      (await compare(log('a', lines), log('b', lines), log('c', stray), ...NAMES, '--json')).stdout,
    );
    expect(report.coverage).toMatchObject({ events: 51, agreed: 50, disputed: 1 });
    expect(report.findings).toMatchObject([{ class: 'uncorroborated', dissent: ['User'] }]);
  });

  it('has neither of two logs agree with itself', async () => {
    const [early, late] = [Array.from({ length: 100 }, (_, index) => lineOf(event(index - 200, 'kill'))), lines];
    const report = reportOf((await compare(log('a', late), log('b', early), '--names', 'A,B', '--json')).stdout);
    expect(report.coverage).toMatchObject({ events: 150, agreed: 0, disputed: 150 });
  });

  it('gives the same bytes each time', async () => {
    const args = [log('a', lines.slice(1)), log('b', lines), log('c', lines), ...NAMES, '--json'];
    const [one, other] = [await compare(...args), await compare(...args, '--threads', '1')];
    expect(one.stdout).toBe(other.stdout);
  });

  it.each([
    [['a'], 'at least two logs'],
    [['a', 'nosuch'], 'cannot be read'],
    [['a', 'b', '--names', 'A'], 'one for each'],
    [['a', 'b', '--names', 'A,A'], 'twice'],
    [['a', 'a'], 'named twice'],
    [['-', '-'], 'one log only'],
    [['a', 'b', '--threads', '0'], '--threads'],
    [['a', 'b', '--policy', 'a'], 'policy'],
    [['a', 'b', '--policy', 'typo'], 'policies have no "recrd"'],
    [['a', 'b', '--policy', 'shape'], 'is no policy: quota: '],
    [['a', 'log.bz2'], 'log.bz2 is packed with bzip2'],
    [['a', 'log.xz'], 'is packed with xz'],
    [['a', '--with', 'profile.json', '--new-source', '--source-id', 's'], '--new-source goes with --repair'],
    [['a', 'cut.gz'], 'damaged or cut off'],
    [['a', '.'], 'is a folder'],
    [['empty', 'empty2'], 'no event'],
    [['a', 'b', '--db', 'x.db'], '--db is of use with --with only'],
    [['a', 'b', '--with', 'profile.json'], 'name the one log'],
    [['a', '--with', 'profile.json', '--db', 'x.db'], '--source-id'],
    [['a', '--with', 'profile.json', '--source-id', 's'], 'who answers for the ledger'],
  ])('refuses %j', async (args, sentence) => {
    log('a', lines);
    log('b', lines);
    file('empty', '');
    file('empty2', '');
    file('typo', JSON.stringify({ recrd: {} }));
    file('shape', JSON.stringify({ quota: 'many' }));
    file('log.bz2', 'BZh91AY&SY');
    file('log.xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]));
    file('cut.gz', gzipSync(lines.join('\n')).subarray(0, 100));
    const known = ['a', 'b', 'typo', 'shape', 'log.bz2', 'log.xz', 'empty', 'empty2', 'cut.gz', 'nosuch', '.'];
    const { code, stdout, stderr } = await compare(
      ...args.map((arg) => (known.includes(arg) ? join(folder, arg) : arg)),
    );
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout]).toEqual([2, '']);
  });
});
