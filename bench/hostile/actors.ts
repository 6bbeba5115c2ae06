import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { timeOf, writeLines } from './lines.js';

/** What a hostile actor makes of the log that it should have handed over. */
export interface HostileActor {
  /** What it does, in a few words. */
  readonly name: string;
  /** Writes its log. @returns false if what it needs is not installed */
  readonly write: (file: string, honest: readonly string[], random: () => number) => boolean | Promise<boolean>;
  /** Whether it says the same as an honest one, in its own way; then nothing need be found against it. */
  readonly isTrue?: boolean;
}

const MIB = 1 << 20;
/** The shortest line that is an event. */
const fake = (time: string, action: string) =>
  `{"Type":"container","Action":"${action}","Actor":{"ID":"${action}"},"timeNano":${time}}`;
/** Numbers of 14 digits or more have a nanosecond; so many later. */
const later = (time: string, nanos: number) => (BigInt(time) + BigInt(nanos)).toString();

function lines(
  name: string,
  made: (honest: readonly string[], random: () => number) => Iterable<string>,
  isTrue = false,
): HostileActor {
  return {
    name,
    isTrue,
    write: (file, honest, random) => {
      writeLines(file, made(honest, random));
      return true;
    },
  };
}

/** So many fake lines after each honest one. */
function* flooded(honest: readonly string[], many: number, made: (time: string, index: number) => string) {
  let index = 0;
  for (const line of honest) {
    yield line;
    const time = timeOf(line);
    for (let count = 0; count < many; count++) yield made(time, index++);
  }
}

/** Texts of one length that the hash of Java's strings, among others, has one value for. */
function colliding(index: number): string {
  let text = '';
  for (let bit = 0; bit < 22; bit++) text += (index >> bit) & 1 ? 'Aa' : 'BB';
  return text;
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const copy = [...list];
  for (let index = copy.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}

/** Lines in another order within so many. */
function* shuffledWithin(honest: readonly string[], window: number, random: () => number) {
  for (let from = 0; from < honest.length; from += window) yield* shuffled(honest.slice(from, from + window), random);
}

/** The same event, its members in an order of the line's own, with spaces and escapes. */
function rewritten(line: string, random: () => number): string {
  const members = (value: Record<string, unknown>): string =>
    `{${shuffled(Object.entries(value), random)
      .map(([key, one]) => `"${key}"${' '.repeat(random() * 3)}:${' '.repeat(random() * 3)}${written(one)}`)
      .join(' , ')}}`;
  const written = (value: unknown): string => {
    if (typeof value === 'object' && value !== null) return members(value as Record<string, unknown>);
    if (typeof value !== 'string') return String(value);
    return JSON.stringify(value).replace(/[a-e]/g, (letter) =>
      random() < 0.1 ? `\\u00${letter.charCodeAt(0).toString(16)}` : letter,
    );
  };
  const exact = line.replace(/"timeNano":(\d+)/, '"timeNano":"#$1"');
  return members(JSON.parse(exact)).replace(/"#(\d+)"/, '$1');
}

const altered = (line: string) => line.replace('"maintainer":"Operations', '"maintainer":"0perations');

/** A line of so many bytes: an event with one long label. */
function longLine(line: string, bytes: number): string {
  return line.replace('project":"', `project":"${'x'.repeat(Math.max(0, bytes - line.length))}`);
}

/** Some of the lines, about as many as come to so many bytes when each has `each` more. */
function* some(honest: readonly string[], total: number, each: number, made: (line: string) => Iterable<string>) {
  const every = Math.max(1, Math.floor(honest.length / (total / each)));
  for (const [index, line] of honest.entries()) {
    if (index % every === 0) yield* made(line);
    else yield line;
  }
}

async function gzipped(file: string, unpacked: Iterable<Buffer>, level = 9): Promise<boolean> {
  await pipeline(unpacked, createGzip({ level }), createWriteStream(file));
  return true;
}

function* buffers(lines: readonly string[]): Generator<Buffer> {
  for (let from = 0; from < lines.length; from += 1000) {
    yield Buffer.from(`${lines.slice(from, from + 1000).join('\n')}\n`, 'latin1');
  }
}

function* zeros(bytes: number, of: Buffer): Generator<Buffer> {
  for (let made = 0; made < bytes; made += of.length) yield of;
}

/** Packs one text so often that it is as long as the others of these. */
function zstdOfMany(file: string, text: string): boolean {
  const times = Math.ceil(BOMB / text.length);
  const script = `import sys\nt = sys.stdin.buffer.read()\nfor _ in range(${times}): sys.stdout.buffer.write(t)`;
  const command = 'set -o pipefail; python3 -c "$1" | zstd -q -f -19 --long=24 -o "$2"';
  return spawnSync('bash', ['-c', command, '-', script, file], { input: text }).status === 0;
}

const BOMB = 4 * 1024 * MIB;

export const HOSTILE_ACTORS: readonly HostileActor[] = [
  {
    name: 'an honest one, packed with gzip',
    isTrue: true,
    write: (file, honest) => gzipped(file, buffers(honest), 6),
  },
  {
    name: 'an honest one, packed with zstd',
    isTrue: true,
    write: (file, honest) => {
      writeLines(`${file}.plain`, honest);
      return spawnSync('zstd', ['-q', '-f', '--rm', `${file}.plain`, '-o', file]).status === 0;
    },
  },
  lines('reverse order', (honest) => [...honest].reverse()),
  lines('shuffled altogether', shuffled),
  lines('shuffled within 1,000 lines', (honest, random) => shuffledWithin(honest, 1000, random), true),
  lines('shuffled within 50,000 lines', (honest, random) => shuffledWithin(honest, 50_000, random), true),
  lines('1 fake event after each, moments apart', (honest) =>
    flooded(honest, 1, (time, index) => fake(later(time, 1), `start: ${index}`)),
  ),
  lines('3 fake events after each, moments apart', (honest) =>
    flooded(honest, 3, (time, index) => fake(later(time, 1 + (index % 3)), `start: ${index}`)),
  ),
  lines('10 fake events after each, moments apart', (honest) =>
    flooded(honest, 10, (time, index) => fake(later(time, 1 + (index % 10)), `start: ${index}`)),
  ),
  lines('10 fake events after each, of its moment', (honest) =>
    flooded(honest, 10, (time, index) => fake(time, `start: ${index}`)),
  ),
  lines('31 fake events before one in ten, of its moment', (honest) =>
    honest.flatMap((line, index) =>
      index % 10 > 0 ? [line] : [...Array.from({ length: 31 }, (_, one) => fake(timeOf(line), `start: ${one}`)), line],
    ),
  ),
  lines('10 times as many fake events, all of one moment', (honest) => {
    const time = timeOf(honest[honest.length >> 1] as string);
    return flooded(honest.slice(0, honest.length >> 1), 20, (_, index) => fake(time, `start: ${index}`));
  }),
  lines('actions chosen to collide, 3 after each', (honest) =>
    flooded(honest, 3, (time, index) => fake(later(time, 1 + (index % 3)), colliding(index))),
  ),
  lines('long common beginnings, 1 after each, of its moment', (honest) =>
    flooded(honest, 1, (time, index) =>
      longLine(honest[index] as string, 4096).replace(/"timeNano":\d+/, `"note":${index},"timeNano":${time}`),
    ),
  ),
  lines('an object of 250 members in each event', (honest) =>
    honest.map((line, index) =>
      line.replace(
        '"Attributes":{',
        `"Attributes":{${Array.from({ length: 235 }, (_, one) => `"${one}-${index}":""`).join()},`,
      ),
    ),
  ),
  lines(
    'objects 200 deep in each event',
    (honest) => honest.map((line) => `{"x":${'['.repeat(200)}${']'.repeat(200)},${line.slice(1)}`),
    true,
  ),
  lines(
    'keys written with escapes in each event',
    (honest) => honest.map((line) => line.replace('"project"', '"pro\\u006aect"').replace('"name"', '"n\\u0061me"')),
    true,
  ),
  lines('lines of 10 MB, 1 GB of them', (honest) =>
    some(honest, 1 << 30, 10_000_000, (line) => [line, `{"x":"${'y'.repeat(10_000_000)}"}`]),
  ),
  lines('lines just below 1 MiB, 1 GB of them', (honest) =>
    some(honest, 1 << 30, MIB, (line) => [longLine(line, MIB - 16)]),
  ),
  lines('31 lines just below 1 MiB of one moment, 1 GB of them', (honest) =>
    some(honest, 1 << 30, 31 * MIB, (line) => [
      ...Array.from({ length: 31 }, (_, one) => longLine(line, MIB - 64 - one)),
      line,
    ]),
  ),
  lines(
    'every line with its keys in an order of its own, spaces, escapes',
    (honest, random) =>
      (function* () {
        for (const line of honest) yield rewritten(line, random);
      })(),
    true,
  ),
  lines('every line altered', (honest) => honest.map(altered)),
  lines('every line moved by a nanosecond', (honest) =>
    honest.map((line) => line.replace(/"timeNano":\d+/, `"timeNano":${later(timeOf(line), 1)}`)),
  ),
  lines('an unreadable line after each', (honest) => flooded(honest, 1, () => '{"not": an event')),
  lines('10 empty lines after each', (honest) => flooded(honest, 10, () => '')),
  lines('nothing but unreadable lines', (honest) => honest.map(() => '{"not": an event, however long it may be read')),
  {
    name: 'gzip of 4 GiB of zeros',
    write: (file) => gzipped(file, zeros(BOMB, Buffer.alloc(MIB))),
  },
  {
    name: 'gzip of 4 GiB of newlines',
    write: (file) => gzipped(file, zeros(BOMB, Buffer.alloc(MIB, '\n'))),
  },
  {
    name: 'zstd of 4 GiB of one event',
    write: (file, honest) => zstdOfMany(file, `${honest[0]}\n`.repeat(1000)),
  },
  {
    name: 'zstd of 4 GiB of a thousand events',
    write: (file, honest) => zstdOfMany(file, `${honest.slice(0, 1000).join('\n')}\n`),
  },
  {
    name: 'zstd that asks for a window of 2 GB',
    write: (file) =>
      spawnSync('bash', ['-c', `head -c 2200M /dev/zero | zstd -q -f --ultra --long=31 -o "$1"`, '-', file]).status ===
      0,
  },
];
