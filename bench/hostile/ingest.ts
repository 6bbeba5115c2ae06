// `EVENTS=20000 ROUNDS=5 npm run bench:hostile-ledger`: a reconciler reads what two honest collectors and a hostile one have put
// on a ledger, in turn with the same two and an honest third.
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
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const ONLY = process.env.ONLY ?? '';
/** Each actor lacks so few events, and alters as many, that each is told by itself. */
const FEW = 20;
const [FIRST, SECOND, THIRD] = DEFAULT_ACTORS;

interface Ledger {
  readonly directory: string;
  readonly attestations: number;
}

interface Read {
  /** Of all blocks. */
  readonly bytes: number;
  /** Seconds of CPU. */
  readonly cpu: number;
  readonly said: Said;
}

interface Said {
  /** Findings against the first two, and against the third alone. */
  readonly honest: number;
  readonly hostile: string;
  readonly sealed: boolean;
}

async function made(name: string, wishes: MadeEvents, batches: Iterable<MadeBatch>): Promise<Ledger> {
  const at = join(directory, name);
  const { attestations } = await makeStoredLedger(at, wishes, batches);
  return { directory: at, attestations };
}

async function read(ledger: Ledger): Promise<Read> {
  const dbFile = join(directory, 'reconciler.db');
  const connection = storedConnection(ledger.directory);
  const before = process.cpuUsage();
  await reconcile({ connection, dbFile });
  const { user, system } = process.cpuUsage(before);
  connection.close();
  const said = saidIn(dbFile);
  const bytes = statSync(`${dbFile}.blocks`).size;
  for (const end of ['', '.blocks', '.lock', '-wal', '-shm']) rmSync(`${dbFile}${end}`, { force: true });
  return { bytes, cpu: (user + system) / 1e6, said };
}

/** Reads both in turn, for what the machine gives changes within minutes. */
async function inTurn(fair: Ledger, foul: Ledger): Promise<{ readonly fair: Read; readonly foul: Read }> {
  const [fairs, fouls]: [Read[], Read[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    fairs.push(await read(fair));
    fouls.push(await read(foul));
  }
  return { fair: middle(fairs), foul: middle(fouls) };
}

function middle(reads: readonly Read[]): Read {
  const [first] = reads;
  if (first === undefined) throw new Error('ROUNDS must be 1 at the least');
  return { ...first, cpu: median(reads.map(({ cpu }) => cpu)) };
}

function saidIn(dbFile: string): Said {
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
  const honest = await made('fair', wishes, eachMadeBatch(wishes));
  // Not counted: the first round of a process is slow.
  const { said } = await read(honest);
  console.log(
    `${machine()}, load ${loadavg()[0]?.toFixed(1)}; ${EVENTS} events; an honest third: ${honest.attestations} attestations, ${said.honest} findings against the others\n`,
  );
  console.log(
    '| the third | attestations | s of CPU | of an honest third | times | by attestation | by byte | findings against the others | against it |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|---:|---|');
  for (const { name, batches } of HOSTILE_COLLECTORS.filter((one) => one.name.includes(ONLY))) {
    const hostile = await made('foul', wishes, batches(wishes));
    const { fair, foul } = await inTurn(honest, hostile);
    rmSync(hostile.directory, { recursive: true });
    const times = foul.cpu / fair.cpu;
    const cells = [
      name,
      hostile.attestations,
      foul.cpu.toFixed(2),
      fair.cpu.toFixed(2),
      times.toFixed(2),
      ((times * honest.attestations) / hostile.attestations).toFixed(2),
      ((times * fair.bytes) / foul.bytes).toFixed(2),
      foul.said.honest,
      `${foul.said.sealed ? '' : 'not sealed; '}${foul.said.hostile}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
