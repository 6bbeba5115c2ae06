import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import type { HashedEvent } from '#chaincode';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { Projection } from '../../reconciler/projection/projection.js';
import {
  ACTORS,
  blocksOf,
  containerEvent,
  DAY_START,
  hashed,
  intake,
  policyTransactions,
  Run,
  WHOLE_DAY,
} from '../reconciler/support/history.js';

export const [DEVELOPER = '', PROVIDER = '', USER = ''] = ACTORS;

const SECOND = 1_000_000_000n;
export const at = (second: number) => (DAY_START + BigInt(second) * SECOND).toString();

/** What strangers may write into labels and names. */
export const HOSTILE = {
  // Computed, for else it would set the prototype.
  ['__proto__']: 'polluted',
  "'; DROP TABLE events; --": '"',
  '../../etc/passwd': '\u0000\u001b[2J\r\n',
  'é 🐋': '\ud83d\udc0b',
  '': '{"v":1}',
};

/** A start and a die of a container. */
function life(name: string, from: number, attributes: Record<string, string> = {}): HashedEvent[] {
  return [
    hashed(containerEvent(name, 'start', BigInt(from) * SECOND, attributes)),
    hashed(containerEvent(name, 'die', BigInt(from + 60) * SECOND + 1n, { exitCode: '0', ...attributes })),
  ];
}

/** A Swarm service's removal: it carries no time, each manager stamps its own. */
export const REMOVAL = hashed({
  scope: 'swarm',
  type: 'service',
  action: 'remove',
  id: 'service-1',
  attributes: new Map([['name', 'shop']]),
  timeNano: '1',
});

/** The container whose pause the provider leaves out. */
export const LEFT_OUT = hashed(containerEvent('web-1', 'pause', 130n * SECOND));
const MOVED = 'web-2';
const MADE_UP = life('web-9', 5_000).slice(0, 1);

export const HOSTILE_LIFE = life(
  "web'; DROP TABLE events; --\u001b[31m",
  900,
  Object.fromEntries(Object.entries(HOSTILE)),
);
const shared = [...life('web-1', 100), ...HOSTILE_LIFE, ...life('web-3', 2_000, { exitCode: '137' })];

/** Three actors' day: the provider leaves out a pause and a removal, moves an end by an hour, and makes a start up. */
export function lyingDay(): Invocation[] {
  const honest = [...shared, LEFT_OUT, ...life(MOVED, 3_000)];
  const [start, die] = life(MOVED, 3_000) as [HashedEvent, HashedEvent];
  const later = hashed(containerEvent(MOVED, 'die', (3_060n + 3_600n) * SECOND, { exitCode: '0' }));
  expectDifferent(die, later);
  const lies = [...shared, start, later, ...MADE_UP];
  return [
    new Run(PROVIDER).batch({ events: lies, watches: [WHOLE_DAY], sentAt: 90_000 }),
    new Run(DEVELOPER).batch({ events: [...honest, REMOVAL], t: at(150), watches: [WHOLE_DAY], sentAt: 90_000 }),
    new Run(USER).batch({ events: [REMOVAL, ...honest], t: at(151), watches: [WHOLE_DAY], sentAt: 90_001 }),
  ];
}

function expectDifferent(a: HashedEvent, b: HashedEvent): void {
  if (a.hash === b.hash) throw new Error('The scene needs two different events.');
}

/** Makes a projection in a file from what the actors sent, after a first policy unless that is left out. */
export function makeProjection(file: string, sent: readonly Invocation[], before = policyTransactions()): void {
  const projection = new Projection(file);
  intake(projection, blocksOf([...before, ...sent]));
  projection.close();
}

export interface ReadEvent {
  readonly time: Date;
  readonly time_ns: bigint;
  readonly hash: Uint8Array;
  readonly source: string;
  readonly scope: string;
  readonly type: string;
  readonly action: string;
  readonly detail: string | null;
  readonly object: string;
  readonly expected: readonly string[];
  readonly event: string;
}

export interface ReadAttestation {
  readonly time_ns: bigint;
  readonly hash: Uint8Array;
  readonly source: string;
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly number: bigint;
  readonly block: bigint;
  readonly tx: string;
  readonly clock_ns: bigint | null;
  readonly said_ns: bigint | null;
}

export interface ReadFinding {
  readonly day: Date;
  readonly sealed: boolean;
  readonly time_ns: bigint;
  readonly id: Uint8Array;
  readonly class: string;
  readonly verdict: string;
  readonly severity: string;
  readonly dissent: readonly string[];
  readonly majority: readonly string[];
  readonly hashes: readonly Uint8Array[];
  readonly folded: bigint | null;
  readonly finding_hash: Uint8Array;
  readonly finding: string;
}

/** A file's rows, read by another program than the one that wrote them. */
export async function readRows<Row>(file: string): Promise<Row[]> {
  return (await parquetReadObjects({ file: await asyncBufferFromFile(file) })) as Row[];
}

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
