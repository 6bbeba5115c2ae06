import stringify from 'fast-json-stable-stringify';
import type { CanonicalEvent } from '#chaincode';
import { majorityOf } from '../ledger/ledger-clock.js';
import { nanosOf } from '../ledger/policy-book.js';
import type { JudgedEvent, Vantage } from './input.js';
import type { Standing } from './standing.js';

/** An event that stands, with the other contents that dissenting actors attest instead. */
export interface Pair {
  readonly standing: Standing;
  /** Who attests it and no other content of it. */
  readonly majority: readonly string[];
  /** By actor, sorted; several dissenters may share a variant, one that attests the event too may have several. */
  readonly dissent: readonly { readonly actor: string; readonly variant: Standing }[];
}

/** Contents of one event of which none has a majority. */
export type Cluster = readonly Standing[];

export interface Pairing {
  readonly pairs: readonly Pair[];
  readonly clusters: readonly Cluster[];
}

/** What two contents share that are told to be of one event, strictest first. */
const SHARED: readonly ((event: JudgedEvent) => string)[] = [
  ({ time }) => time,
  ({ event }) => stringify(event.attributes),
  () => '',
];

/**
 * Finds the variants of one event: what an actor lacks and what it alone says of the same source, type, action and
 * object, majority against each dissenter; equal time first, then equal attributes in order of time, then the rest in
 * order of time within the policy's window. What no majority attests is put side by side in the same way.
 */
export function pairVariants(standings: readonly Standing[], vantage: Vantage): Pairing {
  const pairs: Pair[] = [];
  const clusters: Cluster[] = [];
  for (const group of groupsOf(standings)) {
    const [only, another] = group;
    if (only !== undefined && another === undefined) {
      if (isAlone(only)) clusters.push([only]);
      continue;
    }
    const used = new Set<Standing>();
    for (const pair of pairGroup(group, used, vantage)) {
      if (isMajority(pair)) pairs.push(pair);
      // Without those who attest both no content has a majority.
      else clusters.push([pair.standing, ...new Set(pair.dissent.map(({ variant }) => variant))]);
    }
    clusters.push(
      ...clusterGroup(
        group.filter((standing) => isAlone(standing) && !used.has(standing)),
        vantage,
      ).flatMap(deniedApart),
    );
  }
  return { pairs, clusters };
}

function pairGroup(group: readonly Standing[], used: Set<Standing>, vantage: Vantage): Pair[] {
  const dissent = new Map<Standing, { actor: string; variant: Standing }[]>();
  const dissenters = new Set(group.filter(isDissented).flatMap(({ lacking }) => lacking.map(({ actor }) => actor)));
  for (const actor of [...dissenters].sort()) {
    const lacks = group.filter(
      (standing) => isDissented(standing) && standing.lacking.some((who) => who.actor === actor),
    );
    const says = group.filter((standing) => isVariant(standing, vantage) && standing.attesters.includes(actor));
    for (const [standing, variant] of match(lacks, says, vantage)) {
      used.add(variant);
      dissent.set(standing, [...(dissent.get(standing) ?? []), { actor, variant }]);
    }
  }
  return [...dissent].map(([standing, list]) => withoutDoubles(standing, list));
}

/**
 * An actor that attests both contents counts for neither: it stands with the dissenters. Where the other content is one
 * that a majority could not have seen, both may have happened.
 */
function withoutDoubles(standing: Standing, dissent: Pair['dissent']): Pair {
  const variants = [...new Set(dissent.map(({ variant }) => variant))].filter(isAlone);
  const doubles = standing.attesters.flatMap((actor) =>
    variants.filter(({ attesters }) => attesters.includes(actor)).map((variant) => ({ actor, variant })),
  );
  const majority = standing.attesters.filter((attester) => !doubles.some(({ actor }) => actor === attester));
  const all = [...dissent, ...doubles].sort((a, b) => (a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : 0));
  return { standing, majority, dissent: all };
}

function isMajority({ standing: { expected }, majority }: Pair): boolean {
  return expected.filter((witness) => majority.includes(witness)).length >= majorityOf(expected.length);
}

/**
 * Actor by actor, each one's contents beside those of the actors before it: those with few contents first, for whoever
 * attests several of one event counts for none, then in order of name.
 */
function clusterGroup(group: readonly Standing[], vantage: Vantage): Cluster[] {
  const clusters: Standing[][] = [];
  const contents = (actor: string) => group.filter(({ attesters }) => attesters.includes(actor)).length;
  const actors = [...new Set(group.flatMap(({ attesters }) => attesters))]
    .map((actor) => ({ actor, contents: contents(actor) }))
    .sort((a, b) => a.contents - b.contents || (a.actor < b.actor ? -1 : 1))
    .map(({ actor }) => actor);
  const placed = new Set<Standing>();
  for (const actor of actors) {
    const own = group.filter((standing) => standing.attesters.includes(actor) && !placed.has(standing));
    const open = clusters.filter((cluster) => !cluster.some(({ attesters }) => attesters.includes(actor)));
    const byFirst = new Map(open.map((cluster) => [cluster[0] as Standing, cluster]));
    for (const [first, standing] of match([...byFirst.keys()], own, vantage)) {
      byFirst.get(first)?.push(standing);
      placed.add(standing);
    }
    for (const standing of own.filter((candidate) => !placed.has(candidate))) {
      clusters.push([standing]);
      placed.add(standing);
    }
  }
  return clusters;
}

/** Contents all of which a majority denies are of nothing that happened: each is its attesters' own invention. */
function deniedApart(cluster: Cluster): Cluster[] {
  const [first] = cluster;
  if (first === undefined) return [];
  const deniers = first.expected.filter((actor) =>
    cluster.every(({ lacking }) => lacking.some((one) => one.actor === actor && one.by === 'watch')),
  );
  const isDenied = deniers.length >= majorityOf(first.expected.length);
  return isDenied ? cluster.map((content) => [content]) : [cluster];
}

/** Pairs the elements of two lists by what they share, the most first; each element at most once. */
function match(left: readonly Standing[], right: readonly Standing[], vantage: Vantage): [Standing, Standing][] {
  const pairs: [Standing, Standing][] = [];
  let restLeft = [...left].sort(byTime);
  let restRight = [...right].sort(byTime);
  for (const sharedOf of SHARED) {
    if (restLeft.length === 0 || restRight.length === 0) break;
    const matched = matchInOrder(restLeft, restRight, sharedOf, vantage);
    const taken = new Set(matched.flat());
    restLeft = restLeft.filter((a) => !taken.has(a));
    restRight = restRight.filter((b) => !taken.has(b));
    pairs.push(...matched);
  }
  return pairs;
}

/** Goes through both lists in order of time once: an actor may attest very many contents of one object. */
function matchInOrder(
  left: readonly Standing[],
  right: readonly Standing[],
  sharedOf: (event: JudgedEvent) => string,
  vantage: Vantage,
): [Standing, Standing][] {
  const queues = new Map<string, { readonly waiting: Standing[]; next: number }>();
  for (const b of right) {
    const shared = sharedOf(b.event);
    const queue = queues.get(shared);
    if (queue === undefined) queues.set(shared, { waiting: [b], next: 0 });
    else queue.waiting.push(b);
  }
  return left.flatMap((a): [Standing, Standing][] => {
    const queue = queues.get(sharedOf(a.event));
    if (queue === undefined) return [];
    const same = queue.waiting[queue.next];
    // Nearly always; and what is of the same moment is neither too early nor too late.
    if (same?.event.time === a.event.time) {
      queue.next += 1;
      return [[a, same]];
    }
    const window = nanosOf(vantage.policyAt(a.event.time)?.policy.window ?? 0);
    const time = BigInt(a.event.time);
    // What is too early for this one is so for those after it.
    while (isBefore(queue.waiting[queue.next], time - window)) queue.next += 1;
    const b = queue.waiting[queue.next];
    if (b === undefined || BigInt(b.event.time) > time + window) return [];
    queue.next += 1;
    return [[a, b]];
  });
}

function isBefore(standing: Standing | undefined, time: bigint): boolean {
  return standing !== undefined && BigInt(standing.event.time) < time;
}

function isDissented({ verdict, lacking }: Standing): boolean {
  return verdict === 'stands' && lacking.length > 0;
}

/** Decided, and no majority attests it. */
function isAlone({ verdict }: Standing): boolean {
  return verdict === 'uncorroborated' || verdict === 'unresolved';
}

/**
 * Whether an event may be what a dissenter says instead. One that the others cannot have seen (they were blind, or their
 * watches do not reach there) may; but while its time is near the ledger clock they may only be a moment behind.
 */
function isVariant(standing: Standing, vantage: Vantage): boolean {
  if (isAlone(standing) || standing.verdict === 'unobservable') return true;
  const grace = vantage.policyAt(standing.event.time)?.policy.grace;
  if (standing.verdict !== 'pending' || grace === undefined || vantage.clock === undefined) return false;
  const apart = BigInt(standing.event.time) - vantage.clock;
  return (apart < 0n ? -apart : apart) > nanosOf(grace);
}

/** What contents must have in common to be of one event. */
export function matterOf({
  source,
  type,
  action,
  object,
  attributes,
}: Pick<CanonicalEvent, 'source' | 'type' | 'action' | 'object' | 'attributes'>): string {
  const container = type === 'network' && typeof attributes === 'object' ? attributes.container : undefined;
  return JSON.stringify([source, type, action, object, container]);
}

/** As `matterOf`: its attributes, which may be much, are looked at only where they matter. */
function matterOfEvent(judged: JudgedEvent): string {
  const { source, type, action, object } = judged;
  const attributes = type === 'network' ? judged.event.attributes : {};
  return matterOf({ source: source.name, type, action, object, attributes });
}

function groupsOf(standings: readonly Standing[]): Standing[][] {
  const groups = new Map<string, Standing[]>();
  for (const standing of standings.filter(({ sourceExists }) => sourceExists)) {
    const key = matterOfEvent(standing.event);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [standing]);
    else group.push(standing);
  }
  return [...groups.values()];
}

function byTime(a: Standing, b: Standing): number {
  if (a.event.time !== b.event.time) return a.event.time < b.event.time ? -1 : 1;
  return a.event.hash < b.event.hash ? -1 : 1;
}
