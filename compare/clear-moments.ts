import { isRecorded, type Policy } from '#chaincode';
import type { IsBlind } from './differences.js';
import type { HeldLine, LoneLines } from './lone-lines.js';

const SECONDS_A_DAY = 86_400;

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

/** Whether all is known of the lines of a moment that their judgement hangs on, as far as they themselves tell. */
export function isClear(moment: readonly HeldLine[]): boolean {
  const [first] = moment;
  return moment.every(({ kind, among }) => kind !== undefined && among === first?.among);
}

/** How many lines each log may have alone on each day: no fewer than there are contents that it alone has. */
export class SoleLines {
  readonly #counts = new Map<string, number>();

  constructor(lone: LoneLines) {
    for (const moment of lone.moments()) {
      const areHeld = isClear(moment);
      for (const line of moment) {
        if (areHeld && moment.some((other) => other !== line && other.alike === line.alike)) continue;
        this.add(line.log, line.seconds);
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
  readonly #counted = new Map<string, { -readonly [Key in keyof CountedDifferences]: CountedDifferences[Key] }>();
  readonly #told = new Map<string, number>();

  /**
   * @param logs how many there are
   * @param most so many of one class and dissent are told one by one
   */
  constructor(
    private readonly policy: Policy,
    private readonly logs: number,
    private readonly soles: SoleLines,
    private readonly most: number,
  ) {}

  get counted(): readonly CountedDifferences[] {
    return [...this.#counted.values()];
  }

  /**
   * Counts a clear moment, in order of time, or has it read.
   * @param read reads and tells it, if there is room for that
   */
  take(moment: readonly HeldLine[], elsewhere: SaidElsewhere, read: () => boolean): void {
    const [first] = moment;
    if (first?.kind === undefined) return;
    if (!isRecorded(this.policy, first.kind)) return;
    const sole = moment.filter((line) => moment.every((other) => other === line || other.alike !== line.alike));
    const present = new Set(moment.map(({ log }) => log));
    const logs = Array.from({ length: this.logs }, (_, log) => log);
    const absent = logs.filter((log) => !present.has(log));
    // In a hole nobody denies anything, not even one that says something else; and what others say then lies in it.
    const isBlind = logs.some((log) => elsewhere.isBlind(log, first));
    const isSaid = [undefined, ...absent].some((log) => elsewhere.isSaid(log, first.matter));
    const isFlood = sole.some(({ log, seconds }) => this.soles.of(log, seconds) > this.policy.quota);
    if (isBlind || isSaid || isFlood) {
      read();
      return;
    }
    const about = { class: absent.length > 0 ? ('missing' as const) : ('differs' as const) };
    const dissent = absent.length > 0 ? absent : sole.map(({ log }) => log);
    const key = `${about.class} ${dissent.join()}`;
    const told = this.#told.get(key) ?? 0;
    // The first that is not told one by one gives what is told of all of them its name.
    if (told <= this.most) {
      if (read()) this.#told.set(key, told + 1);
      return;
    }
    const known = this.#counted.get(key) ?? { ...about, dissent, events: 0, attested: new Array(this.logs).fill(0) };
    this.#counted.set(key, known);
    known.events++;
    known.attested = known.attested.map((events, log) => events + (present.has(log) ? 1 : 0));
  }
}

function keyOf(log: number, seconds: number): string {
  return `${log}/${Math.floor(seconds / SECONDS_A_DAY)}`;
}
