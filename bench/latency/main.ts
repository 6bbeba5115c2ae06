/**
 * How long after the commit of the block that decides a finding it is told by `reconcile --follow --json` and by `query`, while
 * attestations come in at a rate.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findingsOf } from '../../reconciler/findings.js';
import type { Finding } from '../../reconciler/judgement.js';
import { machine } from '../machine.js';
import { DAY } from '../made-batches.js';
import type { Pace, Said } from './paced-ledger.js';

const RATE = Number(process.env.RATE ?? 5000);
const SECONDS = Number(process.env.SECONDS ?? 60);
/** Entries of a batch. */
const BATCH = Number(process.env.BATCH ?? 100);
const BYTES = Number(process.env.BYTES ?? 545);
/** Each actor lacks one in so many events, and alters another one. */
const ONE_IN = Number(process.env.ONE_IN ?? 1000);
/** One in so many findings is asked for by `query`. */
const ASKED = Number(process.env.ASKED ?? 10);
/** For the follower, such as --cpu-prof. */
const NODE_ARGS = (process.env.NODE_ARGS ?? '').split(' ').filter((arg) => arg !== '');
const ACTORS = 3;
const BINARY = fileURLToPath(new URL('../../event2ledger.js', import.meta.url));
/** 2026-11-22T00:00:00Z, from which on the events are made up. */
const DAY_START = 1_795_305_600_000_000_000n;

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function said<K extends Said['kind']>(ledger: ChildProcess, kind: K): Promise<Extract<Said, { kind: K }>> {
  for (;;) {
    const [message] = (await once(ledger, 'message')) as [Said];
    if (message.kind === kind) return message as Extract<Said, { kind: K }>;
  }
}

/** Seconds of CPU of a process and its most memory, where the system tells it. */
function costOf(pid: number | undefined): { cpu: number; mebibytes: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const most = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, mebibytes: Number(most) / 1024 };
  } catch {
    return { cpu: Number.NaN, mebibytes: Number.NaN };
  }
}

function row(name: string, millis: readonly number[]): string {
  const sorted = [...millis].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  const cells = [at(0.5), at(0.95), at(0.99), at(1)].map((value) => value.toFixed(1));
  return `| ${name} | ${sorted.length} | ${cells.join(' | ')} |`;
}

interface Told {
  readonly finding: Finding;
  readonly at: number;
  /** When `query` had given it, if it was asked. */
  readonly queried?: number;
  /** Milliseconds that `query` took. */
  readonly took?: number;
}

const directory = mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
const ledger = fork(new URL('./paced-ledger.js', import.meta.url).pathname, { stdio: 'inherit' });
const children: ChildProcess[] = [ledger];
try {
  const events = Math.round((RATE * SECONDS) / ACTORS);
  const step = BigInt(Math.round((1e9 * ACTORS) / RATE));
  const made = { events, batch: BATCH, bytes: BYTES, oneIn: ONE_IN, step: `${step}` };
  const path = join(directory, 'ledger');
  console.log(`${machine()}; load ${loadavg()[0]?.toFixed(1)}`);
  ledger.send({ path, made, rate: RATE } satisfies Pace);
  const ready = await said(ledger, 'ready');
  const dbFile = join(directory, 'reconciler.db');
  const args = ['reconcile', '--profile', ready.profile, '--db', dbFile, '--follow', '--json'];
  const follower = spawn(process.execPath, [...NODE_ARGS, BINARY, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(follower);
  const told: Told[] = [];
  createInterface(follower.stdout).on('line', (line) => {
    const at = now();
    const { finding } = JSON.parse(line) as { finding?: Finding };
    if (finding === undefined) return;
    if (told.length % ASKED !== 0) {
      told.push({ finding, at });
      return;
    }
    const before = now();
    const [answer] = findingsOf(dbFile, { id: finding.id });
    const queried = now();
    if (answer?.findings[0]?.id !== finding.id) throw new Error(`query does not give finding ${finding.id}`);
    told.push({ finding, at, queried, took: queried - before });
  });
  // The first blocks are in, and the follower waits for more.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const idle = costOf(follower.pid);
  ledger.send('go');
  const done = await said(ledger, 'done');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const busy = costOf(follower.pid);
  const load = loadavg()[0] ?? 0;

  const roundOf = (time: string) => Math.floor(Number((BigInt(time) - DAY_START) / step) / BATCH);
  const first = new Map<string, Told>();
  for (const one of told) {
    const key = `${one.finding.class} ${one.finding.time}`;
    if (!first.has(key)) first.set(key, one);
  }
  const all = [...first.values()].map((one) => ({
    ...one,
    decided: done.committed[roundOf(one.finding.time)] ?? Number.NaN,
  }));
  const expected = Math.floor(events / ONE_IN) * ACTORS * 2 + Math.max(0, Math.min(ACTORS * 2, (events % ONE_IN) - 1));
  const since = (one: { decided: number }, at: number) => at - one.decided;
  console.log(
    `${ready.attestations} attestations in ${done.seconds.toFixed(1)} s: ${Math.round(ready.attestations / done.seconds)} a second; ` +
      `${done.blocks} blocks; the latest batch ${done.behind.toFixed(0)} ms behind its time; load ${load.toFixed(1)}`,
  );
  console.log(
    `CPU: ledger ${(done.cpu / done.seconds).toFixed(2)} of a core, follower ${((busy.cpu - idle.cpu) / done.seconds).toFixed(2)} ` +
      `of a core, ${busy.mebibytes.toFixed(0)} MiB at most\n`,
  );
  console.log(
    '| from the commit of the deciding block | findings | p50 ms | p95 | p99 | most |\n|---|---|---|---|---|---|',
  );
  console.log(
    row(
      'on the event stream',
      all.map((one) => since(one, one.at)),
    ),
  );
  for (const name of ['missing', 'differs'] as const) {
    const some = all.filter(({ finding }) => finding.class === name);
    console.log(
      row(
        `of these, \`${name}\``,
        some.map((one) => since(one, one.at)),
      ),
    );
  }
  const asked = all.flatMap((one) => (one.queried === undefined ? [] : [since(one, one.queried)]));
  console.log(row('given by `query findings`, asked at its line', asked));
  console.log(
    row(
      '`query findings` alone',
      all.flatMap(({ took }) => took ?? []),
    ),
  );
  const before = now();
  const [day] = findingsOf(dbFile, { day: DAY });
  console.log(
    `\nAll ${day?.findings.length} findings of the day by \`query findings\`: ${(now() - before).toFixed(1)} ms`,
  );
  const decided = day?.findings.filter((one) => one.class === 'missing' || one.class === 'differs').length;
  if (decided !== expected || day?.findings.length !== expected) {
    throw new Error(`expected ${expected} findings, got ${day?.findings.length}, of these ${decided} by the rule`);
  }
  const untold = day.findings.filter((one) => !first.has(`${one.class} ${one.time}`));
  if (untold.length > 0) throw new Error(`${untold.length} findings were not told`);
} finally {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
  rmSync(directory, { recursive: true, force: true });
}
