import type { Access, Version } from './transaction.js';

/** Whether what a transaction read was still so when it was committed; `unknown` where that cannot be followed. */
export type ReadsHold = 'yes' | 'no' | 'unknown';

/**
 * Where each key was last written, followed from block 0 on. Of our chaincode's namespace all is known; of the others,
 * whose transactions' validity is not recomputed, only who wrote at all.
 */
export class Versions {
  readonly #chaincode: string;
  readonly #own = new Map<string, Version>();
  readonly #others = new Map<string, Version>();

  constructor(chaincode: string) {
    this.#chaincode = chaincode;
  }

  check(access: readonly Access[]): ReadsHold {
    let result: ReadsHold = 'yes';
    for (const { namespace, reads, isPartial } of access) {
      if (isPartial) result = 'unknown';
      const isOwn = namespace === this.#chaincode;
      for (const { key, version } of reads) {
        const last = isOwn ? this.#own.get(key) : this.#others.get(`${namespace}\0${key}`);
        if (last?.block === version?.block && last?.tx === version?.tx) continue;
        if (isOwn) return 'no';
        result = 'unknown';
      }
    }
    return result;
  }

  /** Takes in what a transaction of our chaincode wrote, if it is valid, or what one of another would have. */
  written(access: readonly Access[], version: Version): void {
    for (const { namespace, writes } of access) {
      const isOwn = namespace === this.#chaincode;
      for (const { key, isDelete } of writes) {
        if (!isOwn) this.#others.set(`${namespace}\0${key}`, version);
        else if (isDelete) this.#own.delete(key);
        else this.#own.set(key, version);
      }
    }
  }
}
