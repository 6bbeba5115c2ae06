import { isAt, type Kind } from './line-scan.js';
import type { LoneLine } from './lone-lines.js';

interface CountedKind {
  readonly type: string;
  readonly action: string;
  readonly typeBytes: Uint8Array;
  readonly actionBytes: Uint8Array;
  count: number;
  /** The first line of it. */
  first?: LoneLine;
}

/** So many events of one kind. */
export interface EventsOfKind {
  readonly type: string;
  readonly action: string;
  readonly events: number;
  readonly first?: LoneLine;
}

/** Kinds are sought in so many places. */
const PLACES = 256;

/** Counts events by type and action without making texts of them each time. */
export class KindCounts {
  readonly #places: CountedKind[][] = Array.from({ length: PLACES }, () => []);
  #known = 0;

  /** @param most so many kinds are counted; events of others are not */
  constructor(private readonly most = Number.POSITIVE_INFINITY) {}

  /** @returns the kind if it is the first of it */
  add(bytes: Uint8Array, kind: Kind): CountedKind | undefined {
    const known = this.of(bytes, kind);
    return known !== undefined && known.count++ === 0 ? known : undefined;
  }

  /** A kind by its bytes, always the same value for the same kind; undefined where too many are known. */
  of(bytes: Uint8Array, kind: Kind): CountedKind | undefined {
    const { typeFrom, typeTo, actionFrom, actionTo } = kind;
    let sum = typeTo - typeFrom;
    for (let at = actionFrom; at < actionTo; at++) sum = (sum * 31 + (bytes[at] as number)) | 0;
    const alike = this.#places[sum & (PLACES - 1)] as CountedKind[];
    for (let index = 0; index < alike.length; index++) {
      const known = alike[index] as CountedKind;
      if (isText(bytes, actionFrom, actionTo, known.actionBytes) && isText(bytes, typeFrom, typeTo, known.typeBytes)) {
        return known;
      }
    }
    if (this.#known === this.most) return undefined;
    this.#known++;
    const fresh = firstOf(bytes, kind);
    alike.push(fresh);
    return fresh;
  }

  /** Events of each kind. */
  get all(): EventsOfKind[] {
    return this.#places
      .flat()
      .map(({ type, action, count, first }) => ({ type, action, events: count, ...(first && { first }) }));
  }
}

function firstOf(bytes: Uint8Array, { typeFrom, typeTo, actionFrom, actionTo }: Kind): CountedKind {
  const typeBytes = Uint8Array.from(bytes.subarray(typeFrom, typeTo));
  const actionBytes = Uint8Array.from(bytes.subarray(actionFrom, actionTo));
  return { type: textOf(typeBytes), action: textOf(actionBytes), typeBytes, actionBytes, count: 0 };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function isText(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  return to - from === text.length && isAt(bytes, from, text);
}
