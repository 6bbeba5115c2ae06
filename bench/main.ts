import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DEFAULT_ACTORS } from '../network/actor-folders.js';
import { connect } from '../network/connection.js';
import { loadProfile } from '../network/profile.js';
import { judgementOf } from '../reconciler/day-judgement.js';
import { Projection } from '../reconciler/projection/projection.js';
import { reconcile } from '../reconciler/reconcile.js';
import { batchesOf, madeUpEvents } from './events.js';

const SOURCE = 'bench-engine';
const DAY = '2026-11-22';
const BATCH = 500;
const IN_FLIGHT = 4;
const EVENTS = Number(process.env.EVENTS ?? 20_000);

/** The served ledger is a process of its own, as it is for its users; the client's and its own work share the machine. */
async function serve(dataDir: string) {
  const binary = new URL('../event2ledger.js', import.meta.url).pathname;
  const server = spawn(process.execPath, [binary, 'ledger', 'serve', '--data', dataDir, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface(server.stdout), 'line');
  return async () => {
    server.kill('SIGTERM');
    await once(server, 'exit');
  };
}

function profileOf(dataDir: string, actor: string, identity: string) {
  return loadProfile(join(dataDir, 'actors', actor, identity, 'profile.json'));
}

async function attest(dataDir: string): Promise<number> {
  const events = madeUpEvents(EVENTS, SOURCE);
  const work = DEFAULT_ACTORS.map((actor) => ({
    connection: connect(profileOf(dataDir, actor, 'collector-1')),
    batches: batchesOf(events, 'collector-1', BATCH, SOURCE),
  }));
  const start = performance.now();
  await Promise.all(
    work.map(async ({ connection, batches }) => {
      const queue = batches.values();
      await Promise.all(
        Array.from({ length: IN_FLIGHT }, async () => {
          for (const batch of queue) await connection.submit('Attest', batch);
        }),
      );
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const { connection } of work) connection.close();
  return seconds;
}

async function reconcileOnce(dataDir: string, dbFile: string) {
  const connection = connect(profileOf(dataDir, DEFAULT_ACTORS[0] as string, 'reconciler'));
  const start = performance.now();
  const cpu = process.cpuUsage();
  await reconcile({ connection, dbFile });
  const { user, system } = process.cpuUsage(cpu);
  const wall = (performance.now() - start) / 1000;
  connection.close();
  const projection = new Projection(dbFile);
  const { coverage, findings, sealed } = judgementOf(projection, DAY);
  projection.close();
  if (coverage.agreed !== EVENTS || findings.length > 0 || !sealed) {
    throw new Error(`expected ${EVENTS} agreed events on a sealed day, found ${JSON.stringify({ coverage, sealed })}`);
  }
  return { wall, cpu: (user + system) / 1e6 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function versions(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { node, openssl, v8 } = process.versions;
  return `event2ledger ${version}, Node ${node} (V8 ${v8}, OpenSSL ${openssl})`;
}

const directory = mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
try {
  const [cpu] = cpus();
  console.log(`${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; ${versions()}`);
  const attestations = EVENTS * DEFAULT_ACTORS.length;
  console.log(`${EVENTS} events of about 650 bytes, ${DEFAULT_ACTORS.length} actors: ${attestations} attestations`);
  const dataDir = join(directory, 'ledger');
  const stop = await serve(dataDir);
  try {
    const seconds = await attest(dataDir);
    console.log(
      `attested through the embedded ledger, batches of ${BATCH}, ${IN_FLIGHT} in flight for each actor: ` +
        `${Math.round(attestations / seconds)} attestations/s (clients and ledger on this machine)`,
    );
    const rounds = [];
    for (let round = 0; round < 5; round++) rounds.push(await reconcileOnce(dataDir, join(directory, `${round}.db`)));
    const wall = median(rounds.map((round) => round.wall));
    const used = median(rounds.map((round) => round.cpu));
    console.log(
      `reconciled from the stored ledger, block 0 to a sealed day, median of ${rounds.length}: ` +
        `${Math.round(attestations / wall)} attestations/s; ${Math.round(attestations / used)} a core-second of the reconciler`,
    );
  } finally {
    await stop();
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
