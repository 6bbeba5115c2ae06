/**
 * The embedded ledger: one process that serves the gRPC services of a Fabric gateway peer on loopback, for trying out,
 * for tests, and for pilots on one machine. Clients cannot tell it from a real channel: transactions, endorsements,
 * blocks, validation codes and the channel configuration have Fabric's own form.
 *
 * What it is not:
 * - It is no consensus system. One process orders, validates and stores; whoever runs it can stop it, delay or leave
 *   out transactions, or throw the folder away. Nothing is replicated.
 * - Its endorsements are no independent judgements. The contract runs once, and the peer keys of all actors, which lie
 *   in one folder, sign the result. Who can read that folder can act as any actor.
 * - There are no orderers. Every actor's peer key signs each block, as block 0 says, so that a copy of the ledger can be
 *   checked against block 0; but these keys lie in one folder, and whoever reads it can sign another history.
 * - There is one channel with one chaincode; no private data, no rich queries, no key-level policies, no configuration
 *   updates, no revocation lists. A transaction that writes may not ask for ranges of keys.
 *
 * What it does keep: it trusts no client. Each request's certificate must come from the CA of the actor it names, each
 * signature is verified, a transaction counts only with endorsements of a majority of the actors over these very
 * bytes, and a block is on disk before anyone is told of it.
 */
import type { Server } from '@grpc/grpc-js';
import { NAME, type Policy } from '#chaincode';
import { DEFAULT_ACTORS } from '../actor-folders.js';
import { NetworkError } from '../errors.js';
import { bootstrapPolicy, firstPolicy } from '../first-policy.js';
import { Committer } from './committer.js';
import { loadContract } from './contract-host.js';
import { CHAINCODE, CHANNEL, DataDir, type Settings } from './data-dir.js';
import { Endorser } from './endorser.js';
import { genesisBlock } from './genesis.js';
import { Members } from './members.js';
import type { Peer } from './peer.js';
import { bind, newServer, stopServer } from './server.js';
import { Store } from './store.js';

const DEFAULT_BATCH_TIMEOUT_MS = 20;

export interface LedgerOptions {
  /** Made on first start; later starts find everything there. */
  readonly dataDir: string;
  /** Without one, the port of the last start, or a free one. */
  readonly port?: number;
  /** Of the first start. */
  readonly actors?: readonly string[];
  /** What the first policy says beyond the defaults. Of the first start. */
  readonly policy?: Partial<Policy>;
  /** How long a block may wait for more transactions while some are under way, in milliseconds. */
  readonly batchTimeoutMs?: number;
}

/** A ledger that is being served. */
export interface EmbeddedLedger {
  /** `localhost:<port>` */
  readonly endpoint: string;
  readonly dataDir: string;
  readonly actors: readonly string[];
  /** Whether this was its first start. */
  readonly isNew: boolean;
  /** Paths of all profiles. */
  readonly profiles: readonly string[];
  /** Aborted, with the reason, when it commits no more: it was closed, or its disk is full. */
  readonly stopped: AbortSignal;
  profilePath(actor: string, identity: string): string;
  /** Commits what was submitted, ends all streams with UNAVAILABLE, and frees the folder. */
  close(): Promise<void>;
}

/**
 * Serves an embedded ledger until it is closed. On first start it makes the actors' CAs and identities, block 0, and a
 * first policy, proposed by one actor's admin and approved by the others'.
 * @throws NetworkError `DATA_DIR`, `LOCKED`, `PORT`; RecordError for a wrong policy
 * @example
 * const ledger = await serveLedger({ dataDir: './ledger' });
 * const user = connect(loadProfile(ledger.profilePath('UserMSP', 'reconciler')));
 */
export async function serveLedger(options: LedgerOptions): Promise<EmbeddedLedger> {
  const dir = new DataDir(options.dataDir);
  dir.create();
  // Locks the folder; all else comes after.
  const store = new Store(dir.database);
  let server: Server | undefined;
  let committer: Committer | undefined;
  try {
    const known = dir.readSettings();
    const actors = chooseActors(dir, known, options.actors);
    const policy = firstPolicy(actors, options.policy);
    // Before the first block names the actors: a first start that was cut off goes on with the same.
    if (known === undefined) dir.writeSettings({ version: 1, actors, port: 0 });
    for (const actor of actors) await dir.ensureActor(actor);
    const cas = new Map(actors.map((actor) => [actor, dir.actorCa(actor).certificate]));
    if (store.height === 0) {
      store.commit({ block: genesisBlock(CHANNEL, cas), transactions: [], writes: new Map() });
    }
    const contract = loadContract();
    const endorser = new Endorser(CHAINCODE, new Map(actors.map((actor) => [actor, dir.peer(actor)])));
    committer = new Committer(store, options.batchTimeoutMs ?? DEFAULT_BATCH_TIMEOUT_MS, endorser.signers);
    dir.writeGenesis(store.block(0) ?? Buffer.alloc(0));
    const peer: Peer = {
      channel: CHANNEL,
      chaincode: CHAINCODE,
      endpoint: 'localhost',
      members: new Members(cas),
      store,
      contract,
      endorser,
      committer,
    };
    server = newServer(peer);
    const port = await bind(server, await dir.ensureTls(), options.port ?? known?.port ?? 0);
    const settings: Settings = { version: 1, actors, port };
    dir.writeSettings(settings);
    const profiles = dir.writeProfiles(settings);
    await bootstrapPolicy((actor) => dir.profilePath(actor, 'admin'), policy);
    return running({ dir, isNew: known === undefined, port, actors, profiles, server, committer, store });
  } catch (error) {
    committer?.close();
    server?.forceShutdown();
    store.close();
    throw error;
  }
}

interface Running {
  readonly isNew: boolean;
  readonly dir: DataDir;
  readonly port: number;
  readonly actors: readonly string[];
  readonly profiles: readonly string[];
  readonly server: Server;
  readonly committer: Committer;
  readonly store: Store;
}

function running({ dir, isNew, port, actors, profiles, server, committer, store }: Running): EmbeddedLedger {
  let closing: Promise<void> | undefined;
  return {
    endpoint: `localhost:${port}`,
    dataDir: dir.path,
    actors,
    isNew,
    profiles,
    stopped: committer.stopped,
    profilePath: (actor, identity) => dir.profilePath(actor, identity),
    close: () => {
      closing ??= shutDown(server, committer, store);
      return closing;
    },
  };
}

async function shutDown(server: Server, committer: Committer, store: Store): Promise<void> {
  committer.close();
  await stopServer(server);
  store.close();
}

function chooseActors(dir: DataDir, known: Settings | undefined, asked: readonly string[] | undefined): string[] {
  const actors = [...(known?.actors ?? asked ?? DEFAULT_ACTORS)];
  const wrong = actors.find((actor) => !NAME.test(actor));
  if (wrong !== undefined) {
    throw new NetworkError('DATA_DIR', `"${wrong}" is no name for an actor; use letters, digits, dots and dashes.`);
  }
  if (asked !== undefined && [...asked].sort().join() !== [...actors].sort().join()) {
    throw new NetworkError('DATA_DIR', `The ledger in ${dir.path} has the actors ${actors.join(', ')}; it keeps them.`);
  }
  return actors;
}
