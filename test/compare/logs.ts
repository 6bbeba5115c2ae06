import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc } from '@fast-check/vitest';

/** One event as an engine has it. */
export interface Happened {
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly scope: 'local' | 'swarm';
  readonly time: bigint;
}

/** How a line is written. */
export type Writing = 'docker' | 'reversed' | 'spaced' | 'escaped' | 'without copies';

const BEGIN = 1_795_305_600_000_000_000n;

/** A line of `docker events --format '{{json .}}'`, or the same event written in another way. */
export function lineOf({ type, action, id, attributes, scope, time }: Happened, writing: Writing = 'docker'): string {
  const text = (value: string) =>
    writing === 'escaped'
      ? JSON.stringify(value).replace(/[a-e]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`)
      : JSON.stringify(value);
  const between = writing === 'spaced' ? ', ' : ',';
  const colon = writing === 'spaced' ? ' : ' : ':';
  const object = (members: readonly (readonly [string, string])[]) => {
    const inOrder = writing === 'reversed' ? [...members].reverse() : members;
    return `{${inOrder.map(([key, value]) => `${JSON.stringify(key)}${colon}${value}`).join(between)}}`;
  };
  const actor = object([
    ['ID', text(id)],
    ['Attributes', object(Object.entries(attributes).map(([key, value]) => [key, text(value)]))],
  ]);
  const copies: [string, string][] = [
    ['status', text(action)],
    ['id', text(id)],
    ['from', text(attributes.image ?? '')],
  ];
  return object([
    ...(writing === 'without copies' ? [] : copies),
    ['Type', text(type)],
    ['Action', text(action)],
    ['Actor', actor],
    ['scope', text(scope)],
    ['time', (time / 1_000_000_000n).toString()],
    ['timeNano', time.toString()],
  ]);
}

const KINDS = [
  ['container', 'start'],
  ['container', 'die'],
  ['container', 'kill'],
  ['container', 'exec_create: sh -c "a: {b}"'],
  ['network', 'connect'],
  ['service', 'remove'],
] as const;

/** An event at a number of moments after the beginning. Several may share one moment. */
export const happened = fc
  .record({
    kind: fc.nat({ max: KINDS.length - 1 }),
    object: fc.nat({ max: 3 }),
    moment: fc.nat({ max: 400 }),
    label: fc.constantFrom(
      '',
      'plain',
      'quo"te',
      'back\\slash',
      '{"Type":"x","Action":"y"}',
      'ü\u2028',
      ',"timeNano":1}',
    ),
  })
  .map(({ kind, object, moment, label }): Happened => {
    const [type, action] = KINDS[kind] as (typeof KINDS)[number];
    const isService = type === 'service';
    return {
      type,
      action,
      id: `object-${object}`.padEnd(64, '0'),
      attributes: { image: 'a/b:1', name: `name-${object}`, ...(label === '' ? {} : { label }) },
      scope: isService ? 'swarm' : 'local',
      // Hours apart, so that some days pass.
      time: BEGIN + BigInt(moment) * 1_000_000_007n * 600n,
    };
  });

/** What befalls an event in one log. */
export const fate = fc.oneof(
  { weight: 14, arbitrary: fc.constant('told' as const) },
  { weight: 2, arbitrary: fc.constant('left out' as const) },
  { weight: 2, arbitrary: fc.constant('altered' as const) },
  { weight: 1, arbitrary: fc.constant('moved' as const) },
  { weight: 1, arbitrary: fc.constant('repeated' as const) },
  { weight: 1, arbitrary: fc.constant('repeated in other words' as const) },
  { weight: 1, arbitrary: fc.constant('told in other words' as const) },
  { weight: 1, arbitrary: fc.constant('beside garbage' as const) },
  { weight: 1, arbitrary: fc.constant('beside an empty line' as const) },
);
export type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;

/** The same event in a line that tells its time only to a full reading. */
const inOtherWords = (line: string) => `{"x\\u0041":1,${line.slice(1, -1)},"zz":1}`;

/** The lines of one log. */
export function logOf(
  events: readonly Happened[],
  fates: readonly Fate[],
  { writing, swaps }: { readonly writing: Writing; readonly swaps: readonly number[] },
): string[] {
  const lines = events.flatMap((event, index): string[] => {
    const line = lineOf(event, writing);
    switch (fates[index % Math.max(fates.length, 1)] ?? 'told') {
      case 'left out':
        return [];
      case 'altered':
        return [lineOf({ ...event, attributes: { ...event.attributes, exitCode: '1' } }, writing)];
      case 'moved':
        return [lineOf({ ...event, time: event.time + 5_000_000n }, writing)];
      case 'repeated':
        return [line, line];
      case 'repeated in other words':
        return [line, inOtherWords(line)];
      case 'told in other words':
        return [inOtherWords(line)];
      case 'beside garbage':
        return [line, '{"not": an event'];
      case 'beside an empty line':
        return ['', line, ' \t\r'];
      default:
        return [line];
    }
  });
  for (const at of swaps) {
    const [a, b] = [at % Math.max(lines.length, 1), (at * 7 + 1) % Math.max(lines.length, 1)];
    const [one, other] = [lines[a], lines[b]];
    if (one === undefined || other === undefined) continue;
    lines[a] = other;
    lines[b] = one;
  }
  return lines;
}

/** Writes logs to files, which are removed when `use` is done. */
export async function withLogs<T>(
  logs: readonly (readonly string[])[],
  use: (files: readonly string[]) => Promise<T> | T,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'event2ledger-logs-'));
  try {
    const files = logs.map((lines, index) => {
      const file = join(folder, `${index}.ndjson`);
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
      return file;
    });
    return await use(files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
