/**
 * How long after the commit of the block that decides a finding `reconcile --follow --json` tells it and the queries give it,
 * while attestations come in at a rate.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findingsOf } from '../../reconciler/findings.js';
import { machine, quantile, usageOf } from '../machine.js';
import { DAY } from '../made-batches.js';
import { now } from './clock.js';
import { follow, type Told } from './followed.js';
import type { Pace, Said } from './paced-ledger.js';

/** Attestations a second, of all actors together. */
const RATE = Number(process.env.RATE ?? 5000);
const SECONDS = Number(process.env.SECONDS ?? 60);
/** Entries of a batch. */
const BATCH = Number(process.env.BATCH ?? 100);
/** Of a canonical event. */
const BYTES = Number(process.env.BYTES ?? 545);
/** Each actor lacks one in so many events, and alters another one. */
const ONE_IN = Number(process.env.ONE_IN ?? 1000);
/** Of so many findings the queries are asked for one. */
const ASKED = Number(process.env.ASKED ?? 10);
/** For the follower's process, such as --cpu-prof. */
const NODE_ARGS = (process.env.NODE_ARGS ?? '').split(' ').filter((arg) => arg !== '');
const ACTORS = 3;
/** Each actor's two kinds of differences. */
const TURNS = ACTORS * 2;
/** 2026-11-22T00:00:00Z, from which on the events are made up. */
const DAY_START = 1_795_305_600_000_000_000n;

async function said<K extends Said['kind']>(ledger: ChildProcess, kind: K): Promise<Extract<Said, { kind: K }>> {
  for (;;) {
    const [message] = (await once(ledger, 'message')) as [Said];
    if (message.kind === kind) return message as Extract<Said, { kind: K }>;
  }
}

function row(name: string, millis: readonly number[]): string {
  const cells = [0.5, 0.95, 0.99, 1].map((share) => quantile(millis, share).toFixed(1));
  return `| ${name} | ${millis.length} | ${cells.join(' | ')} |`;
}

/** The table. @param decided when the block was on disk with which a finding is one */
function print(told: readonly Told[], decided: (one: Told) => number): void {
  const onStream = (some: readonly Told[]) => some.map((one) => one.at - decided(one));
  console.log(
    '| from the commit of the deciding block | findings | p50 ms | p95 | p99 | most |\n|---|---|---|---|---|---|',
  );
  console.log(row('on the event stream', onStream(told)));
  for (const name of ['missing', 'differs'] as const) {
    console.log(row(`of these \`${name}\``, onStream(told.filter(({ finding }) => finding.class === name))));
  }
  for (const name of ['findings', 'disputed'] as const) {
    const asked = told.flatMap((one) => (one[name] === undefined ? [] : [{ ...one[name], decided: decided(one) }]));
    const from = name === 'disputed' ? ' --from' : '';
    console.log(
      row(
        `given by \`query ${name}${from}\``,
        asked.map((one) => one.answered - one.decided),
      ),
    );
    console.log(
      row(
        'of these from question to answer',
        asked.map((one) => one.answered - one.asked),
      ),
    );
  }
}

/** The first time that each finding was told. */
function firstTold(told: readonly Told[]): Map<string, Told> {
  const first = new Map<string, Told>();
  for (const one of told) {
    const key = `${one.finding.class} ${one.finding.time}`;
    if (!first.has(key)) first.set(key, one);
  }
  return first;
}

/** @throws Error unless all differences of the rule were found, nothing else was, and each was told */
function check(dbFile: string, first: ReadonlyMap<string, Told>, expected: number): void {
  const begun = now();
  const [day] = findingsOf(dbFile, { day: DAY });
  const findings = [...(day?.findings ?? [])];
  console.log(
    `\nAll ${findings.length} findings of the day by \`query findings --day\`: ${(now() - begun).toFixed(1)} ms`,
  );
  const untold = findings.filter((one) => !first.has(`${one.class} ${one.time}`));
  if (findings.length !== expected || untold.length > 0) {
    throw new Error(`expected ${expected} findings, got ${findings.length}, of which ${untold.length} were not told`);
  }
}

const directory = mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
const ledger = fork(new URL('./paced-ledger.js', import.meta.url).pathname, { stdio: 'inherit' });
const children: ChildProcess[] = [ledger];
try {
  const events = Math.round((RATE * SECONDS) / ACTORS);
  const step = BigInt(Math.round((1e9 * ACTORS) / RATE));
  const made = { events, batch: BATCH, bytes: BYTES, oneIn: ONE_IN, step: `${step}` };
  console.log(`${machine()}; files in ${tmpdir()}; load ${loadavg()[0]?.toFixed(1)}`);
  ledger.send({ path: join(directory, 'ledger'), made, rate: RATE } satisfies Pace);
  const ready = await said(ledger, 'ready');
  const dbFile = join(directory, 'reconciler.db');
  const followed = follow(ready.profile, dbFile, ASKED, NODE_ARGS);
  children.push(followed.process);
  const { pid = 0 } = followed.process;
  // The first blocks are in, and it waits for more.
  await delay(3000);
  const before = usageOf(pid);
  ledger.send('go');
  const done = await said(ledger, 'done');
  await delay(2000);
  await followed.settled();
  const after = usageOf(pid);
  followed.close();
  console.log(
    `${ready.attestations} attestations in ${ready.batches} batches, ${done.blocks} blocks, ${done.seconds.toFixed(1)} s: ` +
      `${Math.round(ready.attestations / done.seconds)} a second; the latest was ${done.behind.toFixed(0)} ms behind its time; ` +
      `load ${loadavg()[0]?.toFixed(1)}`,
  );
  console.log(
    `Of a core: ledger ${(done.cpu / done.seconds).toFixed(2)}, follower ${((after.cpu - before.cpu) / done.seconds).toFixed(2)} ` +
      `(${after.peak.toFixed(0)} MiB at most)\n`,
  );
  const first = firstTold(followed.told);
  const roundOf = (time: string) => Math.floor(Number((BigInt(time) - DAY_START) / step) / BATCH);
  print([...first.values()], ({ finding }) => done.committed[roundOf(finding.time)] ?? Number.NaN);
  check(dbFile, first, Math.floor(events / ONE_IN) * TURNS + Math.max(0, Math.min(TURNS, (events % ONE_IN) - 1)));
} finally {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
  rmSync(directory, { recursive: true, force: true });
}
