import type { Seeded } from '../campaign/random.js';
import type { Away, Conduct, Entry } from './collecting.js';
import type { Expected } from './expected.js';
import { nanosAt, PACE, placeOf } from './timing.js';
import type { Arm, Happened, Track, World } from './world.js';

const HOURS = 5 * 3600;
const MINUTES = 300;
/** So long an absence is told as silence; so short a one is not. In places. */
const LONG = { least: 10, most: 13 };
const SHORT = { least: 1, most: 3 };
/**
 * Places between an event and the batch that attests it, from which it is late for sure and below which it is not. In
 * between it depends on which batch moved the ledger clock.
 */
const SURELY_LATE = 8;
const SURELY_IN_TIME = 2;

/** Draws how a collector's batches fare, with nothing wrong about them. */
export function fortuneOf({ skewed }: World, arm: Arm, random: Seeded): Conduct {
  const hours = skewed || (arm === 'honest' && random.percent(50));
  const skew = random.whole(hours ? -HOURS : -MINUTES, hours ? HOURS : MINUTES);
  const slowest = skewed ? 1.2 * PACE : 0.4 * PACE;
  const most = arm === 'honest' && random.percent(20) ? 3 * PACE : slowest;
  return {
    skew,
    delays: Array.from({ length: random.whole(1, 7) }, () =>
      random.percent(30) ? 5 : random.whole(0, Math.floor(most)),
    ),
    sizes: Array.from({ length: random.whole(1, 4) }, () => (random.percent(60) ? 1000 : random.whole(1, 4))),
    retries: random.percent(60) ? 0 : random.whole(2, 9),
  };
}

/** Draws an absence of a collector that comes back. */
export function awayOf({ begin, end }: World, isHonest: boolean, random: Seeded): Away {
  const { least, most } = random.percent(50) ? LONG : SHORT;
  const length = random.whole(least, most);
  const from = random.whole(begin + 1, Math.max(begin + 1, end - length));
  const after = random.percent(60) ? (isHonest || random.percent(60) ? 'declares' : 'hides') : 'catches up';
  return { from, to: from + length, after, newRun: after !== 'catches up' && random.percent(40) };
}

export function isLong({ from, to }: Away): boolean {
  return to - from >= LONG.least;
}

/** What the log of an honest collector has. */
export function logOf({ truth }: World, { actor, sources }: Track): Entry[] {
  const offset = BigInt([...actor].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) * 1_000_000);
  return truth
    .filter(({ source }) => sources.includes(source))
    .map(({ second, event, raw }) => ({
      place: placeOf(second),
      event,
      ...(event.event.time === undefined && { t: (BigInt(raw.timeNano) + offset).toString() }),
    }));
}

/** Whether another collector of the actor watches a source as well. */
export function isWatchedBeside({ tracks }: World, track: Track, source: string): boolean {
  return tracks.some((other) => other !== track && other.actor === track.actor && other.sources.includes(source));
}

/** What must be told of a collector's absence, and what may be. */
export function absenceExpected(
  world: World,
  track: Track,
  away: Away,
  marks: { readonly lastBefore?: string; readonly firstAfter?: string },
): { readonly expected: Expected[]; readonly optional: Expected[] } {
  const { actor } = track;
  const dissent = [actor];
  const expected: Expected[] = [];
  const optional: Expected[] = [];
  const alone = track.sources.filter((source) => !isWatchedBeside(world, track, source));
  for (const source of alone) {
    if (away.after !== 'catches up') {
      const about = `${source}/${actor}/${nanosAt(away.from * PACE)}-${nanosAt(away.to * PACE)}`;
      const shownBy = [marks.firstAfter ?? ''];
      expected.push({ class: 'gap', verdict: 'established', about, dissent, shownBy });
    }
    if (isLong(away)) expected.push(silenceOf(source, actor, marks.lastBefore ?? ''));
  }
  if (away.after === 'catches up') {
    for (const happened of world.truth.filter(({ source }) => alone.includes(source))) {
      const place = placeOf(happened.second);
      if (place < away.from || place >= away.to) continue;
      if (away.to - place >= SURELY_LATE) expected.push(lateness(happened, actor));
      else if (away.to - place > SURELY_IN_TIME) optional.push(lateness(happened, actor));
    }
  }
  return { expected, optional };
}

export function silenceOf(source: string, actor: string, lastSent: string): Expected {
  return {
    class: 'silent',
    verdict: 'established',
    about: `${source}/${actor}`,
    dissent: [actor],
    shownBy: [lastSent],
  };
}

export function lateness({ event }: Happened, actor: string): Expected {
  return { class: 'late', verdict: 'established', about: event.hash, dissent: [actor], shownBy: [event.hash] };
}

/** Tells whether the honest witnesses that saw a second of a source are a majority of all its witnesses. */
export function sight(world: World, aways: ReadonlyMap<Track, Away>): (source: string, second: number) => boolean {
  return (source, second) => {
    const witnesses = world.witnesses(source, second);
    const place = placeOf(second);
    const blind = [...aways].filter(
      ([track, away]) =>
        away.after !== 'catches up' &&
        track.sources.includes(source) &&
        place >= away.from &&
        place < away.to &&
        !isWatchedBeside(world, track, source),
    );
    const seeing = witnesses.filter(
      (actor) => !world.liars.includes(actor) && !blind.some(([track]) => track.actor === actor),
    );
    return seeing.length * 2 > witnesses.length;
  };
}
