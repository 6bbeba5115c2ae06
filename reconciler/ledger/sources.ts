import type { NumberedPolicy } from '#chaincode';
import { Coverage, type Interval, insert } from './coverage.js';
import { majorityOf } from './ledger-clock.js';

/** A hole that a collector declared, with the reason it gave. */
export interface DeclaredGap extends Interval {
  readonly reason: string;
}

/** What one actor has put on the ledger about one source. */
export interface Witness {
  /** The ledger clock at its first batch on the source; undefined if the clock was. */
  readonly first: bigint | undefined;
  readonly coverage: Coverage;
  /** Each as it was said, by its text; and the same time as disjoint sorted stretches. */
  readonly declared: Map<string, DeclaredGap>;
  readonly hidden: Interval[];
}

/** A source of events and what each actor has said of it. */
export interface Source {
  readonly id: number;
  readonly name: string;
  readonly witnesses: Map<string, Witness>;
}

/** All sources that anybody has named. */
export class Sources {
  readonly #byName = new Map<string, Source>();
  readonly #byId: Source[] = [];

  /** The source of that name; made known if it is new. */
  named(name: string): Source {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const source: Source = { id: this.#byId.length + 1, name, witnesses: new Map() };
    this.#byName.set(name, source);
    this.#byId.push(source);
    return source;
  }

  find(name: string): Source | undefined {
    return this.#byName.get(name);
  }

  byId(id: number): Source {
    return this.#byId[id - 1] as Source;
  }

  get all(): readonly Source[] {
    return this.#byId;
  }
}

/** Takes note of a declared hole; false if the actor has said so before. */
export function declare({ declared, hidden }: Witness, gap: DeclaredGap): boolean {
  const text = `${gap.from}/${gap.to}/${gap.reason}`;
  if (declared.has(text)) return false;
  declared.set(text, gap);
  insert(hidden, gap);
  return true;
}

/** The actor's record at the source; begun at `clock` if this is the first it says of it. */
export function witnessAt(source: Source, actor: string, clock: bigint | undefined): Witness {
  const known = source.witnesses.get(actor);
  if (known !== undefined) return known;
  const witness: Witness = { first: clock, coverage: new Coverage(), declared: new Map(), hidden: [] };
  source.witnesses.set(actor, witness);
  return witness;
}

/** Whether the policy names the source itself; `*` is a rule, and no source of that name. */
export function isListed({ policy }: NumberedPolicy, name: string): boolean {
  return name !== '*' && Object.hasOwn(policy.sources, name);
}

/**
 * Whether a source exists: the policy lists it, or a majority of its witnesses has put something on it. Otherwise a
 * single actor could invent a source that nobody else can watch.
 */
export function exists(source: Source, policy: NumberedPolicy, witnesses: readonly string[]): boolean {
  if (isListed(policy, source.name)) return true;
  const present = witnesses.filter((witness) => source.witnesses.has(witness)).length;
  return witnesses.length > 0 && present >= majorityOf(witnesses.length);
}
