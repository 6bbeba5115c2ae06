/**
 * An embedded ledger that is served as ever, and onto which transactions that were signed and endorsed beforehand are committed
 * on time: what collectors and endorsers would pay is not paid while something is measured. Run as a process of its own, by IPC.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { common } from '@hyperledger/fabric-protos';
import { DEFAULT_ACTORS } from '../../network/actor-folders.js';
import { Committer } from '../../network/embedded/committer.js';
import { loadContract } from '../../network/embedded/contract-host.js';
import { CHAINCODE, CHANNEL, DataDir } from '../../network/embedded/data-dir.js';
import { Endorser } from '../../network/embedded/endorser.js';
import { serveLedger } from '../../network/embedded/ledger.js';
import { Members } from '../../network/embedded/members.js';
import { bind, newServer, stopServer } from '../../network/embedded/server.js';
import { Store } from '../../network/embedded/store.js';
import { type Inspected, inspectTransaction } from '../../network/embedded/validator.js';
import { eachMadeBatch, type MadeEvents } from '../made-batches.js';
import { LedgerMaker } from '../stored-ledger.js';
import { now } from './clock.js';

/** What the ledger is to be: `step` as text, for IPC has no big integers. */
export interface Pace {
  readonly path: string;
  readonly made: Omit<MadeEvents, 'step'> & { readonly step: string };
  /** Attestations a second, of all actors together. */
  readonly rate: number;
}

/** What it says when it can be read, and when all is committed. */
export type Said =
  | { readonly kind: 'ready'; readonly profile: string; readonly attestations: number; readonly batches: number }
  | {
      readonly kind: 'done';
      /** Milliseconds since the epoch at which the last batch about each round of events was on disk, with fractions. */
      readonly committed: readonly number[];
      readonly seconds: number;
      readonly blocks: number;
      /** Seconds of CPU of this process. */
      readonly cpu: number;
      /** How many milliseconds the batch that was latest was behind its time. */
      readonly behind: number;
    };

interface Prepared {
  readonly transaction: Inspected;
  readonly attestations: number;
  /** Number of the round of events, that all actors attest. */
  readonly round: number;
}

function prepare(directory: DataDir, members: Members, made: MadeEvents): Prepared[] {
  const maker = new LedgerMaker(directory);
  const prepared: Prepared[] = [];
  for (const batch of eachMadeBatch(made)) {
    const envelope = common.Envelope.deserializeBinary(maker.envelope(batch));
    const transaction = inspectTransaction(members, CHANNEL, CHAINCODE, envelope);
    const round = Math.floor(prepared.length / DEFAULT_ACTORS.length);
    prepared.push({ transaction, attestations: batch.events.length, round });
  }
  return prepared;
}

async function pace(prepared: readonly Prepared[], committer: Committer, store: Store, rate: number): Promise<Said> {
  const committed: number[] = [];
  const cpu = process.cpuUsage();
  const first = store.height;
  const start = now();
  const never = new AbortController().signal;
  let due = 0;
  let behind = 0;
  for (const { transaction, attestations, round } of prepared) {
    due += (attestations / rate) * 1000;
    const wait = start + due - now();
    if (wait > 0) await delay(wait);
    behind = Math.max(behind, now() - start - due);
    const height = store.height;
    committer.submit(transaction, false);
    await committer.beyond(height, never);
    committed[round] = now();
  }
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (now() - start) / 1000;
  const blocks = store.height - first;
  return { kind: 'done', committed, seconds, blocks, cpu: (user + system) / 1e6, behind };
}

async function run({ path, made, rate }: Pace): Promise<void> {
  await (await serveLedger({ dataDir: path })).close();
  const directory = new DataDir(path);
  const settings = directory.readSettings();
  if (settings === undefined) throw new Error('the ledger was not made');
  const members = new Members(new Map(DEFAULT_ACTORS.map((actor) => [actor, directory.actorCa(actor).certificate])));
  const prepared = prepare(directory, members, { ...made, step: BigInt(made.step) });
  const store = new Store(directory.database);
  const endorser = new Endorser(CHAINCODE, new Map(DEFAULT_ACTORS.map((actor) => [actor, directory.peer(actor)])));
  const committer = new Committer(store, 20, endorser.signers);
  const contract = loadContract();
  const server = newServer({
    ...{ channel: CHANNEL, chaincode: CHAINCODE, endpoint: 'localhost' },
    ...{ members, store, contract, endorser, committer },
  });
  await bind(server, await directory.ensureTls(), settings.port);
  const attestations = prepared.reduce((sum, one) => sum + one.attestations, 0);
  const profile = directory.profilePath(DEFAULT_ACTORS[0] as string, 'reconciler');
  const say = (said: Said) => process.send?.(said);
  process.on('message', (message) => {
    if (message === 'go') void pace(prepared, committer, store, rate).then(say);
    if (message !== 'stop') return;
    committer.close();
    void stopServer(server).then(() => {
      store.close();
      process.disconnect();
    });
  });
  say({ kind: 'ready', profile, attestations, batches: prepared.length });
}

process.once('message', (pace) => void run(pace as Pace));
