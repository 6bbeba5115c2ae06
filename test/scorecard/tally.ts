import { FINDING_CLASSES } from '../../reconciler/judgement.js';
import type { Outcome } from './outcome.js';
import { nameOf } from './row-name.js';

/** Of one class, or of one class that names nobody. */
export interface Row {
  readonly name: string;
  expected: number;
  found: number;
  falseOnes: number;
  readonly seconds: number[];
  readonly batches: number[];
}

/** What all histories of an arm gave. */
export interface ArmTally {
  histories: number;
  transactions: number;
  allowed: number;
  readonly rows: Map<string, Row>;
}

/** What a scorecard says. */
export interface Tally {
  readonly arms: Map<Outcome['arm'], ArmTally>;
  readonly actors: Map<number, number>;
  readonly collusions: { unresolved: number; minorityAccused: number; unseen: number };
  /** What was missed or found falsely, with how to see it again. */
  readonly faults: string[];
}

export function tallyOf(outcomes: Iterable<Outcome>): Tally {
  const tally: Tally = {
    arms: new Map(),
    actors: new Map(),
    collusions: { unresolved: 0, minorityAccused: 0, unseen: 0 },
    faults: [],
  };
  for (const outcome of outcomes) add(tally, outcome);
  return tally;
}

function add(tally: Tally, outcome: Outcome): void {
  const { arm, seed, index, hits, misses, falseOnes, detections, collusions } = outcome;
  const known = tally.arms.get(arm) ?? { histories: 0, transactions: 0, allowed: 0, rows: new Map<string, Row>() };
  tally.arms.set(arm, known);
  known.histories += 1;
  known.transactions += outcome.transactions;
  known.allowed += outcome.allowed;
  if (arm === 'one') tally.actors.set(outcome.actors, (tally.actors.get(outcome.actors) ?? 0) + 1);
  for (const key of [...hits, ...misses]) rowOf(known, nameOf(key)).expected += 1;
  for (const key of hits) rowOf(known, nameOf(key)).found += 1;
  for (const key of falseOnes) rowOf(known, nameOf(key)).falseOnes += 1;
  for (const { name, seconds, batches } of detections) {
    rowOf(known, name).seconds.push(seconds);
    rowOf(known, name).batches.push(batches);
  }
  for (const name of ['unresolved', 'minorityAccused', 'unseen'] as const) tally.collusions[name] += collusions[name];
  const again = `--seed ${seed} --only ${index}`;
  tally.faults.push(
    ...misses.map((key) => `missed: ${key} (${again})`),
    ...falseOnes.map((key) => `false: ${key} (${again})`),
    ...(collusions.unseen > 0 ? [`unseen: ${collusions.unseen} (${again})`] : []),
  );
}

function rowOf({ rows }: ArmTally, name: string): Row {
  const known = rows.get(name) ?? { name, expected: 0, found: 0, falseOnes: 0, seconds: [], batches: [] };
  rows.set(name, known);
  return known;
}

/** In the order of the classes. */
export function sortedRows({ rows }: ArmTally): Row[] {
  const place = ({ name }: Row) => FINDING_CLASSES.findIndex((one) => name.startsWith(one));
  return [...rows.values()].sort((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1));
}

/** 1 where nothing was found, or nothing was to be found. */
export function precisionOf({ found, falseOnes }: Row): number {
  return found + falseOnes === 0 ? 1 : found / (found + falseOnes);
}

export function recallOf({ expected, found }: Row): number {
  return expected === 0 ? 1 : found / expected;
}
