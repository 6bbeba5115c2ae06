import {
  type Batch,
  type BatchEntry,
  batchDigest,
  canonicalEvent,
  type Gap,
  type Inspection,
  isRecorded,
  MAX_BATCH_BYTES,
  MAX_BATCH_ENTRIES,
  MAX_INSPECTIONS,
  type Nanos,
  NO_PREVIOUS,
  type NumberedPolicy,
  policyAt,
  splitAction,
} from '#chaincode';
import type { Clock } from '../clock.js';
import type { SealedBatch } from '../spool/records.js';
import type { Spool } from '../spool/spool.js';
import { unpackEvent } from '../spool/spooled-event.js';
import { join, type Stretch, stated } from '../spool/stretches.js';

/** How large a batch may grow before it is sealed. */
export interface BatchLimits {
  readonly entries: number;
  /** UTF-8 bytes of all entries. */
  readonly bytes: number;
}

export const DEFAULT_LIMITS: BatchLimits = { entries: 500, bytes: 256 * 1024 };
/** What a batch may hold besides its entries: names, up to 200 claims. */
const ENVELOPE_BYTES = 512 * 1024;
/** Bytes of inspections in one batch, within the envelope's. */
const INSPECTED_BYTES = 100 * 1024;
/** At most so many claims of one kind are taken into one batch; the next one takes more. */
const CLAIMS = 50;
/** Nor more observations, for most may be none to record: while they are read, nobody listens to the engine. */
const TAKEN = 5_000;

/** What sealing did. */
export interface Sealed {
  readonly batch: SealedBatch | undefined;
  /** Observations it took from what was pending. */
  readonly taken: number;
  /** Events that the policy does not have recorded. */
  readonly unrecorded: number;
  /** Events from before the first policy: none governs them, nor ever will. */
  readonly ungoverned: number;
}

/** What one batch takes from the head of the queue. */
interface Draft {
  entries: BatchEntry[];
  /** The canonical events among them. */
  events: Set<string>;
  bytes: number;
  policy: NumberedPolicy | undefined;
  gaps: Gap[];
  claims: Stretch[];
  inspected: Inspection[];
  inspectedThrough: number;
  through: number;
  taken: number;
  unrecorded: number;
  ungoverned: number;
}

/** Turns observations into batches whose bytes never change again. */
export class Sealer {
  readonly #spool: Spool;
  readonly #collector: string;
  readonly #clock: Clock;
  readonly #limits: BatchLimits;
  #lastSentAt: bigint;

  constructor(spool: Spool, collector: string, clock: Clock, limits: BatchLimits = DEFAULT_LIMITS) {
    this.#spool = spool;
    this.#collector = collector;
    this.#clock = clock;
    this.#limits = {
      entries: Math.min(limits.entries, MAX_BATCH_ENTRIES),
      bytes: Math.min(limits.bytes, MAX_BATCH_BYTES - ENVELOPE_BYTES),
    };
    this.#lastSentAt = BigInt(spool.lastSentAt() ?? 0);
  }

  /**
   * Seals the next batch: in order of arrival, of one policy, within the limits. As a watch stands in that order behind
   * what it speaks for, no batch can claim what no batch up to it attests.
   * @param inForce the policies in force, at least one
   * @param heartbeat seals a batch even if there is nothing to say
   */
  seal(inForce: readonly NumberedPolicy[], heartbeat: boolean): Sealed {
    const draft = this.#draft(inForce);
    const { taken, unrecorded, ungoverned } = draft;
    let batch: SealedBatch | undefined;
    const stretches = draft.claims.reduce<Stretch[]>(join, this.#spool.stretches());
    if (heartbeat || draft.entries.length + draft.gaps.length + draft.claims.length > 0) {
      batch = this.#close(draft, inForce, stretches);
    }
    if (taken > 0 || batch !== undefined) {
      const inspected = batch === undefined ? 0 : draft.inspectedThrough;
      this.#spool.seal(draft.through, draft.claims.length > 0 ? stretches : undefined, batch, inspected);
    }
    return { batch, taken, unrecorded, ungoverned };
  }

  #draft(inForce: readonly NumberedPolicy[]): Draft {
    const draft: Draft = {
      entries: [],
      events: new Set(),
      bytes: 0,
      policy: undefined,
      gaps: [],
      claims: [],
      inspected: [],
      inspectedThrough: 0,
      through: 0,
      taken: 0,
      unrecorded: 0,
      ungoverned: 0,
    };
    for (const pending of this.#spool.pending()) {
      if (pending.kind === 'event') {
        if (!this.#takeEvent(draft, pending, inForce)) break;
      } else if (pending.kind === 'watch') {
        const { source, from, to } = pending;
        // A claim that goes on from the last one makes no new one of it.
        const claims = join(draft.claims, { source, from: BigInt(from), to: BigInt(to) });
        if (claims.length > CLAIMS) break;
        draft.claims = claims;
      } else {
        if (draft.gaps.length >= CLAIMS) break;
        const { source, from, to, reason } = pending;
        draft.gaps.push({ source, from, to, reason });
      }
      draft.through = pending.seq;
      draft.taken++;
      if (draft.taken >= TAKEN) break;
    }
    this.#takeInspections(draft);
    return draft;
  }

  #takeInspections(draft: Draft): void {
    let bytes = 0;
    for (const { seq, source, at, objects } of this.#spool.inspections()) {
      const inspection = { source, at, objects };
      bytes += Buffer.byteLength(JSON.stringify(inspection));
      if (draft.inspected.length >= MAX_INSPECTIONS || bytes > INSPECTED_BYTES) break;
      draft.inspected.push(inspection);
      draft.inspectedThrough = seq;
    }
  }

  /** Whether the event still has its place in this batch. */
  #takeEvent(draft: Draft, pending: { source: string; event: string }, inForce: readonly NumberedPolicy[]): boolean {
    const raw = unpackEvent(pending.event);
    const policy = policyAt(inForce, raw.timeNano);
    if (policy === undefined) {
      draft.ungoverned++;
      return true;
    }
    if (!isRecorded(policy.policy, { type: raw.type, action: splitAction(raw.action).action })) {
      draft.unrecorded++;
      return true;
    }
    if (draft.policy !== undefined && draft.policy.number !== policy.number) return false;
    const { event, canonical } = canonicalEvent(raw, { source: pending.source, ignore: policy.policy.ignore });
    // The engine's stamp, not our clock: what is attested again after a crash must be the same bytes.
    const entry: BatchEntry = event.time === undefined ? { b: canonical, t: raw.timeNano } : { b: canonical };
    // Two that differ in what the policy ignores alone are one to the ledger, which takes an event once.
    if (draft.events.has(canonical)) return true;
    const bytes = Buffer.byteLength(JSON.stringify(entry)) + 1;
    const full = draft.entries.length >= this.#limits.entries || draft.bytes + bytes > this.#limits.bytes;
    if (full && draft.entries.length > 0) return false;
    draft.policy = policy;
    draft.entries.push(entry);
    draft.events.add(canonical);
    draft.bytes += bytes;
    return true;
  }

  #close(draft: Draft, inForce: readonly NumberedPolicy[], stretches: readonly Stretch[]): SealedBatch {
    const position = this.#spool.run();
    if (position === undefined) throw new Error('No run was begun.');
    const sentAt = this.#sentAt();
    const policy = draft.policy ?? policyAt(inForce, sentAt) ?? inForce.at(-1);
    if (policy === undefined) throw new Error('No policy is in force.');
    const batch: Batch = {
      v: 1,
      policy: policy.number,
      collector: this.#collector,
      run: position.run,
      n: position.n + 1,
      from: position.next,
      prev: position.digest ?? NO_PREVIOUS,
      sentAt,
      entries: draft.entries,
      watches: stated(stretches, draft.claims),
      gaps: draft.gaps,
      // Left out where there are none: a batch's bytes are as they were before there was such a thing.
      ...(draft.inspected.length > 0 ? { inspected: draft.inspected } : {}),
    };
    const text = JSON.stringify(batch);
    const { run, n, from: first } = batch;
    return { run, n, first, count: draft.entries.length, digest: batchDigest(text), sentAt, text };
  }

  /** The clock's time, but always after the last batch's. */
  #sentAt(): Nanos {
    const now = BigInt(this.#clock.now());
    this.#lastSentAt = now > this.#lastSentAt ? now : this.#lastSentAt + 1n;
    return this.#lastSentAt.toString();
  }
}
