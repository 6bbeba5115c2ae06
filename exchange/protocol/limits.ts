/** The longest message, in bytes. Whoever says more says it in several. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** A differing range is cut into so many. */
export const PARTS = 16;
/** A range of no more items is listed item by item. */
export const MAX_LISTED = 64;
/** At most so many whole items in one statement. */
export const MAX_GIVEN = 4_096;

/** What one exchange may cost, whoever the other side is. */
export interface ExchangeLimits {
  /** Messages, both sides' together. */
  readonly messages: number;
  /** Bytes, both sides' together. */
  readonly bytes: number;
  /** Statements of the other side; each costs some ten hashes. */
  readonly statements: number;
  /** Statements of the other side that are not answered yet. */
  readonly open: number;
  /** Items that one side has and the other lacks, of each side. */
  readonly differences: number;
}

/** Enough for a million differences on each side, at some 100 MB of memory. */
export const DEFAULT_LIMITS: ExchangeLimits = {
  messages: 50_000,
  bytes: 1024 ** 3,
  statements: 8_000_000,
  open: 250_000,
  differences: 1_000_000,
};
