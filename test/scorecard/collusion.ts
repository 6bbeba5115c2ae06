import type { HashedEvent } from '#chaincode';
import type { Seeded } from '../campaign/random.js';
import { containerEvent } from '../reconciler/support/history.js';
import type { Entry } from './collecting.js';
import { elsewhere, forged, kindOf, movedTo } from './lies.js';
import { PACE, placeOf, WINDOW } from './timing.js';
import type { Happened, Track, World } from './world.js';

const SECOND = 1_000_000_000n;

/** What a majority of liars tells of one event. */
export interface Collusion {
  readonly lie: 'left out' | 'altered' | 'moved' | 'invented';
  /** Whether all of them tell the same. */
  readonly agreed: boolean;
  /** All contents of the event: what happened, and what was told instead. */
  readonly hashes: readonly string[];
  /** For each liar what its log is made into. */
  readonly tellings: ReadonlyMap<string, (log: Entry[], track: Track) => Entry[]>;
}

/** Draws what the liars tell; no two lies are about events that could be taken for one another. */
export function collude(world: World, random: Seeded): Collusion[] {
  const used = new Set<string>();
  const collusions: Collusion[] = [];
  for (let count = random.whole(1, 4); count > 0; count--) {
    const lie = random.shuffled(['left out', 'altered', 'moved', 'invented'] as const)[0] ?? 'altered';
    const agreed = lie === 'left out' || random.percent(60);
    const candidates = world.truth.filter(
      (one) => one.event.event.time !== undefined && one.raw.type === 'container' && !used.has(kindOf(one)),
    );
    if (lie === 'invented') collusions.push(invention(world, agreed, collusions.length, random));
    else {
      const happened = candidates[random.whole(0, candidates.length - 1)];
      if (happened === undefined) continue;
      used.add(kindOf(happened));
      collusions.push(retelling(world, happened, lie, agreed, random));
    }
  }
  return collusions;
}

function invention(world: World, agreed: boolean, number: number, random: Seeded): Collusion {
  const second = random.whole(world.begin * PACE, world.end * PACE - 1);
  const source = 'engine-1';
  const told = world.liars.map((_, index) => {
    const offset = BigInt(second) * SECOND + 1n;
    const raw = containerEvent(`ghost-${number}`, 'kill', offset, {
      note: agreed ? 'invented' : `invented by ${index}`,
    });
    return world.record(forged(raw, agreed ? 'all' : `${index}`), source);
  });
  const tellings = world.liars.map(
    (liar, index) =>
      [
        liar,
        (log: Entry[], { sources }: Track) =>
          sources.includes(source) ? [...log, { place: placeOf(second), event: told[index] as HashedEvent }] : log,
      ] as const,
  );
  return { lie: 'invented', agreed, hashes: [...new Set(told.map(({ hash }) => hash))], tellings: new Map(tellings) };
}

function retelling(
  world: World,
  { raw, source, second, event }: Happened,
  lie: 'left out' | 'altered' | 'moved',
  agreed: boolean,
  random: Seeded,
): Collusion {
  const contentOf = (who: string) => {
    if (lie === 'left out') return undefined;
    const to = lie === 'moved' ? elsewhere(world, second, 1, WINDOW / 2, random) : undefined;
    if (to === undefined) return world.record(forged(raw, who), source);
    return world.record(movedTo({ raw, second }, to), source);
  };
  const common = contentOf('all');
  const told = new Map(world.liars.map((liar) => [liar, agreed ? common : contentOf(liar)]));
  const tellings = [...told].map(
    ([liar, content]) =>
      [
        liar,
        (log: Entry[]) =>
          log.flatMap((entry) => {
            if (entry.event !== event) return [entry];
            return content === undefined ? [] : [{ ...entry, event: content }];
          }),
      ] as const,
  );
  const hashes = [event.hash, ...[...told.values()].flatMap((content) => content?.hash ?? [])];
  return { lie, agreed, hashes: [...new Set(hashes)], tellings: new Map(tellings) };
}
