import { isRecorded, type Policy } from '#chaincode';
import type { IsBlind } from './differences.js';
import type { EventKind, LoneLines, MomentRows } from './lone-lines.js';

const SECONDS_A_DAY = 86_400;
const MOST_LOGS = 1 << 8;

/** Differences that are judged alike, and need not be told one by one. */
export interface CountedDifferences {
  readonly class: 'missing' | 'differs';
  /** The logs that lack the event, or tell it otherwise. */
  readonly dissent: readonly number[];
  readonly events: number;
  /** Of each log how many contents it has of them. */
  readonly attested: readonly number[];
}

/** What is said where not all is known that a judgement hangs on. */
export interface SaidElsewhere {
  /** Whether anything else is said of what is of that number: by a log of its own, or by any in a line that tells no time. */
  isSaid(log: number | undefined, matter: number): boolean;
  readonly isBlind: IsBlind;
}

/** How many lines each log may have alone on each day: no fewer than there are contents that it alone has. */
export class SoleLines {
  /** By day and log. */
  readonly #counts = new Map<number, number>();

  constructor(lone: LoneLines) {
    for (const moment of lone.moments()) {
      const areHeld = lone.isClear(moment);
      for (const row of moment) {
        if (areHeld && !lone.isSole(row, moment)) continue;
        this.add(lone.logOf(row), lone.momentOf(row).seconds);
      }
    }
  }

  add(log: number, seconds: number): void {
    const key = keyOf(log, seconds);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  of(log: number, seconds: number): number {
    return this.#counts.get(keyOf(log, seconds)) ?? 0;
  }
}

/**
 * Judges differences of which many are told as one: the first ones are left to be read and told, the others are counted by
 * class and dissent, which tells all that would be told of them.
 */
export class ClearMoments {
  readonly #counted = new Map<
    string,
    Omit<CountedDifferences, 'attested' | 'events'> & { events: number; attested: number[] }
  >();
  readonly #soles: SoleLines;
  readonly #most: number;
  readonly #told = new Map<string, number>();
  readonly #recorded = new Map<EventKind, boolean>();
  readonly #logs: readonly number[];

  /**
   * @param lone where they lie
   * @param logs how many there are
   * @param most so many of one class and dissent are told one by one
   */
  constructor(
    private readonly policy: Policy,
    private readonly lone: LoneLines,
    { logs, soles, most }: { readonly logs: number; readonly soles: SoleLines; readonly most: number },
  ) {
    this.#logs = Array.from({ length: logs }, (_, log) => log);
    this.#soles = soles;
    this.#most = most;
  }

  get counted(): readonly CountedDifferences[] {
    return [...this.#counted.values()];
  }

  /**
   * Counts a clear moment, in order of time, or has it read.
   * @param read reads and tells it, if there is room for that
   */
  take(moment: MomentRows, elsewhere: SaidElsewhere, read: () => boolean): void {
    const { lone } = this;
    const first = moment[0] as number;
    const kind = lone.kindOf(first);
    if (kind === undefined || !this.#isRecorded(kind)) return;
    const present = moment.map((row) => lone.logOf(row));
    const absent = this.#logs.filter((log) => !present.includes(log));
    const sole = moment.filter((row) => lone.isSole(row, moment));
    const time = lone.momentOf(first);
    const matter = lone.matterOf(first);
    // In a hole nobody denies anything, not even one that says something else; and what others say then lies in it.
    const isBlind = this.#logs.some((log) => elsewhere.isBlind(log, time));
    const isSaid = elsewhere.isSaid(undefined, matter) || absent.some((log) => elsewhere.isSaid(log, matter));
    const isFlood = sole.some((row) => this.#soles.of(lone.logOf(row), time.seconds) > this.policy.quota);
    if (isBlind || isSaid || isFlood) {
      read();
      return;
    }
    const about = { class: absent.length > 0 ? ('missing' as const) : ('differs' as const) };
    const dissent = absent.length > 0 ? absent : sole.map((row) => lone.logOf(row));
    const key = `${about.class} ${dissent.join()}`;
    const told = this.#told.get(key) ?? 0;
    // The first that is not told one by one gives what is told of all of them its name.
    if (told <= this.#most) {
      if (read()) this.#told.set(key, told + 1);
      return;
    }
    const known = this.#counted.get(key) ?? { ...about, dissent, events: 0, attested: this.#logs.map(() => 0) };
    this.#counted.set(key, known);
    known.events++;
    for (const log of new Set(present)) known.attested[log] = (known.attested[log] as number) + 1;
  }

  #isRecorded(kind: EventKind): boolean {
    const known = this.#recorded.get(kind);
    if (known !== undefined) return known;
    const is = isRecorded(this.policy, kind);
    this.#recorded.set(kind, is);
    return is;
  }
}

function keyOf(log: number, seconds: number): number {
  return Math.floor(seconds / SECONDS_A_DAY) * MOST_LOGS + log;
}
