import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { canonicalEvent, completePolicy, isRecorded, type Policy, padNanos, parseDockerEvent } from '#chaincode';
import { judgeLogs } from '../../compare/judge-logs.js';
import { openLog, partsOf } from '../../compare/parts.js';
import { reportOf } from '../../compare/testimony.js';
import { type Told, toldEvents } from '../../compare/told.js';
import { walkedPart } from './comparing.js';
import { fate, type Happened, happened, lineOf, logOf, type Writing, withLogs } from './logs.js';

const NAMES = ['Developer', 'Provider', 'User', 'Auditor', 'Insurer'];

const logs = fc
  .record({
    events: fc.uniqueArray(happened, { minLength: 1, maxLength: 40, selector: (event) => lineOf(event) }),
    actors: fc.array(
      fc.record({
        fates: fc.array(fate, { maxLength: 41 }),
        writing: fc.constantFrom<Writing>(
          'docker',
          'docker',
          'docker',
          'reversed',
          'spaced',
          'escaped',
          'without copies',
        ),
        swaps: fc.oneof(fc.constant([]), fc.array(fc.nat({ max: 40 }), { maxLength: 3 })),
      }),
      { minLength: 2, maxLength: 5 },
    ),
  })
  .map(({ events, actors }) => {
    const inOrder = [...events].sort((a, b) => (a.time < b.time ? -1 : 1));
    return actors.map(({ fates, ...how }) => logOf(inOrder, fates, how));
  });

const policies = fc.record({
  quota: fc.constantFrom(1, 3, 10_000),
  window: fc.constantFrom(0, 3600, 86_400),
  ignore: fc.constantFrom<string[]>([], ['label'], ['exitCode', 'name']),
});

/** As the command does it, in so many parts. */
function compared(
  files: readonly string[],
  parts: number,
  {
    policy = {},
    mostWaiting,
    mostGroups,
    loose,
    mostAlike,
  }: {
    readonly policy?: Partial<Policy>;
    readonly mostWaiting?: number;
    readonly mostGroups?: number;
    readonly loose?: number;
    readonly mostAlike?: number;
  } = {},
) {
  const descriptors = files.map(openLog);
  try {
    const cut = partsOf(descriptors, parts, { least: 1 });
    const walked = cut.map((part) =>
      walkedPart(descriptors, part, { ignore: policy.ignore ?? [], mostWaiting, mostGroups, loose }),
    );
    const report = reportOf(
      {
        logs: files.map((file) => ({ name: 'log', file })),
        actors: NAMES.slice(0, files.length),
        source: 'engine',
        policy,
        descriptors,
        sizes: descriptors.map((descriptor) => fstatSync(descriptor).size),
      },
      walked,
      mostAlike,
    );
    return { coverage: report.coverage, actors: report.actors, findings: report.findings };
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

function eventAt(index: number): Happened {
  return {
    type: 'container',
    action: 'start',
    id: `id-${index}`,
    attributes: { name: `name-${index}` },
    scope: 'local',
    time: 1_795_305_600_000_000_000n + BigInt(index),
  };
}

/** By reading every line. */
function readInFull(files: readonly string[], own: Partial<Policy>) {
  const actors = NAMES.slice(0, files.length);
  const policy = completePolicy({ ...own, from: '0', actors });
  const lines = files.flatMap((file, log) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((text, index) => {
        try {
          const raw = parseDockerEvent(text);
          const event = canonicalEvent(raw, { source: 'engine', ignore: policy.ignore });
          if (!isRecorded(policy, event.event)) return [];
          const line = {
            log,
            seconds: 0,
            nanos: 0,
            offset: 0,
            length: 0,
            line: index + 1,
            astray: false,
          };
          return [{ line, event, timeNano: raw.timeNano }];
        } catch {
          return [];
        }
      }),
  );
  const told = toldEvents(lines);
  const isAgreed = ({ lines: each }: Told) => each.size === files.length;
  const agreed = told.filter(isAgreed).length;
  return { told, isAgreed, agreed, actors, policy };
}

describe('comparing logs', () => {
  it.prop(
    [
      logs,
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(0, 1, 3, 100),
      fc.constantFrom(0, 1, 8),
      fc.constantFrom(-1, 1, 256),
      policies,
    ],
    {
      numRuns: 300,
    },
  )(
    'finds what reading every line finds, however the logs are cut',
    async (drawn, parts, mostAlike, mostGroups, loose, own) => {
      await withLogs(drawn, (files) => {
        const { told, isAgreed, agreed, actors, policy } = readInFull(files, own);
        if (told.length === 0) return;
        const report = compared(files, parts, { policy: own, mostAlike, mostGroups, loose });
        const judged = judgeLogs({
          actors,
          source: 'engine',
          policy,
          agreed,
          attested: actors.map(() => agreed),
          told: told.filter((one) => !isAgreed(one)),
          holes: files.flatMap(holesOf),
          beyond: [],
          mostAlike,
        });
        expect(report.coverage).toEqual(judged.coverage);
        expect(report.actors).toEqual(judged.actors);
        const named = ({
          id,
          class: name,
          time,
          verdict,
          dissent,
          majority,
          folded,
        }: (typeof judged.findings)[number]) => JSON.stringify([id, name, time, verdict, dissent, majority, folded]);
        expect(report.findings.map((finding) => named(finding as never)).sort()).toEqual(
          judged.findings.map(named).sort(),
        );
      });
    },
  );

  it('has nobody leave out an attribute by default, as the walk takes it', () => {
    expect(completePolicy({ from: '0', actors: ['A', 'B'] }).ignore).toEqual([]);
  });

  it('reads what all logs tell in an order of its own, and what one alters throughout, however much it is', async () => {
    const events = Array.from({ length: 8000 }, (_, index) => eventAt(index));
    const backwards = [...events].reverse().map((event) => lineOf(event));
    await withLogs([backwards, backwards, backwards], (files) => {
      const { coverage, findings } = compared(files, 1);
      expect([coverage.agreed, coverage.disputed, findings]).toEqual([8000, 0, []]);
    });
    const lines = events.map((event) => lineOf(event));
    const altered = events.map((event) => lineOf({ ...event, attributes: { name: 'other' } }));
    await withLogs([lines, altered, lines], (files) => {
      const { coverage, findings } = compared(files, 1);
      expect([coverage.agreed, coverage.disputed]).toEqual([0, 8000]);
      expect(new Set(findings.map(({ class: name, dissent }) => `${name} ${dissent.join()}`))).toEqual(
        new Set(['differs Provider']),
      );
    });
  });

  it('gives up a log in an order of its own, says so, and agrees on the rest', async () => {
    const events = Array.from({ length: 60 }, (_, index) => eventAt(index));
    const lines = events.map((event) => lineOf(event));
    const left = lines.filter((_, index) => index !== 50);
    const orders = [
      [lines, left, [...lines].reverse()],
      [[...lines].reverse(), lines, left],
    ] as const;
    for (const [at, order] of orders.entries()) {
      const given = at === 0 ? 'User' : 'Developer';
      const lacking = at === 0 ? 'Provider' : 'User';
      await withLogs(order, (files) => {
        const { coverage, findings } = compared(files, 1, { mostWaiting: 40 });
        expect(coverage.agreed).toBe(59);
        expect(findings.filter(({ class: name }) => name === 'gap').map(({ dissent }) => dissent)).toEqual([[given]]);
        const others = findings.filter(({ class: name }) => name !== 'gap');
        expect(others.every(({ dissent }) => dissent.every((actor) => actor === lacking))).toBe(true);
      });
    }
  });
});

/** An empty line hides nothing, and a hole reaches to lines that tell their time without a full reading. */
const PASSED = 'passed';

/** Between the readable lines beside each unreadable one. */
function holesOf(file: string, log: number) {
  const times = readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text) => {
      if (text.trim() === '' || text.includes('u0041')) return PASSED;
      try {
        return BigInt(parseDockerEvent(text).timeNano);
      } catch {
        return undefined;
      }
    });
  return times.flatMap((time, index) => {
    if (time !== undefined) return [];
    const isTime = (one: (typeof times)[number]) => typeof one === 'bigint';
    const before = times.slice(0, index).findLast(isTime);
    const from = before === undefined ? 0n : before + 1n;
    const to = times.slice(index).find(isTime) ?? 9_223_372_036_854_775_807n;
    const [begin, end] = from < to ? [from, to] : [to, to + 1n];
    return [{ log, from: padNanos(begin.toString()), to: padNanos(end.toString()), reason: 'unreadable' }];
  });
}
