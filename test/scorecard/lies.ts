import type { DockerEvent, HashedEvent } from '#chaincode';
import type { Seeded } from '../campaign/random.js';
import { containerEvent } from '../reconciler/support/history.js';
import type { Conduct, Entry } from './collecting.js';
import { besides, type Expected } from './expected.js';
import { lateness } from './scene.js';
import { dayAt, PACE, placeOf, WINDOW } from './timing.js';
import { type Happened, QUOTA_OF_FLOODS, type Track, type World } from './world.js';

const SECOND = 1_000_000_000n;

/** What a liar does to single events. */
export const LIES = [
  'left out',
  'altered',
  'moved',
  'moved far',
  'invented',
  'invented source',
  'late',
  'repeated',
  'reordered',
  'moved where no time is told',
] as const;
export type Lie = (typeof LIES)[number];

/** A liar's log while it is made up, with what must be found of it. */
export interface Story {
  readonly world: World;
  readonly actor: string;
  readonly track: Track;
  readonly conduct: Conduct;
  readonly log: Entry[];
  readonly expected: Expected[];
  /** Events of one kind and object are told apart by their times alone: at most one lie about them. */
  readonly used: Set<string>;
  /** Whether those who are honest and saw a second of a source are a majority of its witnesses. */
  readonly isSeen: (source: string, second: number) => boolean;
}

/** Events that a liar may lie about: its own to tell, in batches of which nothing else is wrong. */
function targets({ world, track, conduct, used }: Story): Happened[] {
  return world.truth.filter(
    (happened) =>
      track.sources.includes(happened.source) &&
      !happened.raw.id.endsWith('-odd') &&
      !used.has(kindOf(happened)) &&
      !isSpecial(conduct, placeOf(happened.second)),
  );
}

/** Whether something else is wrong with the batches of a place. */
function isSpecial({ away, withheld, twin }: Conduct, place: number): boolean {
  const isAway = away !== undefined && place >= away.from && place <= away.to;
  return isAway || place === withheld || place === twin?.place;
}

export function kindOf({ source, raw }: Happened): string {
  return JSON.stringify([
    source,
    raw.type,
    raw.action,
    raw.id,
    raw.type === 'network' && raw.attributes.get('container'),
  ]);
}

/** Tells one lie, if there is something to tell it of. */
export function tell(story: Story, lie: Lie, random: Seeded): void {
  const [happened] = random.shuffled(candidatesFor(story, lie));
  const tellers: Readonly<Record<Lie, (happened: Happened) => void>> = {
    'left out': (one) => leaveOut(story, one),
    altered: (one) => retell(story, one, forged(one.raw, story.actor)),
    moved: (one) => move(story, one, random),
    'moved far': (one) => moveFar(story, one, random),
    late: (one) => delay(story, one, random),
    repeated: (one) => repeat(story, one, random),
    reordered: (one) => reorder(story, one),
    // One witness's word moves no median by more than the others' words lie apart.
    'moved where no time is told': (one) =>
      replace(story, one, (entry) => ({ ...entry, t: (BigInt(entry.t ?? '0') + 600n * SECOND).toString() })),
    invented: () => invent(story, random),
    'invented source': () => inventSource(story, random),
  };
  if (happened === undefined) return;
  if (!lie.startsWith('invented')) story.used.add(kindOf(happened));
  tellers[lie](happened);
}

function candidatesFor(story: Story, lie: Lie): Happened[] {
  return targets(story).filter(({ event: { event } }) => {
    if (lie === 'moved where no time is told') return event.time === undefined;
    return event.time !== undefined || lie === 'left out' || lie === 'altered';
  });
}

export function forged(raw: DockerEvent, by: string): DockerEvent {
  return { ...raw, attributes: new Map([...raw.attributes, ['image', `forged by ${by}`]]) };
}

function replace({ log }: Story, { event }: Happened, by: (entry: Entry) => Entry | undefined): void {
  const at = log.findIndex((entry) => entry.event === event);
  const instead = by(log[at] as Entry);
  log.splice(at, 1, ...(instead === undefined ? [] : [instead]));
}

/** What must be said of an event that a liar does not attest. */
export function missingOf(
  { isSeen, actor }: Pick<Story, 'isSeen' | 'actor'>,
  { source, second, event }: Happened,
): Expected {
  const shownBy = [event.hash];
  return isSeen(source, second)
    ? { class: 'missing', verdict: 'stands', about: event.hash, dissent: [actor], shownBy }
    : { class: 'uncorroborated', verdict: 'unresolved', about: event.hash, dissent: [], shownBy };
}

/** What must be said of an event that a liar alone attests. */
export function inventionOf(
  { isSeen, actor }: Pick<Story, 'isSeen' | 'actor'>,
  { hash, event }: HashedEvent,
  second: number,
): Expected {
  const about = { class: 'uncorroborated' as const, about: hash, shownBy: [hash] };
  return isSeen(event.source, second)
    ? { ...about, verdict: 'uncorroborated', dissent: [actor] }
    : { ...about, verdict: 'unresolved', dissent: [] };
}

function leaveOut(story: Story, happened: Happened): void {
  replace(story, happened, () => undefined);
  story.expected.push(missingOf(story, happened));
}

/** Attests another content of an event, told to be of a time within the policy's window. */
export function retell(story: Story, happened: Happened, raw: DockerEvent): void {
  const told = story.world.record(raw, happened.source);
  replace(story, happened, (entry) => ({ ...entry, event: told }));
  const { hash } = happened.event;
  const shownBy = [hash, told.hash];
  story.expected.push(
    story.isSeen(happened.source, happened.second)
      ? { class: 'differs', verdict: 'stands', about: hash, dissent: [story.actor], shownBy }
      : { class: 'differs', verdict: 'unresolved', about: besides([hash, told.hash]), dissent: [], shownBy },
  );
}

/** Where an event may be told to have been, so many seconds away at the least and at the most. */
export function elsewhere({ begin, end }: World, second: number, least: number, most: number, random: Seeded) {
  const places = [1, -1].map((sign) => second + sign * random.whole(least, most));
  return random.shuffled(places).find((to) => to >= begin * PACE && to < end * PACE);
}

function move(story: Story, happened: Happened, random: Seeded): void {
  const to = elsewhere(story.world, happened.second, 1, WINDOW - 60, random);
  if (to !== undefined && story.world.isRecorded(movedTo(happened, to))) retell(story, happened, movedTo(happened, to));
}

/** Told to be of a time so far away that nobody can know it to be the same event. */
function moveFar(story: Story, happened: Happened, random: Seeded): void {
  const to = elsewhere(story.world, happened.second, WINDOW + 60, 3 * WINDOW, random);
  if (to === undefined || !story.world.isRecorded(movedTo(happened, to))) return;
  const told = story.world.record(movedTo(happened, to), happened.source);
  replace(story, happened, (entry) => ({ ...entry, event: told }));
  story.expected.push(missingOf(story, happened), inventionOf(story, told, to));
}

/** An event told to be of another second. */
export function movedTo({ raw, second }: Pick<Happened, 'raw' | 'second'>, to: number): DockerEvent {
  return { ...raw, timeNano: (BigInt(raw.timeNano) + BigInt(to - second) * SECOND).toString() };
}

/** An event of a container that is or of one that never was. */
function invent(story: Story, random: Seeded): void {
  const { world, track, conduct, log } = story;
  const second = random.whole(world.begin * PACE, world.end * PACE - 1);
  const [source] = random.shuffled(track.sources.filter((one) => one.startsWith('engine')));
  if (source === undefined || isSpecial(conduct, placeOf(second))) return;
  const known = targets(story).filter((one) => one.source === source && one.raw.type === 'container');
  const model = random.percent(50) ? known[random.whole(0, known.length - 1)] : undefined;
  const name = model?.raw.id ?? `ghost-${story.actor}-${story.expected.length}`;
  const offset = BigInt(second) * SECOND + BigInt(random.whole(1, 999_999_999));
  const raw = containerEvent(name, model?.raw.action ?? 'start', offset, { note: 'invented' });
  if (model !== undefined) story.used.add(kindOf(model));
  const event = world.record(raw, source);
  log.push({ place: placeOf(second), event });
  story.expected.push(inventionOf(story, event, second));
}

/** Events of an engine that nobody else has heard of, within one place. */
function inventSource(story: Story, random: Seeded): void {
  const { world, conduct, log, actor, track } = story;
  const place = random.whole(world.begin, world.end - 1);
  const source = `ghost-engine-${actor}-${track.collector}`;
  if (isSpecial(conduct, place) || log.some(({ event }) => event.event.source === source)) return;
  const events = Array.from({ length: random.whole(1, 5) }, (_, index) => {
    const offset = BigInt(place * PACE + index * 20) * SECOND + 1n;
    return world.record(containerEvent('ghost', index === 0 ? 'start' : 'kill', offset), source);
  });
  log.push(...events.map((event) => ({ place, event })));
  story.expected.push({
    class: 'uncorroborated',
    verdict: 'uncorroborated',
    about: `${events.length} events of ${source}`,
    dissent: [actor],
    shownBy: events.map(({ hash }) => hash),
  });
}

/** Attests an event long after the grace, having denied it until then. */
function delay(story: Story, happened: Happened, random: Seeded): void {
  const place = placeOf(happened.second) + random.whole(10, 14);
  if (isSpecial(story.conduct, place)) return;
  replace(story, happened, () => undefined);
  story.log.push({ place, event: happened.event });
  story.expected.push(lateness(happened, story.actor));
}

/**
 * An entry once more, in a batch so much later that it does not overtake the first, for no batch may have one twice: a
 * repetition says nothing new.
 */
function repeat({ log, conduct }: Story, { event, second }: Happened, random: Seeded): void {
  const place = placeOf(second) + random.whole(2, 4);
  if (!isSpecial(conduct, place)) log.push({ place, event });
}

/** Numbers an event behind a later one of the same object. */
function reorder(story: Story, { event, second, raw, source }: Happened): void {
  const { log, world, conduct } = story;
  const later = world.truth.find(
    (other) =>
      other.source === source &&
      other.raw.type === raw.type &&
      other.raw.id === raw.id &&
      other.second > second + 2 &&
      !isSpecial(conduct, placeOf(other.second)) &&
      log.some((entry) => entry.event === other.event && entry.place <= placeOf(second) + 1),
  );
  if (later === undefined) return;
  log.splice(
    log.findIndex((entry) => entry.event === event),
    1,
  );
  const behind = log.findIndex((entry) => entry.event === later.event);
  log.splice(behind + 1, 0, { place: (log[behind] as Entry).place, event });
}

/** More events that nobody else saw than the quota allows, all on one day. */
export function flood({ world, actor, track, log, conduct }: Story, random: Seeded): HashedEvent[] {
  const source = track.sources.find((one) => one.startsWith('engine'));
  const places = Array.from({ length: world.end - world.begin }, (_, index) => world.begin + index);
  const day = dayAt((random.shuffled(places)[0] as number) * PACE);
  const onDay = places.filter((place) => dayAt(place * PACE) === day && !isSpecial(conduct, place));
  if (source === undefined || onDay.length === 0) return [];
  return Array.from({ length: QUOTA_OF_FLOODS + random.whole(1, 15) }, (_, index) => {
    const place = onDay[random.whole(0, onDay.length - 1)] as number;
    const offset = BigInt(place * PACE + random.whole(0, PACE - 1)) * SECOND + BigInt(random.whole(1, 999_999));
    const event = world.record(containerEvent(`flood-${actor}-${index}`, 'start', offset), source);
    log.push({ place, event });
    return event;
  });
}
