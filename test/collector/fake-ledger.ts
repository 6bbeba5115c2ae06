import {
  type Batch,
  batchDigest,
  type CollectorAnswer,
  completePolicy,
  NO_PREVIOUS,
  type ParsedEntry,
  type Policy,
  parseBatch,
  parseEntry,
  policyHash,
  policyText,
} from '#chaincode';
import type { Committed, LedgerConnection } from '../../network/connection.js';
import { NetworkError } from '../../network/errors.js';

export interface Accepted {
  readonly text: string;
  readonly batch: Batch;
  readonly entries: readonly ParsedEntry[];
}

/** A ledger that checks batches as the contract does, and remembers them; it fails when it is told to. */
export class FakeLedger implements LedgerConnection {
  readonly profile;
  /** By run and number; each with every text it was sent as. */
  readonly sent = new Map<string, Set<string>>();
  readonly accepted: Accepted[] = [];
  policies: Policy[] = [completePolicy({ from: '0', actors: ['ProviderMSP', 'UserMSP'], heartbeat: 1 })];
  /** Called before each submit; may throw. */
  beforeSubmit: (batch: Batch) => void | Promise<void> = () => {};
  /** Called after each submit was committed; a throw loses the answer. */
  afterSubmit: (batch: Batch) => void | Promise<void> = () => {};
  beforeEvaluate: (fn: string) => void | Promise<void> = () => {};
  forgetCollectors = false;
  /** What `GetCollector` says of the run, besides what was accepted. */
  reported: Partial<Pick<CollectorAnswer, 'run' | 'n'>> = {};
  /** Other collectors that the ledger knows. */
  others: CollectorAnswer[] = [];
  #changed = new Set<() => void>();

  constructor(mspId = 'UserMSP', name = 'collector-1', certificate = '') {
    this.profile = {
      mspId,
      name,
      endpoint: 'localhost:1',
      tlsCa: '',
      certificate,
      key: '',
      channel: 'events',
      chaincode: 'event2ledger',
    };
  }

  async evaluate(fn: string): Promise<string> {
    await this.beforeEvaluate(fn);
    if (fn === 'GetPolicies') {
      const inForce = this.policies.map((policy, index) => {
        const hash = policyHash(policyText(policy));
        return { number: index + 1, hash, policy, proposedBy: 'UserMSP', approvals: policy.actors, inForce: true };
      });
      return JSON.stringify({ inForce, proposed: [] });
    }
    if (fn === 'GetCollector') return JSON.stringify(this.forgetCollectors ? null : (this.#collectors()[0] ?? null));
    if (fn === 'GetCollectors') return JSON.stringify([...this.#collectors(), ...this.others]);
    throw new NetworkError('REFUSED', `Unknown function ${fn}.`);
  }

  async endorse(): Promise<void> {}

  async submit(fn: string, text = ''): Promise<Committed> {
    if (fn !== 'Attest') throw new NetworkError('REFUSED', `Unknown function ${fn}.`);
    const batch = parseBatch(text);
    const key = `${batch.run}/${batch.n}`;
    this.sent.set(key, (this.sent.get(key) ?? new Set()).add(text));
    await this.beforeSubmit(batch);
    const entries = batch.entries.map((_, index) => parseEntry(batch, index));
    if (batch.collector !== this.profile.name) throw new NetworkError('REFUSED', 'The batch names another collector.');
    this.accepted.push({ text, batch, entries });
    for (const told of this.#changed) told();
    await this.afterSubmit(batch);
    return { transactionId: `tx${this.accepted.length}`, block: BigInt(this.accepted.length), result: '' };
  }

  /** Resolves when `condition` holds, looked at after each accepted batch. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const told = () => {
          this.#changed.delete(told);
          resolve();
        };
        this.#changed.add(told);
      });
    }
  }

  /** Accepted batches by run and number, each once. */
  batches(): Accepted[] {
    const distinct = new Map(this.accepted.map((one) => [`${one.batch.run}/${one.batch.n}`, one]));
    return [...distinct.values()].sort((a, b) => a.batch.run.localeCompare(b.batch.run) || a.batch.n - b.batch.n);
  }

  entries(): ParsedEntry[] {
    return this.batches().flatMap((one) => one.entries);
  }

  /** What makes these batches no unbroken runs; empty if nothing does. */
  faults(): string[] {
    const faults: string[] = [];
    for (const [key, texts] of this.sent) if (texts.size > 1) faults.push(`${key} has two contents`);
    const last = new Map<string, { n: number; next: number; digest: string; sentAt: bigint }>();
    for (const { batch, text } of this.batches()) {
      const before = last.get(batch.run) ?? { n: 0, next: 1, digest: NO_PREVIOUS, sentAt: -1n };
      if (batch.n !== before.n + 1) faults.push(`${batch.run}: ${batch.n} follows ${before.n}`);
      if (batch.from !== before.next)
        faults.push(`${batch.run}/${batch.n}: begins at ${batch.from}, not ${before.next}`);
      if (batch.prev !== before.digest) faults.push(`${batch.run}/${batch.n}: prev is broken`);
      if (BigInt(batch.sentAt) <= before.sentAt) faults.push(`${batch.run}/${batch.n}: sentAt does not grow`);
      last.set(batch.run, {
        n: batch.n,
        next: batch.from + batch.entries.length,
        digest: batchDigest(text),
        sentAt: BigInt(batch.sentAt),
      });
    }
    return faults;
  }

  height(): Promise<bigint> {
    return Promise.resolve(BigInt(this.accepted.length));
  }

  blocks(): never {
    throw new Error('The fake ledger has no blocks.');
  }

  close(): void {}

  #collectors(): CollectorAnswer[] {
    const latest = this.accepted.at(-1)?.batch;
    if (latest === undefined) return [];
    const { run, n, sentAt, watches, gaps, collector } = latest;
    return [{ actor: this.profile.mspId, collector, run, n, sentAt, watches, gaps, ...this.reported }];
  }
}

/** For `beforeSubmit` and its like: the ledger is down. */
export function unreachable(): never {
  throw new NetworkError('UNREACHABLE', 'No answer.', { retryable: true });
}
