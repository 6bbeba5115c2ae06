import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

const BEGIN = 1_795_305_600_000_000_000n;
const ACTIONS = ['create', 'start', 'kill', 'die', 'stop', 'destroy', 'pause', 'unpause'];
const CONTAINERS = 2000;

/** The files of one run. */
export interface BenchLogs {
  readonly logs: readonly [string, string, string];
  /** The third one's events, with the keys of every object in the opposite order. */
  readonly reordered: string;
  /** Of each log how many of all distinct events it lacks. */
  readonly lacking: readonly [number, number, number];
}

/** Numbers from 0 to 1, the same for a seed. */
export function seeded(seed: number): () => number {
  let state = seed === 0 ? 1 : seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function attributesOf(ids: readonly string[], variant: number): [string, string][] {
  return [
    ['com.docker.compose.config-hash', ids[variant % CONTAINERS] as string],
    ['com.docker.compose.project', 'shop'],
    ['com.docker.compose.service', `web-${variant % 50}`],
    ['exitCode', `${variant % 3}`],
    ['image', imageOf(variant)],
    ['maintainer', 'Operations <ops@shop.example>'],
    ['name', `shop-web-${variant}`],
    ['org.opencontainers.image.version', '22.04'],
  ];
}

function imageOf(variant: number): string {
  return `registry.example/team/service-${variant % 97}:1.${variant % 13}`;
}

function lineOf(
  event: { id: string; action: string; time: bigint; variant: number },
  ids: readonly string[],
  turned: boolean,
) {
  const object = (members: readonly (readonly [string, string])[]) =>
    `{${(turned ? [...members].reverse() : members).map(([key, value]) => `"${key}":${value}`).join(',')}}`;
  const quoted = (text: string) => JSON.stringify(text);
  const attributes = object(attributesOf(ids, event.variant).map(([key, value]) => [key, quoted(value)]));
  return `${object([
    ['status', quoted(event.action)],
    ['id', quoted(event.id)],
    ['from', quoted(imageOf(event.variant))],
    ['Type', '"container"'],
    ['Action', quoted(event.action)],
    [
      'Actor',
      object([
        ['ID', quoted(event.id)],
        ['Attributes', attributes],
      ]),
    ],
    ['scope', '"local"'],
    ['time', (event.time / 1_000_000_000n).toString()],
    ['timeNano', event.time.toString()],
  ])}\n`;
}

/**
 * Writes three logs of so many events.
 * @param wrong of how many one of them is wrong: half are left out by it, half altered
 */
export async function writeLogs(
  folder: string,
  events: number,
  seed: number,
  wrong = events * 0.006,
): Promise<BenchLogs> {
  const random = seeded(seed);
  const pick = (many: number) => Math.floor(random() * many);
  const ids = Array.from({ length: CONTAINERS }, (_, index) => createHash('sha256').update(`${index}`).digest('hex'));
  const paths = ['provider', 'developer', 'user', 'user-reordered'].map((name) => join(folder, `${name}.ndjson`));
  const files = paths.map((path) => createWriteStream(path, { highWaterMark: 1 << 22 }));
  const lacking: [number, number, number] = [0, 0, 0];
  let time = BEGIN;
  for (let index = 0; index < events; index++) {
    time += BigInt(pick(80_000_000) + 1000);
    const event = {
      id: ids[pick(CONTAINERS)] as string,
      action: ACTIONS[pick(8)] as string,
      time,
      variant: pick(CONTAINERS),
    };
    const plain = lineOf(event, ids, false);
    // One log at the most is wrong about an event, so that a majority always tells.
    const fate = random();
    const liar = pick(3);
    const share = wrong / events;
    const isWrong = (log: number) => log === liar && fate < share;
    const altered = { ...event, variant: event.variant + 1 };
    const told = [0, 1, 2].map((log) => (isWrong(log) ? (fate < share / 2 ? undefined : altered) : event));
    const contents = new Set(told.flatMap((one) => (one === undefined ? [] : one.variant)));
    for (const [log, one] of told.entries()) {
      lacking[log as 0 | 1 | 2] += contents.size - (one === undefined ? 0 : 1);
      if (one === undefined) continue;
      files[log]?.write(one === event ? plain : lineOf(one, ids, false));
      if (log === 2) files[3]?.write(lineOf(one, ids, true));
    }
    if (index % 10_000 === 0)
      await Promise.all(files.map((file) => (file.writableNeedDrain ? once(file, 'drain') : undefined)));
  }
  await Promise.all(files.map((file) => new Promise((resolve) => file.end(resolve))));
  const [a = '', b = '', c = '', reordered = ''] = paths;
  return { logs: [a, b, c], reordered, lacking };
}
