import { batchDigest, eventHash, parseBatch } from '#chaincode';
import type { Finding, FindingClass } from '../../reconciler/judgement.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { Sealer } from '../../reconciler/seal.js';
import { blocksOf, IDENTITY, intake } from '../reconciler/support/history.js';
import { type Expected, keyOf, keyOfFinding } from './expected.js';
import { type History, historyOf } from './history.js';
import { daysOf, findingsOf } from './judging.js';
import { nameOf } from './row-name.js';

/** How long it took from what could be known to the first report that says it. */
export interface Detection {
  /** The row of the scorecard. */
  readonly name: string;
  /** Of the ledger clock, from the appearance of the first attestation or batch that bears it. */
  readonly seconds: number;
  readonly batches: number;
}

/** How a history was judged. */
export interface Outcome {
  readonly seed: number;
  readonly index: number;
  readonly arm: History['arm'];
  readonly actors: number;
  readonly transactions: number;
  /** Keys of findings that were found as expected, by class; of unresolved ones apart. */
  readonly hits: readonly string[];
  readonly misses: readonly string[];
  readonly falseOnes: readonly string[];
  /** Findings that hang on which of two batches moved the clock, or that honest histories may have. */
  readonly allowed: number;
  readonly collusions: { readonly unresolved: number; readonly minorityAccused: number; readonly unseen: number };
  readonly detections: readonly Detection[];
}

const NO_COLLUSIONS = { unresolved: 0, minorityAccused: 0, unseen: 0 };

/** In honest histories these may be said: a slow or absent collector is that. */
const HARMLESS: readonly FindingClass[] = ['late', 'silent'];

/**
 * Judges a history.
 * @param timed whether to look after each transaction at what the report says by then
 */
export function outcomeOf(seed: number, index: number, timed: boolean): Outcome {
  const history = historyOf(seed, index);
  const { arm, world, transactions } = history;
  const projection = new Projection(':memory:');
  try {
    intake(projection, blocksOf(transactions, history.blockSize));
    const findings = findingsOf(projection, daysOf(world));
    const base = { seed, index, arm, actors: world.actors.length, transactions: transactions.length };
    if (arm === 'majority') {
      return {
        ...base,
        ...compare(history, []),
        misses: [],
        ...colluded(history, findings),
        allowed: 0,
        detections: [],
      };
    }
    const compared = compare(history, findings);
    const detections = timed ? detectionsOf(history) : [];
    return { ...base, ...compared, collusions: NO_COLLUSIONS, detections };
  } finally {
    projection.close();
  }
}

/** Finding by finding what was expected. Of an honest history's silences and lateness nothing is. */
function compare(history: History, findings: readonly Finding[]) {
  const { arm, expected, optional } = history;
  const due = expected
    .filter(({ class: name }) => arm !== 'honest' || !HARMLESS.includes(name))
    .flatMap((one) => apart(one).map(keyOf));
  const may = new Set(optional.flatMap((one) => apart(one).map(keyOf)));
  const unexpected = findings.flatMap(apart).map((finding) => ({ key: keyOfFinding(finding), class: finding.class }));
  const misses: string[] = [];
  const hits: string[] = [];
  for (const key of due) {
    const at = unexpected.findIndex((one) => one.key === key);
    if (at >= 0) unexpected.splice(at, 1);
    (at >= 0 ? hits : misses).push(key);
  }
  const falseOnes = unexpected
    .filter((one) => !may.has(one.key) && !(arm === 'honest' && HARMLESS.includes(one.class)))
    .map(({ key }) => key);
  return { hits, misses, falseOnes, allowed: unexpected.length - falseOnes.length };
}

/** One finding says of all who were late with an event that they were; each is a matter of its own. */
function apart<T extends Pick<Finding, 'class' | 'dissent'>>(one: T): T[] {
  return one.class === 'late' ? one.dissent.map((actor) => ({ ...one, dissent: [actor] })) : [one];
}

/** What a report says where the liars are the majority: that nobody can say, or on whose word it stands. */
function colluded({ world, collusions }: History, findings: readonly Finding[]) {
  const counts = { unresolved: 0, minorityAccused: 0, unseen: 0 };
  for (const { hashes } of collusions) {
    const about = findings.filter(({ variants }) => variants.some(({ eventHash }) => hashes.includes(eventHash)));
    if (about.length === 0) counts.unseen += 1;
    else if (about.some(({ dissent }) => dissent.some((actor) => !world.liars.includes(actor)))) {
      counts.minorityAccused += 1;
    } else counts.unresolved += 1;
  }
  // Whoever is accused must be so on the word of those who are named, and a majority.
  const unfounded = findings.filter(
    ({ dissent, majority, class: name }) =>
      dissent.length > 0 && majority.length * 2 <= world.actors.length && !['order'].includes(name),
  );
  return { collusions: counts, falseOnes: unfounded.map(keyOfFinding) };
}

/** Reads the ledger transaction by transaction and notes when each expected finding is first said. */
function detectionsOf(history: History): Detection[] {
  const { world, transactions, expected } = history;
  const projection = new Projection(':memory:');
  const sealer = new Sealer(projection);
  const days = daysOf(world);
  const seqOf = firstSeqs(history);
  const open = new Map(expected.flatMap(apart).map((one) => [keyOf(one), one]));
  const said: { one: Expected; seq: number; clock: bigint }[] = [];
  try {
    for (const block of blocksOf(transactions, 1)) {
      const { seq: before } = projection;
      projection.db.transaction(() => {
        projection.apply(block, IDENTITY, () => sealer.afterBatch());
        projection.flush();
      })();
      const clock = projection.clock.now;
      if (projection.seq === before || clock === undefined) continue;
      for (const key of new Set(findingsOf(projection, days).flatMap(apart).map(keyOfFinding))) {
        const one = open.get(key);
        if (one !== undefined) said.push({ one, seq: projection.seq, clock });
        open.delete(key);
      }
    }
    return said.flatMap(({ one, seq, clock }) => {
      const from = Math.min(...one.shownBy.map((name) => seqOf.get(name) ?? Number.POSITIVE_INFINITY));
      const appearance = projection.appearances.of(from);
      if (appearance === undefined) return [];
      const seconds = Math.max(0, Number((clock - appearance) / 1_000_000_000n));
      return [{ name: nameOf(keyOf(one)), seconds, batches: Math.max(0, seq - from) }];
    });
  } finally {
    projection.close();
  }
}

/** The number of the transaction that first attests an event, by its hash, and of each batch, by its transaction ID. */
function firstSeqs({ transactions, expected }: History): Map<string, number> {
  const known = new Map<string, number>();
  const wanted = new Set(expected.flatMap(({ shownBy }) => shownBy));
  const digests = new Set<string>();
  let seq = 0;
  for (const { fn, args, txId, signer } of transactions) {
    if (fn !== 'Attest') continue;
    const text = args[0] ?? '';
    const digest = `${signer.actor} ${batchDigest(text)}`;
    if (digests.has(digest)) continue;
    digests.add(digest);
    seq += 1;
    if (wanted.has(txId)) known.set(txId, seq);
    for (const { b } of parseBatch(text).entries) {
      const hash = eventHash(b);
      if (wanted.has(hash) && !known.has(hash)) known.set(hash, seq);
    }
  }
  return known;
}
