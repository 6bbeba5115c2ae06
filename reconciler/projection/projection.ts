import { createHash, hash } from 'node:crypto';
import { type Batch, batchDigest, DISPUTE_CALLS, padNanos } from '#chaincode';
import { ReconcilerError } from '../errors.js';
import type { Invocation, LedgerBlock } from '../ledger/block.js';
import type { ChainState } from '../ledger/chain-check.js';
import { parseChannelConfig } from '../ledger/channel-config.js';
import { type ClockState, LedgerClock } from '../ledger/ledger-clock.js';
import { Membership, type Signer } from '../ledger/membership.js';
import { clockKeepers, nanosOf, PolicyBook, type PolicyBookState } from '../ledger/policy-book.js';
import { AnchorBook } from './anchor-book.js';
import { Appearances, type AppearancesState } from './appearances.js';
import type { ChangeListener } from './change-listener.js';
import { type Db, isCurrent, openDatabase } from './database.js';
import { DisorderStore } from './disorder-store.js';
import { DisputeBook } from './dispute-book.js';
import { type BatchEntries, entriesOf } from './entries.js';
import { type Attesting, EventWindow, type WindowLimits } from './event-window.js';
import { LifeLog } from './life-log.js';
import type { OpenEvent } from './open-event.js';
import { RunStore } from './run-store.js';
import { SilenceStore } from './silence-store.js';
import { SourceStore } from './source-store.js';
import { Tallies } from './tallies.js';
import { TouchedDays } from './touched-days.js';

/** What a projection is of. */
export interface LedgerIdentity {
  readonly channel: string;
  readonly chaincode: string;
}

/** The last block taken in. */
export interface Head {
  readonly block: string;
  readonly hash: string;
}

/** No policy has less, in nanoseconds: most attestations are told to be in time by this alone. */
const LEAST_GRACE = nanosOf(1);

/** Above so many characters `hash` is slower than what it is short for: it copies its text once more. */
const LARGE = 10_000;

/** OpenSSL's SHA-256, for the reconciler hashes every byte that all collectors ever sent. */
const nativeSha256 = (text: string): string =>
  text.length < LARGE ? hash('sha256', text, 'hex') : createHash('sha256').update(text).digest('hex');

interface State {
  readonly identity: LedgerIdentity & { readonly genesis: string };
  readonly head: Head;
  readonly seq: number;
  readonly refused: number;
  /** The config envelope in force, base64, and the number of its block; none in a made-up ledger. */
  readonly config?: string;
  readonly configBlock: string;
  readonly clock: ClockState;
  readonly policies: PolicyBookState;
  readonly appearances: AppearancesState;
}

/**
 * What the actors signed, as rows: the ledger's transactions in order, folded into events, attestations, coverage and
 * the ledger clock. Nothing is judged here. The state after a transaction depends on the transactions up to it alone.
 */
export class Projection {
  readonly db: Db;
  readonly policies: PolicyBook;
  readonly clock: LedgerClock;
  readonly appearances: Appearances;
  readonly tallies: Tallies;
  readonly lives: LifeLog;
  readonly silences: SilenceStore;
  readonly touched: TouchedDays;
  readonly disputes: DisputeBook;
  readonly anchors: AnchorBook;
  /** Is told of every change from now on. */
  listener: ChangeListener | undefined;
  readonly #disorders: DisorderStore;
  readonly #sources: SourceStore;
  readonly #window: EventWindow;
  readonly #runs: RunStore;
  readonly #sql;
  #identity: State['identity'] | undefined;
  #head: Head | undefined;
  #membership: Membership | undefined;
  #configBlock: bigint;
  #seq: number;
  #refused: number;

  constructor(file: string, options: WindowLimits & { mustExist?: boolean; snapshot?: boolean } = {}) {
    this.db = openDatabase(file, options);
    // What a reader sees is one moment of the ledger, whatever is committed meanwhile.
    if (options.snapshot) this.db.exec('BEGIN');
    const stored = this.db.prepare("SELECT value FROM meta WHERE key = 'state'").pluck().get() as string | undefined;
    const state = stored === undefined ? undefined : (JSON.parse(stored) as State);
    this.#identity = state?.identity;
    this.#head = state?.head;
    this.#seq = state?.seq ?? 0;
    this.#refused = state?.refused ?? 0;
    this.#membership =
      state?.config === undefined ? undefined : new Membership(parseChannelConfig(Buffer.from(state.config, 'base64')));
    this.#configBlock = BigInt(state?.configBlock ?? 0);
    this.clock = new LedgerClock(state?.clock);
    this.policies = new PolicyBook(state?.policies);
    this.#runs = new RunStore(this.db);
    this.appearances = new Appearances(this.db, state?.appearances);
    this.tallies = new Tallies(this.db);
    this.lives = new LifeLog(this.db);
    this.silences = new SilenceStore(this.db, this.clock, this.policies, this.appearances);
    this.touched = new TouchedDays(this.db);
    this.disputes = new DisputeBook(this.db);
    this.anchors = new AnchorBook(this.db);
    this.#disorders = new DisorderStore(this.db);
    this.#sources = new SourceStore(this.db);
    this.#window = new EventWindow(
      this.db,
      this.policies,
      this.tallies,
      this.#sources.sources,
      this.lives,
      // Who only reads attests nothing.
      options.snapshot ? { mostHeld: 0 } : options,
    );
    this.#sql = {
      block: this.db.prepare('INSERT INTO blocks (number, hash, archived_to) VALUES (?, ?, ?)'),
      transaction: this.db.prepare('INSERT INTO transactions (seq, block, tx, actor, clock) VALUES (?, ?, ?, ?, ?)'),
      late: this.db.prepare('INSERT OR IGNORE INTO late_attestations (time, event, actor) VALUES (?, ?, ?)'),
    };
  }

  /** The number of the block to read next. */
  get nextBlock(): bigint {
    return this.#head === undefined ? 0n : BigInt(this.#head.block) + 1n;
  }

  get head(): Head | undefined {
    return this.#head;
  }

  /** Length of the archive of blocks up to the head. */
  get archivedTo(): number {
    const last = this.db.prepare('SELECT archived_to FROM blocks ORDER BY number DESC LIMIT 1').pluck().get();
    return typeof last === 'number' ? last : 0;
  }

  /** Channel, chaincode and the hash of block 0; undefined before block 0. */
  get identity(): State['identity'] | undefined {
    return this.#identity;
  }

  get membership(): Membership | undefined {
    return this.#membership;
  }

  /** Up to where the chain was read, and by what the next block is checked. */
  get chain(): ChainState {
    return {
      next: this.nextBlock,
      hash: this.#head?.hash ?? '',
      channel: this.#identity?.channel ?? '',
      lastConfig: this.#configBlock,
      membership: this.#membership,
    };
  }

  get sources() {
    return this.#sources.sources;
  }

  /** Number of the latest batch transaction. */
  get seq(): number {
    return this.#seq;
  }

  /** Grows with each batch that may change what is odd about the actors' runs. */
  get oddities(): number {
    return this.#runs.oddities;
  }

  /** Signed batches that are no batches: committed by endorsers that did not check. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Insists that the projection, unless it is empty, is of this channel and chaincode.
   * @throws ReconcilerError `LEDGER_CHANGED`
   */
  mustBeOf({ channel, chaincode }: LedgerIdentity): void {
    const own = this.#identity;
    if (own === undefined || (own.channel === channel && own.chaincode === chaincode)) return;
    throw new ReconcilerError(
      'LEDGER_CHANGED',
      `This projection is of ${own.chaincode} on ${own.channel}; use another --db for this profile.`,
    );
  }

  /**
   * Insists that nobody else has taken blocks in since this was opened, or brought the database into another form. Call within a database transaction that writes.
   * @throws ReconcilerError `DATABASE`
   */
  mustBeAlone(): void {
    if (!isCurrent(this.db)) {
      throw new ReconcilerError(
        'DATABASE',
        `A newer version has opened ${this.db.name} meanwhile, and has its rows in another form; read on with that one.`,
      );
    }
    const last = this.db.prepare('SELECT max(number) FROM blocks').pluck().get() as number | null;
    if (last === null ? this.#head === undefined : this.#head?.block === last.toString()) return;
    throw new ReconcilerError(
      'DATABASE',
      `Another reconcile reads into ${this.db.name} at the same time; let one of them do it, or give each its own --db.`,
    );
  }

  /**
   * Takes in the next block. Call within a database transaction, and `flush` before its end.
   * @param afterBatch called after each batch, when the state is that after its transaction
   * @throws ReconcilerError `CHAIN` if the block does not continue the last one, `LEDGER_CHANGED` for another channel.
   */
  apply(block: LedgerBlock, identity: LedgerIdentity, afterBatch: () => void = () => {}): void {
    this.#checkContinues(block, identity);
    this.#head = { block: block.number.toString(), hash: block.hash };
    this.#sql.block.run(Number(block.number), block.hash, block.archivedTo ?? null);
    if (block.membership !== undefined) {
      this.#membership = block.membership;
      this.#configBlock = block.number;
    }
    for (const invocation of block.invocations) this.#invoke(block, invocation, afterBatch);
  }

  /** Writes what is kept in memory. Checkpoint and rows belong in one database transaction. */
  flush(): void {
    if (this.#identity === undefined || this.#head === undefined) return;
    this.#window.flush();
    this.tallies.flush();
    this.touched.flush();
    this.#disorders.flush();
    const state: State = {
      identity: this.#identity,
      head: this.#head,
      seq: this.#seq,
      refused: this.#refused,
      ...(this.#membership && { config: Buffer.from(this.#membership.config.bytes).toString('base64') }),
      configBlock: this.#configBlock.toString(),
      clock: this.clock.snapshot(),
      policies: this.policies.snapshot(),
      appearances: this.appearances.snapshot(),
    };
    this.db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('state', ?)").run(JSON.stringify(state));
  }

  close(): void {
    this.db.close();
  }

  #checkContinues(block: LedgerBlock, identity: LedgerIdentity): void {
    if (block.number !== this.nextBlock) {
      throw new ReconcilerError(
        'CHAIN',
        `Block ${block.number} arrived where block ${this.nextBlock} was due; ask another peer.`,
      );
    }
    if (this.#head !== undefined && block.previousHash !== this.#head.hash) {
      throw new ReconcilerError(
        'CHAIN',
        `Block ${block.number} does not continue block ${this.#head.block}: the peer serves another chain.`,
      );
    }
    this.mustBeOf(identity);
    this.#identity ??= { ...identity, genesis: block.hash };
  }

  #invoke(block: LedgerBlock, invocation: Invocation, afterBatch: () => void): void {
    const { fn, args, signer } = invocation;
    const call = DISPUTE_CALLS.find((name) => name === fn);
    const policy = this.policies.inForce.at(-1)?.policy;
    if (call !== undefined) {
      const moment = { block: block.number, seq: this.#seq, clock: this.clock.now };
      this.disputes.take(call, invocation, moment, policy);
    } else if (fn === 'AnchorReport') this.anchors.take(invocation, this.#seq, policy);
    else if (fn === 'ProposePolicy' || fn === 'ApprovePolicy') this.#decide(fn, args, signer);
    else if (fn === 'Attest') {
      const accepted = this.#attest(block, invocation);
      if (accepted === true) afterBatch();
      else if (accepted === false) this.#refused += 1;
    }
  }

  #decide(fn: 'ProposePolicy' | 'ApprovePolicy', args: readonly string[], signer: Signer): void {
    const known = this.policies.inForce.length;
    if (fn === 'ProposePolicy') this.policies.propose(signer, args[0] ?? '', this.clock.now);
    else this.policies.approve(signer, args[1] ?? '', this.clock.now);
    const latest = this.policies.inForce[known];
    if (latest === undefined) return;
    const from = padNanos(latest.policy.from);
    this.#window.governed(from);
    this.touched.from(from);
    this.listener?.governed();
  }

  /** @returns undefined for a retry of a batch already taken in, false for one that is refused. */
  #attest(block: LedgerBlock, { txId, signer, args, ...told }: Invocation): boolean | undefined {
    const { actor, commonName } = signer;
    const [text = ''] = args;
    const read = entriesOf(text, this.#window, nativeSha256, told.bytes);
    if (read?.batch.collector !== commonName) return false;
    const digest = told.digest ?? batchDigest(text, nativeSha256);
    const { batch, entries } = read;
    const runId = this.#runs.idOf(actor, batch);
    if (this.#runs.digestsAt(actor, batch).includes(digest)) return undefined;
    if (entries === undefined) return false;

    const seq = ++this.#seq;
    const clock = this.#tick(actor, batch, seq, block.number, txId);
    this.#sources.touchAll(batch, actor, clock);
    if (this.listener !== undefined) {
      for (const { source } of [...batch.watches, ...batch.gaps])
        this.listener.named(this.#sources.sources.named(source));
    }
    this.#enter(entries, { actor, runId, seq }, batch.from, clock);
    // A second content under one number is equivocation: what it attests was signed and counts, its claims do not.
    for (const claims of this.#runs.arrived(actor, batch, entries.length, digest, seq)) {
      const { advanced, changed } = this.#sources.takeEffect(claims, actor, seq, clock);
      for (const { source, before } of advanced) this.silences.advanced(source, actor, before, seq);
      for (const interval of changed) this.touched.over(interval);
      const named = [...claims.watches, ...claims.gaps].map(({ source }) => source);
      // A hole may have been given another reason, which covers nothing.
      if (changed.length > 0 || claims.gaps.length > 0) this.listener?.claimed(actor, named, changed);
    }
    return true;
  }

  #tick(actor: string, batch: Batch, seq: number, block: bigint, txId: string): bigint | undefined {
    this.clock.sent(actor, batch.collector, batch.sentAt);
    const policy = this.policies.governing(this.clock.now)?.policy;
    if (policy !== undefined) this.clock.advance(clockKeepers(policy), nanosOf(policy.heartbeat));
    const clock = this.clock.now;
    this.#sql.transaction.run(seq, Number(block), txId, actor, clock === undefined ? null : padNanos(clock.toString()));
    this.appearances.sent(actor, seq, policy?.actors ?? [], clock);
    return clock;
  }

  #enter(entries: BatchEntries, attesting: Attesting, from: number, clock: bigint | undefined): void {
    const { actor, runId, seq } = attesting;
    const localTimes: string[] = [];
    let last: OpenEvent | undefined;
    // Most of a batch was attested first in one transaction, about which one answer is enough.
    let [appearedSeq, mayBeLate] = [0, false];
    let number = from - 1;
    for (const { open, parsed, text, key, t } of entries) {
      number += 1;
      let event: OpenEvent | undefined = open;
      if (parsed !== undefined && (this.#window.isJudged(parsed) || this.#window.isAway(parsed))) {
        event = this.#window.enter(parsed, this.#sources.touch(parsed.event.source, actor, clock), seq, text, key);
      }
      if (event === undefined) continue;
      if (last !== undefined) this.#window.follows(event, last);
      last = event;
      if (!event.source.witnesses.has(actor)) this.#sources.touch(event.source.name, actor, clock);
      const before = event.time;
      const isFirst = this.#window.attest(event, attesting, number, t);
      if (isFirst && event.firstSeq !== appearedSeq) {
        appearedSeq = event.firstSeq;
        mayBeLate = this.#mayBeLate(appearedSeq, clock);
      }
      const isLate = isFirst && mayBeLate && this.#isLate(event, actor, clock);
      if (isLate) this.#sql.late.run(event.time, event.id, actor);
      this.listener?.attested(event, isLate);
      if (isFirst) this.touched.at(event.time);
      // An event without a time of its own may have moved from one day to another, whoever said so.
      if (before !== event.time) for (const time of [before, event.time]) this.touched.at(time);
      if (event.local) localTimes.push(event.time);
    }
    this.#disorders.arrived(runId, from, from + entries.length - 1, localTimes);
    this.#window.trim();
  }

  /** Whether what was first attested in a transaction appeared longer ago than any grace is short. */
  #mayBeLate(firstSeq: number, clock: bigint | undefined): boolean {
    const appearance = this.appearances.of(firstSeq);
    return appearance !== undefined && clock !== undefined && clock > appearance + LEAST_GRACE;
  }

  /** Attested only after appearance plus grace; for a witness, grace runs not before its first batch on the source. */
  #isLate(event: OpenEvent, actor: string, clock: bigint | undefined): boolean {
    const appearance = this.appearances.of(event.firstSeq);
    if (appearance === undefined || clock === undefined) return false;
    const grace = this.policies.at(event.at)?.policy.grace;
    if (grace === undefined) return false;
    const first = event.source.witnesses.get(actor)?.first ?? 0n;
    return clock > this.clock.limit(first > appearance ? first : appearance, nanosOf(grace));
  }
}
