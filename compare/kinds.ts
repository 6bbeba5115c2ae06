import type { Kind } from './line-scan.js';

interface CountedKind {
  readonly type: string;
  readonly action: string;
  readonly typeBytes: Uint8Array;
  readonly actionBytes: Uint8Array;
  count: number;
}

/** Counts events by type and action without making texts of them each time. */
export class KindCounts {
  readonly #kinds = new Map<number, CountedKind[]>();

  add(bytes: Buffer, kind: Kind): void {
    this.find(bytes, kind).count++;
  }

  /** The kind, with no more events than before. */
  find(bytes: Buffer, { typeFrom, typeTo, actionFrom, actionTo }: Kind): CountedKind {
    let sum = typeTo - typeFrom;
    for (let at = actionFrom; at < actionTo; at++) sum = (sum * 31 + (bytes[at] as number)) | 0;
    const alike = this.#kinds.get(sum) ?? [];
    for (const known of alike) {
      if (isText(bytes, typeFrom, typeTo, known.typeBytes) && isText(bytes, actionFrom, actionTo, known.actionBytes)) {
        return known;
      }
    }
    const [typeBytes, actionBytes] = [bytes.subarray(typeFrom, typeTo), bytes.subarray(actionFrom, actionTo)].map(
      (text) => Uint8Array.from(text),
    ) as [Uint8Array, Uint8Array];
    const fresh = {
      type: Buffer.from(typeBytes).toString('utf8'),
      action: Buffer.from(actionBytes).toString('utf8'),
      typeBytes,
      actionBytes,
      count: 0,
    };
    this.#kinds.set(sum, [...alike, fresh]);
    return fresh;
  }

  /** Events of each kind. */
  get all(): { readonly type: string; readonly action: string; readonly events: number }[] {
    const kinds = [...this.#kinds.values()].flat().filter(({ count }) => count > 0);
    return kinds.map(({ type, action, count }) => ({ type, action, events: count }));
  }
}

function isText(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[from + index] !== text[index]) return false;
  return true;
}
