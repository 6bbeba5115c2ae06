import {
  type Batch,
  batchDigest,
  canonicalEvent,
  completePolicy,
  type DockerEvent,
  type HashedEvent,
  NO_PREVIOUS,
  type Policy,
  parsePolicy,
  policyText,
} from '#chaincode';
import { judgementOf } from '../../../reconciler/day-judgement.js';
import type { DayJudgement } from '../../../reconciler/judgement.js';
import type { Invocation, LedgerBlock } from '../../../reconciler/ledger/block.js';
import { Projection } from '../../../reconciler/projection/projection.js';
import { Sealer } from '../../../reconciler/seal.js';

export const SOURCE = 'ENGINE';
export const IDENTITY = { channel: 'events', chaincode: 'event2ledger' };
export const ACTORS = ['DeveloperMSP', 'ProviderMSP', 'UserMSP'];
export const DAY = '2026-11-22';
export const DAY_START = 1_795_305_600_000_000_000n;

const SECOND = 1_000_000_000n;

/** A Docker event of a container, at a number of nanoseconds into the day. */
export function containerEvent(
  object: string,
  action: string,
  offset: bigint,
  attributes: Record<string, string> = {},
): DockerEvent {
  return {
    scope: 'local',
    type: 'container',
    action,
    id: object,
    attributes: new Map(Object.entries({ image: 'hello-world', name: object, ...attributes })),
    timeNano: (DAY_START + offset).toString(),
  };
}

export function hashed(raw: DockerEvent, source = SOURCE): HashedEvent {
  return canonicalEvent(raw, { source, ignore: [] });
}

/** What a test says of a batch; the rest follows from the run. */
export interface BatchParts {
  readonly events?: readonly HashedEvent[];
  readonly watches?: Batch['watches'];
  readonly gaps?: Batch['gaps'];
  /** Seconds after the start of the day on the collector's clock. */
  readonly sentAt?: number;
  readonly t?: string;
  /** Another digest than that of the batch before. */
  readonly prev?: string;
}

/** One actor's collector: numbers its batches as a real one does. */
export class Run {
  #n = 0;
  #number = 1;
  /** Number of the first entry of the last batch. */
  #first = 1;
  #prev = NO_PREVIOUS;
  #before = NO_PREVIOUS;

  constructor(
    readonly actor: string,
    readonly collector = 'collector-1',
    readonly run = 'run-1',
  ) {}

  /** Whether there is a batch already, which the next one continues. */
  get hasBegun(): boolean {
    return this.#n > 0;
  }

  batch(parts: BatchParts): Invocation {
    const text = this.#text(++this.#n, this.#number, this.#prev, parts);
    this.#first = this.#number;
    this.#number += parts.events?.length ?? 0;
    this.#before = this.#prev;
    this.#prev = batchDigest(text);
    return invocation(this.actor, 'Attest', [text], this.collector);
  }

  /** Another content under the number of the last batch; what follows continues the first. */
  twin(parts: BatchParts): Invocation {
    const text = this.#text(this.#n, this.#first, this.#before, parts);
    return invocation(this.actor, 'Attest', [text], this.collector);
  }

  #text(n: number, from: number, prev: string, parts: BatchParts): string {
    const { events = [], watches = [], gaps = [], sentAt = 0, t } = parts;
    const batch: Batch = {
      v: 1,
      policy: 1,
      collector: this.collector,
      run: this.run,
      n,
      from,
      prev: parts.prev ?? prev,
      sentAt: (DAY_START + BigInt(Math.round(sentAt * 1000)) * 1_000_000n).toString(),
      entries: events.map(({ canonical, event }) =>
        event.time === undefined ? { b: canonical, t: t ?? '0' } : { b: canonical },
      ),
      watches,
      gaps,
    };
    return JSON.stringify(batch);
  }
}

export function invocation(actor: string, fn: string, args: readonly string[], commonName = 'admin'): Invocation {
  const signer = { actor, commonName, admin: commonName === 'admin' };
  return { txId: batchDigest(JSON.stringify([actor, commonName, fn, ...args])), signer, fn, args };
}

/** A watch of the test source over an interval of the day, whole seconds from its start. */
export function watch(from: number, to: number, source = SOURCE): Batch['watches'][number] {
  return {
    source,
    from: (DAY_START + BigInt(from) * SECOND).toString(),
    to: (DAY_START + BigInt(to) * SECOND).toString(),
  };
}

export const WHOLE_DAY = watch(0, 86_400);

/** The transactions that put a first policy in force. */
export function policyTransactions(overrides: Partial<Policy> = {}): Invocation[] {
  const text = policyText(completePolicy({ from: '0', actors: ACTORS, ...overrides }));
  const { policy, hash } = parsePolicy(text);
  const [first = '', ...others] = policy.actors;
  return [
    invocation(first, 'ProposePolicy', [text]),
    ...others.map((actor) => invocation(actor, 'ApprovePolicy', ['1', hash])),
  ];
}

/** Blocks with `size` transactions each, chained by made-up hashes. */
export function blocksOf(invocations: readonly Invocation[], size = 3): LedgerBlock[] {
  const blocks: LedgerBlock[] = [];
  const hashAt = (number: number) => batchDigest(`block ${number}`);
  for (let at = 0; at < invocations.length; at += size) {
    const number = blocks.length;
    blocks.push({
      number: BigInt(number),
      hash: hashAt(number),
      previousHash: number === 0 ? '' : hashAt(number - 1),
      invocations: invocations.slice(at, at + size),
    });
  }
  return blocks;
}

/** Takes blocks into a projection, one database transaction each, sealing on the way. */
export function intake(projection: Projection, blocks: readonly LedgerBlock[]): void {
  const sealer = new Sealer(projection);
  for (const block of blocks) {
    projection.db.transaction(() => {
      projection.apply(block, IDENTITY, () => sealer.afterBatch());
      projection.flush();
    })();
  }
}

/** A projection in memory of these transactions. */
export function projectionOf(invocations: readonly Invocation[], size = 3): Projection {
  const projection = new Projection(':memory:');
  intake(projection, blocksOf(invocations, size));
  return projection;
}

/** What a reconciler says of the day when these transactions have followed the first policy. */
export function judge(invocations: readonly Invocation[], policy: Partial<Policy> = {}, day = DAY): DayJudgement {
  const projection = projectionOf([...policyTransactions(policy), ...invocations]);
  try {
    return judgementOf(projection, day);
  } finally {
    projection.close();
  }
}
