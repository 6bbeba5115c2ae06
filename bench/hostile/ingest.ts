// `EVENTS=20000 ROUNDS=3 npm run bench:hostile-ledger`: a reconciler reads what two honest collectors and a hostile one have put
// on a ledger, against the same two and an honest third.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_ACTORS } from '../../network/actor-folders.js';
import { judgementOf } from '../../reconciler/day-judgement.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { reconcile } from '../../reconciler/reconcile.js';
import { machine, median } from '../machine.js';
import { DAY, eachMadeBatch, type MadeBatch, type MadeEvents } from '../made-batches.js';
import { makeStoredLedger, storedConnection } from '../stored-ledger.js';
import { HOSTILE_COLLECTORS } from './batches.js';

const EVENTS = Number(process.env.EVENTS ?? 20_000);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const ONLY = process.env.ONLY ?? '';
/** Each actor lacks so few events, and alters as many, that each is told by itself. */
const FEW = 20;
const [FIRST, SECOND, THIRD] = DEFAULT_ACTORS;

interface Read {
  readonly attestations: number;
  /** Of all blocks. */
  readonly bytes: number;
  /** Seconds of CPU. */
  readonly cpu: number;
  readonly seconds: number;
  /** Findings against the first two, and against the third alone. */
  readonly honest: number;
  readonly hostile: string;
  readonly sealed: boolean;
}

async function read(directory: string, wishes: MadeEvents, batches: Iterable<MadeBatch>): Promise<Read> {
  const ledger = join(directory, 'ledger');
  const { attestations } = await makeStoredLedger(ledger, wishes, batches);
  let bytes = 0;
  const times: { readonly cpu: number; readonly seconds: number }[] = [];
  let said: Pick<Read, 'honest' | 'hostile' | 'sealed'> = { honest: 0, hostile: '', sealed: false };
  for (let round = 0; round < ROUNDS; round++) {
    const dbFile = join(directory, `${round}.db`);
    const connection = storedConnection(ledger);
    const [start, before] = [performance.now(), process.cpuUsage()];
    await reconcile({ connection, dbFile });
    const { user, system } = process.cpuUsage(before);
    times.push({ cpu: (user + system) / 1e6, seconds: (performance.now() - start) / 1000 });
    connection.close();
    said = saidIn(dbFile);
    bytes = statSync(`${dbFile}.blocks`).size;
    for (const end of ['', '.blocks', '.lock', '-wal', '-shm']) rmSync(`${dbFile}${end}`, { force: true });
  }
  rmSync(ledger, { recursive: true });
  const of = (what: 'cpu' | 'seconds') => median(times.map((one) => one[what]));
  return { attestations, bytes, cpu: of('cpu'), seconds: of('seconds'), ...said };
}

function saidIn(dbFile: string): Pick<Read, 'honest' | 'hostile' | 'sealed'> {
  const projection = new Projection(dbFile);
  const { findings, sealed } = judgementOf(projection, DAY);
  projection.close();
  const against = new Map<string, number>();
  let honest = 0;
  for (const { class: name, dissent, folded = 1 } of findings) {
    if (dissent.some((actor) => actor === FIRST || actor === SECOND)) honest += folded;
    if (dissent.join() === THIRD) against.set(name, (against.get(name) ?? 0) + folded);
  }
  return { honest, sealed, hostile: [...against].map(([name, count]) => `${name} ${count}`).join(', ') };
}

const directory = mkdtempSync(join(tmpdir(), 'event2ledger-hostile-'));
try {
  const wishes: MadeEvents = { events: EVENTS, batch: 1000, bytes: 545, oneIn: Math.ceil(EVENTS / FEW) };
  const fair = await read(directory, wishes, eachMadeBatch(wishes));
  console.log(
    `${machine()}, load ${loadavg()[0]?.toFixed(1)}; ${EVENTS} events; an honest third: ${fair.attestations} attestations, ${fair.cpu.toFixed(2)} s of CPU, ${fair.honest} findings against the others\n`,
  );
  console.log(
    '| the third | attestations | s of CPU | times | by attestation | by byte | findings against the others | against it |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|---|');
  for (const { name, batches } of HOSTILE_COLLECTORS.filter((one) => one.name.includes(ONLY))) {
    const foul = await read(directory, wishes, batches(wishes));
    const times = foul.cpu / fair.cpu;
    const cells = [
      name,
      foul.attestations,
      foul.cpu.toFixed(2),
      times.toFixed(2),
      ((times * fair.attestations) / foul.attestations).toFixed(2),
      ((times * fair.bytes) / foul.bytes).toFixed(2),
      foul.honest,
      `${foul.sealed ? '' : 'not sealed; '}${foul.hostile}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
