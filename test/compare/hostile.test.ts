import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Members } from '../../compare/members.js';
import type { CompareReport } from '../../compare/report-form.js';
import { event2ledger } from '../support/command.js';

const BEGIN = 1_795_305_600_000_000_000n;
const EVENTS = 30_000;
const NAMES = ['--names', 'A,B,C', '--json'];

const line = (time: bigint, action = 'start', members = '') =>
  `{${members}"Type":"container","Action":"${action}","Actor":{"ID":"web","Attributes":{"name":"web"}},"timeNano":${time}}`;
const timeAt = (index: number) => BEGIN + BigInt(index) * 1_000_000n;
const honest = Array.from({ length: EVENTS }, (_, index) => line(timeAt(index)));
/** A lacks one early event and a late one. */
const EARLY = 100;
const LATE = EVENTS - 10;
const lacking = honest.filter((_, index) => index !== EARLY && index !== LATE);

describe('two honest logs and a hostile one', () => {
  let folder: string;
  let args: string[];

  const write = (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const log = (name: string, lines: readonly string[]) => write(name, lines.map((own) => `${own}\n`).join(''));
  async function against(hostile: string, ...more: string[]): Promise<CompareReport> {
    const { code, stdout, stderr } = await event2ledger(['compare', ...args, hostile, ...NAMES, ...more]);
    expect([code, stderr]).toEqual([1, '']);
    return JSON.parse(stdout) as CompareReport;
  }
  /** What is said of the honest two is what they differ on. */
  function expectJust({ findings }: CompareReport) {
    const times = findings
      .filter(({ dissent }) => dissent.join() !== 'C')
      .map((finding) => BigInt(finding.time))
      .sort((a, b) => (a < b ? -1 : 1));
    expect(times).toEqual([timeAt(EARLY), timeAt(LATE)]);
  }
  const gapsOf = ({ findings }: CompareReport) =>
    findings.filter(({ class: name }) => name === 'gap').map(({ dissent, gap }) => [...dissent, gap?.reason]);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event2ledger-hostile-test-'));
    args = [log('a', lacking), log('b', honest)];
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is held against them up to where too many of its lines are its own', async () => {
    const flood = honest.flatMap((own, index) => [own, line(timeAt(index) + 1n, `fake: ${index}`)]);
    const report = await against(log('flood', flood));
    expectJust(report);
    expect(gapsOf(report)).toEqual([
      ['C', expect.stringContaining('too many of its lines are not those of the others')],
    ]);
    expect(report.findings.filter((finding) => finding.class === 'missing')).toMatchObject([{ dissent: ['A'] }]);
    expect(report.logs[2]?.lines).toBe((EVENTS * 2).toString());
  });

  it('is not accused of what it has in another order', async () => {
    const report = await against(log('reversed', [...honest].reverse()));
    expectJust(report);
    expect(gapsOf(report)).toEqual([]);
    expect(report.actors.map(({ missing, uncorroborated }) => [missing, uncorroborated])[2]).toEqual([0, 0]);
    expect(report.coverage).toMatchObject({ events: EVENTS, agreed: EVENTS - 2 });
  });

  it('is put aside where it writes in ever new ways', async () => {
    const report = await against(
      log(
        'ways',
        honest.map((_, index) => line(timeAt(index), 'start', `"x${index}":1,`)),
      ),
    );
    expectJust(report);
    expect(gapsOf(report)).toEqual([['C', expect.stringContaining('written in too many ways')]]);
  });

  it('has each of its unreadable lines counted, and nothing said of what may be in them', async () => {
    const broken = honest.flatMap((own, index) => (index % 3 === 0 ? ['{"broken', '', own] : [own]));
    const report = await against(log('broken', broken));
    expect(report.logs[2]).toMatchObject({ lines: broken.length.toString(), unreadable: '10000' });
    expectJust(report);
    const gaps = report.findings.filter(({ class: name }) => name === 'gap');
    expect(gaps.every(({ dissent }) => dissent.join() === 'C')).toBe(true);
    expect(report.findings).toHaveLength(gaps.length + 2);
    const nothing = await against(
      log(
        'nothing',
        Array.from({ length: 50_000 }, () => 'no event'),
      ),
    );
    expect(nothing.logs[2]?.unreadable).toBe('50000');
    expectJust(nothing);
  });

  it('is told to differ by what it says, however often', async () => {
    const isAltered = (index: number) => index < 8000 && index !== EARLY;
    const alter = (own: string) => own.replace('"name":"web"', '"name":"bew"');
    const report = await against(
      log(
        'altered',
        honest.map((own, index) => (isAltered(index) ? alter(own) : own)),
      ),
    );
    expectJust(report);
    expect(
      report.findings.filter(({ class: name }) => name === 'differs').every(({ dissent }) => dissent[0] === 'C'),
    ).toBe(true);
    expect(report.actors[2]).toMatchObject({ actor: 'C', gap: 0, missing: 0 });
    expect(report.coverage).toMatchObject({ events: EVENTS, disputed: 8001 });
  });

  it('is cut off where it unpacks to far too much', async () => {
    const packed = gzipSync(Buffer.concat([Buffer.from(`${honest[0]}\n`), Buffer.alloc(200 << 20)]));
    const report = await against(write('bomb.gz', packed));
    expectJust(report);
    expect(gapsOf(report).flat().join()).toContain('tells of no other time');
  });

  it('is cut off where it unpacks to more than the others have, be it one event again and again', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => honest[index % 2]).join('\n');
    const zstd = spawnSync('zstd', ['-q', '-c', '-1'], {
      input: Buffer.alloc(80 << 20, `${many}\n`),
      maxBuffer: 1 << 26,
    });
    const packed = zstd.status === 0 ? zstd.stdout : gzipSync(Buffer.alloc(80 << 20, `${many}\n`));
    const report = await against(write('events.zst', packed));
    expectJust(report);
    expect(gapsOf(report).flat().join()).toContain('the other logs speak for');
  });

  it.each([
    ['ends in the middle', (packed: Buffer) => packed.subarray(0, packed.length >> 1)],
    [
      'asks for a window of 2 GB',
      (packed: Buffer) => Buffer.concat([packed.subarray(0, 4), Buffer.from([0, 0xa8]), packed]),
    ],
    [
      'has a block of 2 MiB of one byte',
      (packed: Buffer) => Buffer.concat([packed.subarray(0, 4), Buffer.from([0, 0x50, 0xfb, 0xff, 0xff, 1])]),
    ],
  ])('is left out where it is packed with zstd and %s', async (_, harm) => {
    const zstd = Buffer.from('KLUv/QRYKQAAe30KCgrk2CeT', 'base64');
    const file = write('harmed.zst', harm(zstd));
    const report = await against(file);
    expectJust(report);
    expect(gapsOf(report)).toEqual([['C', expect.stringContaining('nothing of it was read')]]);
    expect(report.logs[2]?.lines).toBe('0');
    // Of two logs neither is put aside.
    const { code, stderr } = await event2ledger(['compare', args[0] ?? '', file]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is damaged or cut off')]);
  });

  it('cannot pass off as an event what holds members and is no object', () => {
    const [one, other] = [new Members(), new Members()];
    const bytes = ['null', '[1]', '{"name":"web"}'].map((attributes) =>
      Buffer.from(line(BEGIN).replace('{"name":"web"}', attributes)),
    ) as [Buffer, Buffer, Buffer];
    for (const own of bytes) one.read(own, 0, own.length);
    expect([bytes[0], bytes[1]].map((own) => other.read(own, 0, own.length))).toEqual([false, false]);
    expect(other.read(bytes[2], 0, bytes[2].length)).toBe(true);
  });
});
