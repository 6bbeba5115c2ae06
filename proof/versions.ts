import { type Access, spaceName, type Version } from './access.js';
import { type Answer, all } from './answer.js';

/** Of a key of which it is not known whether, or by which transaction, it was last written. */
const UNCERTAIN = 'uncertain';

/**
 * Where each key was last written, followed from block 0 on. Of some namespaces all is known; of the others, whose
 * transactions' validity may depend on what is not followed, only who wrote at all.
 */
export class Versions {
  readonly #followed: ReadonlySet<string>;
  readonly #spaces = new Map<string, Map<string, Version | typeof UNCERTAIN>>();
  /** What was written or deleted in the block that is gone through. */
  #inBlock = new Set<string>();

  /** @param followed namespaces of which all is known */
  constructor(followed: readonly string[]) {
    this.#followed = new Set(followed);
  }

  /** To be told of the end of each block. */
  endBlock(): void {
    this.#inBlock = new Set();
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
        if (isValid === 'yes') this.#inBlock.add(placeOf(one, key));
        if (isValid === 'unknown') space.set(key, UNCERTAIN);
        else if (isDelete) space.delete(key);
        else space.set(key, version);
      }
      // Of a key that is there it is a new version, of any other nothing.
      for (const key of one.keyPolicies) space.set(key, UNCERTAIN);
    }
  }

  #holds(access: Access): Answer {
    const space = this.#spaceOf(access);
    const isFollowed = this.#followed.has(access.namespace);
    const answers = access.reads.map(({ key, version }): Answer => {
      const last = space.get(key);
      // Fabric's rule: what was written before in the same block was read before that, whatever version is named.
      if (this.#inBlock.has(placeOf(access, key))) return 'no';
      if (last === UNCERTAIN) return 'unknown';
      if (last?.block === version?.block && last?.tx === version?.tx) return 'yes';
      return isFollowed ? 'no' : 'unknown';
    });
    return all(access.hasRanges ? [...answers, 'unknown'] : answers);
  }

  #spaceOf(access: Access): Map<string, Version | typeof UNCERTAIN> {
    const name = spaceName(access);
    const space = this.#spaces.get(name) ?? new Map<string, Version | typeof UNCERTAIN>();
    this.#spaces.set(name, space);
    return space;
  }
}

function placeOf(access: Access, key: string): string {
  return `${spaceName(access)} ${key}`;
}
