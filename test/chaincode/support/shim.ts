import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Identity } from './identities.js';

// The shim reads this when it is loaded; refusals are what these tests are about and need no log.
process.env.CORE_CHAINCODE_LOGGING_LEVEL ??= 'CRITICAL';
const faults = ['uncaughtException', 'unhandledRejection'] as const;
const before = faults.map((fault) => process.listeners(fault as 'uncaughtException'));

const require = createRequire(import.meta.url);
const shimRequire = createRequire(require.resolve('fabric-shim'));
const { ChaincodeStub } = require('fabric-shim') as { ChaincodeStub: new (...args: unknown[]) => object };
const ChaincodeFromContract = require('fabric-shim/lib/contract-spi/chaincodefromcontract') as new (
  ...args: unknown[]
) => { Invoke(stub: object): Promise<{ status: number; message?: string; payload?: Uint8Array }> };
const { JSONSerializer } = require('fabric-contract-api') as { JSONSerializer: unknown };
const { contracts } = require('#contract') as { contracts: readonly unknown[] };
// The shim nests an older version of these messages, which must not be mixed with ours.
const { common, msp, peer } = shimRequire('@hyperledger/fabric-protos') as Record<string, Record<string, Message>>;
const { Timestamp } = shimRequire('google-protobuf/google/protobuf/timestamp_pb') as { Timestamp: Message };

// The loggers' handlers would swallow what a test should see.
for (const [index, fault] of faults.entries()) {
  for (const listener of process.listeners(fault as 'uncaughtException')) {
    if (!before[index]?.includes(listener)) process.removeListener(fault, listener);
  }
}

const QueryMetadata = peer?.QueryMetadata as unknown as {
  deserializeBinary(bytes: Uint8Array): { getPagesize(): number; getBookmark(): string };
};

type Message = new () => Record<string, (...args: unknown[]) => unknown> & { serializeBinary(): Uint8Array };

/** What one transaction did and answered. */
export interface Outcome {
  readonly status: number;
  /** The contract's message if it refused, else ''. */
  readonly message: string;
  readonly answer: string;
  readonly reads: readonly string[];
  readonly ranges: readonly string[];
  readonly writes: ReadonlyMap<string, string>;
  /** How many times something was put, which is more than `writes` if a key was put twice. */
  readonly puts: number;
  /** Iterators left open. */
  readonly open: number;
}

/** What a peer is asked for by a rich query. */
export interface RichQuery {
  readonly query: string;
  readonly size: number;
  readonly bookmark: string;
}

/** What its state database answers. */
export interface RichAnswer {
  readonly rows: readonly (readonly [key: string, value: Buffer])[];
  readonly bookmark: string;
}

/** The real contract under fabric-shim's own dispatcher and stub, over state in memory. */
export class ShimLedger {
  readonly state = new Map<string, Buffer>();
  /** The state database's rich queries; as they are where there are none. */
  rich: (query: RichQuery) => RichAnswer = () => {
    throw new Error('GET_QUERY_RESULT failed: ExecuteQueryWithPagination not supported for leveldb');
  };
  readonly #chaincode = new ChaincodeFromContract(
    [...contracts],
    { transaction: 'jsonSerializer', serializers: { jsonSerializer: JSONSerializer } },
    {},
    'event2ledger',
    '0',
  );

  /** Runs a transaction and, if the contract did not refuse, commits its writes. */
  async submit(identity: Identity, at: Date, fn: string, ...args: string[]): Promise<Outcome> {
    const outcome = await this.evaluate(identity, at, fn, ...args);
    if (outcome.status === 200) {
      for (const [key, value] of outcome.writes) this.state.set(key, Buffer.from(value));
    }
    return outcome;
  }

  /** Runs a transaction and commits nothing. */
  async evaluate(identity: Identity, at: Date, fn: string, ...args: string[]): Promise<Outcome> {
    const handler = new Handler(this.state, this.rich);
    const input = { getArgsList_asU8: () => [fn, ...args].map((arg) => Buffer.from(arg)) };
    const stub = new ChaincodeStub(handler, 'events', randomBytes(32).toString('hex'), input, proposal(identity, at));
    const { status, message = '', payload = Buffer.alloc(0) } = await this.#chaincode.Invoke(stub);
    const { reads, ranges, writes, puts, open } = handler;
    return { status, message, answer: Buffer.from(payload).toString(), reads, ranges, writes, puts, open };
  }
}

class Handler {
  readonly reads: string[] = [];
  readonly ranges: string[] = [];
  readonly writes = new Map<string, string>();
  puts = 0;
  open = 0;
  readonly #state: ReadonlyMap<string, Buffer>;

  readonly #rich: ShimLedger['rich'];

  constructor(state: ReadonlyMap<string, Buffer>, rich: ShimLedger['rich']) {
    this.#state = state;
    this.#rich = rich;
  }

  async handleGetState(_collection: string, key: string): Promise<Buffer> {
    this.reads.push(key);
    return this.#state.get(key) ?? Buffer.alloc(0);
  }

  async handlePutState(_collection: string, key: string, value: Buffer): Promise<void> {
    this.puts += 1;
    this.writes.set(key, value.toString());
  }

  async handleGetStateByRange(_collection: string, start: string, end: string): Promise<object> {
    this.ranges.push(`${start}..${end}`);
    this.open += 1;
    const rows = [...this.#state]
      .filter(([key]) => key >= start && key < end)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key, value }))
      .values();
    return { iterator: this.#iterator(rows) };
  }

  async handleGetQueryResult(_collection: string, query: string, metadata: Uint8Array): Promise<object> {
    const asked = QueryMetadata.deserializeBinary(metadata);
    const answer = this.#rich({ query, size: asked.getPagesize(), bookmark: asked.getBookmark() });
    this.open += 1;
    const rows = answer.rows.map(([key, value]) => ({ key, value })).values();
    return {
      iterator: this.#iterator(rows),
      metadata: { bookmark: answer.bookmark, fetchedRecordsCount: answer.rows.length },
    };
  }

  #iterator(rows: Iterator<{ key: string; value: Buffer }>): object {
    const close = async () => {
      this.open -= 1;
    };
    return { next: async () => rows.next(), close };
  }
}

function message(type: Message | undefined, fields: Record<string, unknown>): InstanceType<Message> {
  if (type === undefined) throw new Error('fabric-protos lacks a message');
  const made = new type();
  for (const [name, value] of Object.entries(fields)) made[`set${name}`]?.(value);
  return made;
}

function proposal({ mspId, certificate }: Identity, at: Date): object {
  const creator = message(msp?.SerializedIdentity, { Mspid: mspId, IdBytes: Buffer.from(certificate) });
  const timestamp = message(Timestamp, {
    Seconds: Math.floor(at.getTime() / 1000),
    Nanos: (at.getTime() % 1000) * 1e6,
  });
  const channelHeader = message(common?.ChannelHeader, { ChannelId: 'events', Timestamp: timestamp });
  const signatureHeader = message(common?.SignatureHeader, {
    Creator: creator.serializeBinary(),
    Nonce: randomBytes(24),
  });
  const header = message(common?.Header, {
    ChannelHeader: channelHeader.serializeBinary(),
    SignatureHeader: signatureHeader.serializeBinary(),
  });
  const body = message(peer?.Proposal, {
    Header: header.serializeBinary(),
    Payload: message(peer?.ChaincodeProposalPayload, { Input: Buffer.from('input') }).serializeBinary(),
  });
  return message(peer?.SignedProposal, { ProposalBytes: body.serializeBinary(), Signature: Buffer.from('none') });
}
