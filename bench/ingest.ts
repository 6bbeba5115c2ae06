import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgementOf } from '../reconciler/day-judgement.js';
import { Projection } from '../reconciler/projection/projection.js';
import { reconcile } from '../reconciler/reconcile.js';
import { machine, median } from './machine.js';
import { DAY, makeStoredLedger, storedConnection } from './stored-ledger.js';

const EVENTS = Number(process.env.EVENTS ?? 334_000);
const BYTES = Number(process.env.BYTES ?? 545);
const BATCH = Number(process.env.BATCH ?? 1000);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const KEEP = process.env.LEDGER;

async function reconcileOnce(ledger: string, dbFile: string) {
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
  if (!sealed) throw new Error('the day is not sealed');
  return { wall, cpu: (user + system) / 1e6, coverage, findings: findings.length };
}

const directory = mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
try {
  const ledger = KEEP ?? join(directory, 'ledger');
  const attestations = await makeStoredLedger(ledger, { events: EVENTS, batch: BATCH, bytes: BYTES, oneIn: 1000 });
  console.log(`${machine()}; load ${loadavg()[0]?.toFixed(2)}`);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const one = await reconcileOnce(ledger, join(directory, `${round}.db`));
    console.log(JSON.stringify(one));
    rounds.push(one);
  }
  const wall = median(rounds.map((one) => one.wall));
  const cpu = median(rounds.map((one) => one.cpu));
  console.log(
    `${attestations} attestations: ${Math.round(attestations / wall)}/s, ${Math.round(attestations / cpu)} a core-second`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
