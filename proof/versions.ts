import type { Access, Version } from './access.js';
import { type Answer, all } from './answer.js';

/** Of a key that was written by a transaction of which it is not known whether it is valid. */
const UNCERTAIN = 'uncertain';

/**
 * Where each key was last written, followed from block 0 on. Of some namespaces all is known; of the others, whose
 * transactions' validity may depend on what is not followed, only who wrote at all.
 */
export class Versions {
  readonly #followed: ReadonlySet<string>;
  readonly #spaces = new Map<string, Map<string, Version | typeof UNCERTAIN>>();

  /** @param followed namespaces of which all is known */
  constructor(followed: readonly string[]) {
    this.#followed = new Set(followed);
  }

  /** Whether what a transaction read is still so. */
  check(access: readonly Access[]): Answer {
    return all(access.map((one) => this.#holds(one)));
  }

  /** Takes in what a transaction wrote; whether it is valid may be unknown. */
  written(access: readonly Access[], version: Version, isValid: Exclude<Answer, 'no'>): void {
    for (const one of access) {
      const space = this.#spaceOf(one);
      for (const { key, isDelete } of one.writes) {
        if (isValid === 'unknown') space.set(key, UNCERTAIN);
        else if (isDelete) space.delete(key);
        else space.set(key, version);
      }
    }
  }

  #holds(access: Access): Answer {
    const space = this.#spaceOf(access);
    const isFollowed = this.#followed.has(access.namespace);
    const answers = access.reads.map(({ key, version }): Answer => {
      const last = space.get(key);
      if (last === UNCERTAIN) return 'unknown';
      if (last?.block === version?.block && last?.tx === version?.tx) return 'yes';
      return isFollowed ? 'no' : 'unknown';
    });
    return all(access.hasRanges ? [...answers, 'unknown'] : answers);
  }

  #spaceOf({ namespace, collection }: Access): Map<string, Version | typeof UNCERTAIN> {
    // Names are a client's: no separator could keep them apart.
    const name = JSON.stringify([namespace, collection]);
    const space = this.#spaces.get(name) ?? new Map<string, Version | typeof UNCERTAIN>();
    this.#spaces.set(name, space);
    return space;
  }
}
