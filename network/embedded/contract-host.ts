import { createRequire } from 'node:module';
import type { peer } from '@hyperledger/fabric-protos';
import type { ReadWriteSet } from './rwset.js';
import { StateAccess, type StateReader } from './state-access.js';

/** What a run of the contract came to. Nothing is stored by it. */
export interface Simulation {
  /** 200, or 400 and above for a refusal. */
  readonly status: number;
  /** Why it was refused. */
  readonly message: string;
  readonly payload: Uint8Array;
  readonly readWriteSet: ReadWriteSet;
  /** Whether it asked for a range of keys. */
  readonly ranged: boolean;
  readonly event?: { readonly name: string; readonly payload: Uint8Array };
}

/** One call of the contract, with the signed proposal that the contract may look into. */
interface Invocation {
  readonly channel: string;
  readonly transactionId: string;
  readonly input: peer.ChaincodeInput;
  readonly signedProposal: peer.SignedProposal;
}

/** Runs a contract in this process the way a peer's chaincode process would: fabric-shim's own routing and stub. */
export interface ContractHost {
  /** Never rejects for what the contract does: that is a status. */
  run(invocation: Invocation, state: StateReader): Promise<Simulation>;
}

// Of fabric-shim, which has no types for its inner parts.
interface ShimResponse {
  readonly status: number;
  readonly message?: string;
  readonly payload?: Uint8Array;
}
interface ShimStub {
  readonly chaincodeEvent?: { getEventName(): string; getPayload_asU8(): Uint8Array };
}
interface ShimModules {
  readonly chaincode: { Invoke(stub: ShimStub): Promise<ShimResponse> };
  readonly newStub: (access: StateAccess, invocation: Invocation) => ShimStub;
}

/** Loads the contract and fabric-shim. */
export function loadContract(): ContractHost {
  const { chaincode, newStub } = withoutTheirListeners(loadShim);
  return {
    async run(invocation, state) {
      const access = new StateAccess(state);
      let response: ShimResponse;
      let stub: ShimStub | undefined;
      try {
        stub = newStub(access, invocation);
        response = await chaincode.Invoke(stub);
      } catch (error) {
        response = { status: 500, message: error instanceof Error ? error.message : String(error) };
      }
      const event = stub?.chaincodeEvent;
      return {
        status: response.status,
        message: response.message ?? '',
        payload: response.payload ?? new Uint8Array(),
        readWriteSet: access,
        ranged: access.ranged,
        ...(event === undefined ? {} : { event: { name: event.getEventName(), payload: event.getPayload_asU8() } }),
      };
    },
  };
}

function loadShim(): ShimModules {
  // Read by fabric-shim when it is loaded. A refused transaction is an answer to its sender, no line in our log.
  process.env.CORE_CHAINCODE_LOGGING_LEVEL ??= 'CRITICAL';
  const require = createRequire(import.meta.url);
  const { contracts } = require('#contract') as typeof import('#contract');
  const { JSONSerializer } = require('fabric-contract-api') as { JSONSerializer: unknown };
  const Chaincode = require('fabric-shim/lib/contract-spi/chaincodefromcontract.js') as new (
    classes: unknown[],
    serializers: object,
    metadata: object,
    title: string,
    version: string,
  ) => ShimModules['chaincode'];
  const Stub = require('fabric-shim/lib/stub.js') as new (
    handler: StateAccess,
    channel: string,
    transactionId: string,
    input: peer.ChaincodeInput,
    signedProposal: peer.SignedProposal,
  ) => ShimStub;
  silence(require('fabric-shim/lib/logger.js') as ShimLogger);
  const serializers = { transaction: 'jsonSerializer', serializers: { jsonSerializer: JSONSerializer } };
  return {
    // The shim adds a contract of its own to the array it gets.
    chaincode: new Chaincode([...contracts], serializers, {}, 'event2ledger', '1'),
    newStub: (access, { channel, transactionId, input, signedProposal }) =>
      new Stub(access, channel, transactionId, input, signedProposal),
  };
}

interface ShimLogger {
  getLogger(name: string): { silent: boolean };
}

/** fabric-shim formats every line of its log before it looks at the level: several for each transaction. */
function silence(log: ShimLogger): void {
  for (const name of ['chaincode', 'stub', 'iterators', 'handler']) log.getLogger(`lib/${name}.js`).silent = true;
  for (const name of ['chaincodefromcontract', 'datamarshall', 'systemcontract']) {
    log.getLogger(`contracts-spi/${name}.js`).silent = true;
  }
}

const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;

/** fabric-shim's logger takes uncaught errors of the whole process for itself, and hides them. */
function withoutTheirListeners<T>(load: () => T): T {
  const before = FAULTS.map((fault) => new Set(process.rawListeners(fault)));
  try {
    return load();
  } finally {
    for (const [index, fault] of FAULTS.entries()) {
      for (const listener of process.rawListeners(fault)) {
        if (!before[index]?.has(listener)) process.off(fault, listener as (...args: unknown[]) => void);
      }
    }
  }
}
