/**
 * How fast a reconciler takes in a ledger: attestations a second from the blocks in an embedded ledger's store to a sealed
 * day, the chain checked, all classes judged, blocks archived; and what one more block costs when much is known.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgementOf } from '../reconciler/day-judgement.js';
import { Projection } from '../reconciler/projection/projection.js';
import { reconcile } from '../reconciler/reconcile.js';
import { costOfBlocks } from './growth.js';
import { machine, median } from './machine.js';
import { DAY } from './made-batches.js';
import { makeStoredLedger, storedConnection } from './stored-ledger.js';

const EVENTS = Number(process.env.EVENTS ?? 334_000);
/** What a line of 659 bytes, as Docker prints it, comes to. */
const BYTES = Number(process.env.BYTES ?? 545);
const BATCH = Number(process.env.BATCH ?? 1000);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SIZES = (process.env.SIZES ?? '100000,1000000').split(',').map(Number);
const PARTS = (process.env.PARTS ?? 'ingest,growth').split(',');
/** Each actor lacks one in so many events, and alters another one. */
const ONE_IN = 1000;

interface Round {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of CPU of the whole process. */
  readonly cpu: number;
  readonly load: number;
}

async function reconcileOnce(ledger: string, dbFile: string, expected: number): Promise<Round> {
  const connection = storedConnection(ledger);
  const start = performance.now();
  const before = process.cpuUsage();
  await reconcile({ connection, dbFile });
  const { user, system } = process.cpuUsage(before);
  const wall = (performance.now() - start) / 1000;
  connection.close();
  const projection = new Projection(dbFile);
  const { coverage, findings, sealed } = judgementOf(projection, DAY);
  projection.close();
  if (!sealed || findings.length !== expected || coverage.disputed !== expected) {
    throw new Error(`expected ${expected} findings on a sealed day, got ${JSON.stringify({ coverage, sealed })}`);
  }
  return { wall, cpu: (user + system) / 1e6, load: loadavg()[0] ?? 0 };
}

async function ingest(directory: string): Promise<void> {
  const ledger = join(directory, 'ledger');
  const wishes = { events: EVENTS, batch: BATCH, bytes: BYTES, oneIn: ONE_IN };
  const { attestations, differences } = await makeStoredLedger(ledger, wishes);
  console.log(
    `${attestations} attestations of three actors, batches of ${BATCH}, events of about ${BYTES} bytes, ${differences} differences\n`,
  );
  console.log('| round | seconds | of CPU | attestations a second | a core-second | load |\n|---|---|---|---|---|---|');
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const one = await reconcileOnce(ledger, join(directory, `${round}.db`), differences);
    console.log(row(String(round), attestations, one));
    rounds.push(one);
    rmSync(join(directory, `${round}.db.blocks`));
  }
  const of = (what: keyof Round) => median(rounds.map((round) => round[what]));
  console.log(row('median', attestations, { wall: of('wall'), cpu: of('cpu'), load: of('load') }));
}

function row(name: string, attestations: number, { wall, cpu, load }: Round): string {
  const rate = (seconds: number) => Math.round(attestations / seconds).toLocaleString('en');
  return `| ${name} | ${wall.toFixed(2)} | ${cpu.toFixed(2)} | ${rate(wall)} | ${rate(cpu)} | ${load.toFixed(1)} |`;
}

function growth(directory: string): void {
  console.log(
    '\n| events known | milliseconds for one more block of 1,000 | of CPU | times the first, by CPU | load |\n|---|---|---|---|---|',
  );
  let first: number | undefined;
  for (const { events, millis, cpu } of costOfBlocks(directory, SIZES, BYTES)) {
    first ??= cpu;
    const cells = [events.toLocaleString('en'), millis.toFixed(2), cpu.toFixed(2), (cpu / first).toFixed(2)];
    console.log(`| ${[...cells, loadavg()[0]?.toFixed(1)].join(' | ')} |`);
  }
}

const directory = mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
try {
  console.log(`${machine()}; load ${loadavg()[0]?.toFixed(1)}`);
  if (PARTS.includes('ingest')) await ingest(directory);
  if (PARTS.includes('growth')) growth(directory);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
