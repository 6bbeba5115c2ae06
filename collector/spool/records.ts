import type { Nanos } from '#chaincode';

/** An observation that is in no batch yet. */
export type Pending =
  | { readonly seq: number; readonly kind: 'event'; readonly source: string; readonly event: string }
  | { readonly seq: number; readonly kind: 'watch'; readonly source: string; readonly from: Nanos; readonly to: Nanos }
  | {
      readonly seq: number;
      readonly kind: 'gap';
      readonly source: string;
      readonly from: Nanos;
      readonly to: Nanos;
      readonly reason: string;
    };

/** A batch whose bytes are fixed. */
export interface SealedBatch {
  readonly run: string;
  readonly n: number;
  /** Number of its first entry. */
  readonly first: number;
  readonly count: number;
  readonly digest: string;
  readonly sentAt: Nanos;
  readonly text: string;
}

/** Where a run stands: what its next batch continues. */
export interface RunPosition {
  readonly run: string;
  readonly n: number;
  /** Number of the next entry. */
  readonly next: number;
  /** Digest of batch `n`. */
  readonly digest: string | undefined;
}
