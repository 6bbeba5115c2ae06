import { Readable } from 'node:stream';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type CollectorLog, silentLog } from '../../collector/log.js';
import type { Observation, ObservedGap, ObservedWatch } from '../../collector/observation.js';
import { fileSource, type TraceOptions, traceSource } from '../../collector/source/trace.js';
import { DAY, line, lines, NOTHING_KNOWN } from './events.js';

const S = 1_000_000_000n;

async function observe(
  content: string | string[],
  options?: TraceOptions,
  log: CollectorLog = silentLog,
): Promise<Observation[]> {
  const text = typeof content === 'string' ? content : content.map((one) => `${one}\n`).join('');
  const source = traceSource(() => Readable.from([Buffer.from(text)]), options);
  const all: Observation[] = [];
  const context = { memory: NOTHING_KNOWN, log, signal: new AbortController().signal };
  for await (const group of source.observe(context)) all.push(...group);
  return all;
}

function watches(all: Observation[]): [string, string][] {
  return all.filter((one): one is ObservedWatch => one.kind === 'watch').map(({ from, to }) => [from, to]);
}

function gaps(all: Observation[]): [string, string, string][] {
  return all.filter((one): one is ObservedGap => one.kind === 'gap').map(({ from, to, reason }) => [from, to, reason]);
}

const at = (seconds: bigint) => (DAY + seconds * S).toString();
const past = (seconds: bigint) => (DAY + seconds * S + 1n).toString();

describe('a trace', () => {
  it('is watched from its first to its last event', async () => {
    const all = await observe(lines(3));
    expect(all.filter((one) => one.kind === 'event')).toHaveLength(3);
    expect(watches(all)).toEqual([[at(0n), past(2n)]]);
    expect(all.at(-1)).toMatchObject({ kind: 'watch', source: 'trace' });
  });

  it('names its source as it is told, for both scopes', async () => {
    const all = await observe([line({ time: DAY }), line({ time: DAY, type: 'service', scope: 'swarm' })], {
      sourceId: 'E1',
    });
    expect(all.map((one) => 'source' in one && one.source)).toEqual(['E1', 'E1', 'E1']);
  });

  it('is watched from the start of its first day to --through', async () => {
    const through = (DAY + 86_400n * S).toString();
    expect(watches(await observe(lines(3, DAY + 3600n * S), { through }))).toEqual([[DAY.toString(), through]]);
  });

  it('without an event is watched through the day before --through, and without that not at all', async () => {
    const through = (DAY + 86_400n * S).toString();
    expect(watches(await observe('', { through }))).toEqual([[DAY.toString(), through]]);
    expect(await observe('')).toEqual([]);
  });

  it('refuses a --through before its first day', async () => {
    await expect(observe(lines(1), { through: DAY.toString() })).rejects.toMatchObject({ code: 'TRACE' });
  });

  it('bears a byte order mark, carriage returns, empty lines and a missing newline', async () => {
    const all = await observe(`\ufeff${lines(2).join('\r\n\r\n')}`);
    expect(all.map((one) => one.kind)).toEqual(['event', 'event', 'watch']);
  });

  it('tells a malformed line by its number, and a gap where it may hide an event', async () => {
    const [a, b, c] = lines(3);
    const all = await observe([a ?? '', '{"Type":', b ?? '', c ?? '']);
    expect(all.filter((one) => one.kind === 'malformed')).toEqual([
      { kind: 'malformed', place: 'line 2', why: expect.stringContaining('JSON') },
    ]);
    expect(gaps(all)).toEqual([[past(0n), at(1n), 'malformed: line 2']]);
    expect(watches(all)).toEqual([
      [at(0n), past(0n)],
      [at(1n), past(2n)],
    ]);
  });

  it('folds malformed lines without an event between them', async () => {
    const [a, b] = lines(2);
    const all = await observe([a ?? '', 'x', '', 'y', b ?? '', 'z']);
    expect(gaps(all).map(([, , reason]) => reason)).toEqual(['malformed: lines 2-4', 'malformed: line 6']);
  });

  it('lets a hole at an end reach to the end of the watch', async () => {
    const through = at(86_400n);
    const all = await observe(['x', ...lines(2, DAY + 10n * S), 'y'], { through });
    expect(gaps(all)).toEqual([
      [at(0n), at(10n), 'malformed: line 1'],
      [past(11n), through, 'malformed: line 4'],
    ]);
    expect(watches(all)).toEqual([[at(10n), past(11n)]]);
  });

  it('declares a hole at an end just outside a watch that ends there', async () => {
    const all = await observe(['x', ...lines(1), 'y']);
    expect(gaps(all).map(([from, to]) => [from, to])).toEqual([
      [(DAY - 1n).toString(), DAY.toString()],
      [past(0n), (DAY + 2n).toString()],
    ]);
    expect(watches(all)).toEqual([[at(0n), past(0n)]]);
  });

  it('is one gap if nothing in it can be read', async () => {
    const all = await observe(['x', 'y'], { through: at(86_400n) });
    expect(gaps(all)).toEqual([[at(0n), at(86_400n), 'malformed: lines 1-2']]);
    expect(watches(all)).toEqual([]);
  });

  it('says so if it is declared as a gap, and nothing of a --through that is missing', async () => {
    const said: string[] = [];
    const note = (text: string) => void said.push(text);
    await observe(['x', 'y'], { through: at(43_200n) }, { ...silentLog, info: note, warn: note });
    expect(said).toEqual([
      'No line of the trace can be read as an event: 2026-11-22T00:00:00.000000000Z to 2026-11-22T12:00:00.000000000Z is declared as a gap.',
    ]);
  });

  it('that is quiet is watched from the start of the UTC day of --through', async () => {
    const said: string[] = [];
    const through = at(43_200n);
    const all = await observe('', { through }, { ...silentLog, info: (text) => void said.push(text) });
    expect([watches(all), gaps(all), said]).toEqual([[[at(0n), through]], [], []]);
  });

  it.each([
    ['plain text', 'hello\nworld\n'],
    ['a JSON array', '[\n{}\n]\n'],
    ['JSON over several lines', JSON.stringify(JSON.parse(lines(1)[0] ?? ''), null, 2)],
  ])('of which no line can be read, and no --through says for when, is an error: %s', async (_, text) => {
    await expect(observe(text)).rejects.toMatchObject({
      code: 'TRACE',
      message: expect.stringMatching(/^No line .*--through/),
    });
  });

  it.each([
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /gunzip/],
    ['UTF-16', Buffer.from(`\ufeff${lines(1)[0]}`, 'utf16le'), /UTF-8/],
  ])('in %s is refused with what to do, though --through is given', async (_, bytes, advice) => {
    const source = traceSource(() => Readable.from([bytes]), { through: at(86_400n) });
    const observing = async () => {
      for await (const _group of source.observe({
        memory: NOTHING_KNOWN,
        log: silentLog,
        signal: new AbortController().signal,
      }));
    };
    await expect(observing()).rejects.toMatchObject({ code: 'TRACE', message: expect.stringMatching(advice) });
  });

  it('that is not there, or a folder, is refused before anything is begun', () => {
    expect(() => fileSource('/nowhere/at/all')).toThrow(
      expect.objectContaining({ code: 'SOURCE', message: expect.stringContaining('is not there; give its path') }),
    );
    expect(() => fileSource('.')).toThrow(
      expect.objectContaining({ code: 'SOURCE', message: expect.stringContaining('is a folder') }),
    );
  });

  it('keeps the hole small where times run backwards', async () => {
    const [first, moved, last] = [0n, 3600n, 2n].map((seconds) => line({ time: DAY + seconds * S, id: `c${seconds}` }));
    const all = await observe([first ?? '', moved ?? '', 'x', last ?? '']);
    expect(gaps(all)).toEqual([[at(3600n), past(3600n), 'malformed: line 3']]);
  });

  const anyLine = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.nat({ max: 30 }).map((seconds) => line({ time: DAY + BigInt(seconds), id: `c${seconds}` })),
    },
    { weight: 1, arbitrary: fc.constantFrom('{', 'null', '[]', '{"Type":"container"}', '{"timeNano":1e99}', '\u0000') },
  );
  test.prop([fc.array(anyLine, { maxLength: 30 })])(
    'watches no gap, and leaves no time between its ends neither watched nor declared',
    async (content) => {
      if (content.length > 0 && content.every((one) => !one.includes('"Actor"'))) {
        await expect(observe(content)).rejects.toMatchObject({ code: 'TRACE' });
        return;
      }
      const all = await observe(content);
      const claims = [...watches(all), ...gaps(all).map(([from, to]) => [from, to] as const)];
      for (const [from, to] of claims) expect(BigInt(from)).toBeLessThan(BigInt(to));
      const inside = (time: bigint) => (interval: readonly [string, string]) =>
        BigInt(interval[0]) <= time && time < BigInt(interval[1]);
      const times = all.flatMap((one) => (one.kind === 'event' ? [BigInt(one.event.timeNano)] : []));
      if (times.length === 0) {
        expect(all).toEqual([]);
        return;
      }
      const declared = gaps(all).map(([from, to]) => [from, to] as [string, string]);
      const sorted = times.sort((a, b) => (a < b ? -1 : 1));
      const [least, most] = [sorted[0] ?? 0n, sorted.at(-1) ?? 0n];
      for (let time = least; time <= most; time++) {
        const watched = watches(all).filter(inside(time)).length;
        expect(watched + Number(declared.some(inside(time)))).toBe(1);
      }
      const malformed = all.filter((one) => one.kind === 'malformed').length;
      if (malformed > 0) expect(declared.length).toBeGreaterThan(0);
    },
  );
});
