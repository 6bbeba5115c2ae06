import {
  batchDigest,
  canonicalEvent,
  type Gap,
  NO_PREVIOUS,
  POLICY_DEFAULTS,
  parseBatch,
  parseDockerEvent,
  parseEntry,
  splitAction,
  type Watch,
} from '#chaincode';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { type LedgerTransaction, transactionsOf } from './transactions.js';

/** What one collector has put on the ledger, read from its blocks. */
export interface Witness {
  /** Valid transactions; more than batches where one was sent again. */
  readonly transactions: number;
  readonly batches: number;
  readonly runs: readonly string[];
  /** Event hashes, each with the numbers it was attested under. */
  readonly attested: ReadonlyMap<string, readonly string[]>;
  /** Names of the containers it has attested events of. */
  readonly names: ReadonlySet<string>;
  readonly watches: readonly Watch[];
  readonly gaps: readonly Gap[];
  /** Objects that it asked the engine about after a gap. */
  readonly inspected: ReadonlySet<string>;
  /** Batch numbers or entry numbers that stand for two contents. */
  readonly twoContents: readonly string[];
  /** Where numbers are left out or `prev` does not hold. */
  readonly broken: readonly string[];
}

/** Reads all blocks; gives what each collector has on the ledger. */
export async function witnessesOf(profile: string): Promise<(actor: string, collector?: string) => Witness> {
  const ledger = connect(loadProfile(profile));
  try {
    const transactions = await transactionsOf(ledger);
    return (actor, collector = 'collector-1') => witnessOf(transactions, actor, collector);
  } finally {
    ledger.close();
  }
}

/** Reads every batch of a collector, trusting nothing but the blocks. */
function witnessOf(transactions: readonly LedgerTransaction[], actor: string, collector: string): Witness {
  const texts = new Map<string, string>();
  const numbers = new Map<string, string>();
  const attested = new Map<string, string[]>();
  const names = new Set<string>();
  const watches = new Map<string, Watch>();
  const gaps = new Map<string, Gap>();
  const inspected = new Set<string>();
  const twoContents: string[] = [];
  let count = 0;
  for (const { creator, validationCode, args } of transactions) {
    const text = args[1] ?? '';
    if (creator !== actor || args[0] !== 'Attest' || validationCode !== 0) continue;
    const batch = parseBatch(text);
    if (batch.collector !== collector) continue;
    count++;
    const key = `${batch.run}/${String(batch.n).padStart(9, '0')}`;
    const known = texts.get(key);
    if (known !== undefined) {
      if (known !== text) twoContents.push(`batch ${key}`);
      continue;
    }
    texts.set(key, text);
    batch.entries.forEach((_, index) => {
      const { hash, number, event } = parseEntry(batch, index);
      if (typeof event.attributes !== 'string') names.add(event.attributes.name ?? '');
      const place = `${batch.run}/${number}`;
      if ((numbers.get(place) ?? hash) !== hash) twoContents.push(`entry ${place}`);
      numbers.set(place, hash);
      attested.set(hash, [...(attested.get(hash) ?? []), place]);
    });
    for (const watch of batch.watches) watches.set(JSON.stringify(watch), watch);
    for (const { objects } of batch.inspected ?? []) for (const { object } of objects) inspected.add(object);
    for (const gap of batch.gaps) gaps.set(JSON.stringify(gap), gap);
  }
  const keys = [...texts.keys()].sort();
  return {
    transactions: count,
    batches: texts.size,
    runs: [...new Set(keys.map((key) => key.slice(0, key.indexOf('/'))))],
    attested,
    names,
    watches: [...watches.values()],
    gaps: [...gaps.values()],
    inspected,
    twoContents,
    broken: brokenChains(keys.map((key) => texts.get(key) ?? '')),
  };
}

/** @param texts the batches, ordered by run and number */
function brokenChains(texts: readonly string[]): string[] {
  const broken: string[] = [];
  let before = { run: '', n: 0, next: 1, digest: NO_PREVIOUS };
  for (const text of texts) {
    const { run, n, from, prev, entries } = parseBatch(text);
    if (run !== before.run) before = { run, n: 0, next: 1, digest: NO_PREVIOUS };
    if (n !== before.n + 1) broken.push(`${run}: batch ${n} follows ${before.n}`);
    if (from !== before.next) broken.push(`${run}/${n}: its entries begin at ${from}, not ${before.next}`);
    if (prev !== before.digest) broken.push(`${run}/${n}: prev`);
    before = { run, n, next: from + entries.length, digest: batchDigest(text) };
  }
  return broken;
}

/** Something that was published and had to be attested. */
export interface Expected {
  readonly hash: string;
  readonly source: string;
  readonly time: bigint;
}

/** What the default policy has recorded of a local event, as every collector must; undefined if it does not. */
export function expectedOf(line: string, source: string): Expected | undefined {
  const raw = parseDockerEvent(line);
  const { action } = splitAction(raw.action);
  if (!(POLICY_DEFAULTS.record[raw.type] ?? []).includes(action)) return undefined;
  return { hash: canonicalEvent(raw, { source, ignore: [] }).hash, source, time: BigInt(raw.timeNano) };
}

/** How a collector's word stands against what was published. */
export interface Account {
  /** Neither attested nor in a declared gap. */
  readonly lost: readonly Expected[];
  /** Not attested, in a declared gap. */
  readonly inGaps: readonly Expected[];
  /** Not attested though a watch claims the time: a false witness. */
  readonly falselyWatched: readonly Expected[];
  /** Attested under more than one number. */
  readonly duplicates: readonly string[];
  /** Attested, and never published. */
  readonly invented: readonly string[];
}

function within({ source, time }: Expected): (claim: Watch) => boolean {
  return (claim) => claim.source === source && BigInt(claim.from) <= time && time < BigInt(claim.to);
}

/** The declared gaps in which an event lies. */
export function gapsOver(witness: Witness, event: Expected): Witness['gaps'] {
  return witness.gaps.filter(within(event));
}

export function accountOf(witness: Witness, published: readonly Expected[]): Account {
  const absent = published.filter(({ hash }) => !witness.attested.has(hash));
  const hashes = new Set(published.map(({ hash }) => hash));
  return {
    lost: absent.filter((event) => !witness.gaps.some(within(event))),
    inGaps: absent.filter((event) => witness.gaps.some(within(event))),
    falselyWatched: absent.filter((event) => witness.watches.some(within(event))),
    duplicates: [...witness.attested].filter(([, places]) => places.length > 1).map(([hash]) => hash),
    invented: [...witness.attested.keys()].filter((hash) => !hashes.has(hash)),
  };
}

/** An account in numbers, short enough to read when a test fails. */
export function tallyOf({
  lost,
  inGaps,
  falselyWatched,
  duplicates,
  invented,
}: Account): Record<keyof Account, number> {
  return {
    lost: lost.length,
    inGaps: inGaps.length,
    falselyWatched: falselyWatched.length,
    duplicates: duplicates.length,
    invented: invented.length,
  };
}

/** All was attested, once, and nothing else. */
export const NOTHING_WRONG = { lost: 0, inGaps: 0, falselyWatched: 0, duplicates: 0, invented: 0 } as const;
