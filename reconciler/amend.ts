import { addSeconds, type Day, dayOf, dayStart, padNanos } from '#chaincode';
import { changesBetween } from './amendment.js';
import { type JudgedDay, judgeDay } from './judge/judge-day.js';
import type { DayJudgement } from './judgement.js';
import { type KeptDay, keepAmended, lastSaid } from './kept-days.js';
import { type Db, prepared } from './projection/database.js';
import type { Projection } from './projection/projection.js';
import type { CarriedContainer } from './running/day.js';

interface SealedDay {
  readonly day: Day;
  /** The sealing transaction. */
  readonly seq: number;
}

/** What later transactions changed, and the containers that the last sealed day leaves running by that. */
interface Amendments {
  readonly amends: DayJudgement['amends'];
  /** Left out where no day is sealed. */
  readonly carry?: readonly CarriedContainer[];
}

/** The last sealed day, of those before another if that is given. */
export function lastSealed({ db }: Projection, before?: Day): SealedDay | undefined {
  const last =
    before === undefined
      ? prepared(db, 'SELECT max(day) FROM days').pluck().get()
      : prepared(db, 'SELECT max(day) FROM days WHERE day < ?').pluck().get(before);
  return typeof last === 'string' ? { day: last, seq: sealedAt(db, last) } : undefined;
}

/** Sealed days stay as they are: a row is long, what is said of it once is asked for with each block. */
const SEALED_AT = new WeakMap<Db, Map<Day, number>>();

function sealedAt(db: Db, day: Day): number {
  const known = SEALED_AT.get(db) ?? new Map<Day, number>();
  SEALED_AT.set(db, known);
  const seq = known.get(day) ?? (prepared(db, 'SELECT seq FROM days WHERE day = ?').pluck().get(day) as number);
  known.set(day, seq);
  return seq;
}

/**
 * Attestations of the days that one seal judges anew, besides those near to the day that is sealed: a single late word may touch
 * any sealed day, and whoever says one of each would have all of them judged with every seal. What is beyond waits for the next.
 */
const MOST_ANEW = 1_000_000;

/**
 * Amends the sealed days for the report of the day that is sealed now, and keeps what is said of them. Their own reports
 * stay as they are.
 */
export function amendSealed(projection: Projection, next: Day, most = MOST_ANEW): DayJudgement['amends'] {
  const { amends, judged, waiting, turn } = judgeAnew(projection, next, most);
  if (turn !== undefined) {
    prepared(projection.db, "INSERT OR REPLACE INTO meta (key, value) VALUES ('amended', ?)").run(turn);
  }
  for (const day of waiting) projection.touched.add(day);
  for (const [day, anew] of judged) {
    keepAmended(projection, anew);
    projection.touched.judged(day);
    // What is not decided yet is decided by the clock, with nothing said of it.
    if (anew.judgement.coverage.pending > 0) projection.touched.add(day);
  }
  return amends;
}

/** The amendments that the report of an open day has, as things stand. */
export function amendments(projection: Projection, next: Day): Amendments {
  const { amends, judged } = judgeAnew(projection, next, MOST_ANEW);
  const last = lastSealed(projection);
  if (last === undefined) return { amends };
  return { amends, carry: (judged.get(last.day) ?? lastSaid(projection, last.day)).carry };
}

interface JudgedAnew {
  readonly amends: DayJudgement['amends'];
  readonly judged: ReadonlyMap<Day, JudgedDay>;
  /** Days that are to be judged anew, and for which there was no room. */
  readonly waiting: readonly Day[];
  /** Up to which day they had their turn; undefined where none had to. */
  readonly turn: Day | undefined;
}

/**
 * Judges the sealed days anew whose verdicts may have changed: those of which something was said since, and those so
 * near to the next day that its events may be variants of theirs.
 */
function judgeAnew(projection: Projection, next: Day, most: number): JudgedAnew {
  const { db } = projection;
  const window = projection.policies.at(padNanos(dayStart(next)))?.policy.window ?? 0;
  const near = db
    .prepare('SELECT day FROM days WHERE day >= ? ORDER BY day')
    .pluck()
    .all(dayOf(addSeconds(dayStart(next), -2 * window))) as Day[];
  const touched = new Set(projection.touched.days);
  const room = new Room(projection, near, most);
  const far = inTurn(
    [...touched].filter((day) => !near.includes(day)),
    prepared(db, "SELECT value FROM meta WHERE key = 'amended'").pluck().get() as Day | undefined,
  );
  let turn: Day | undefined;
  for (const day of far) {
    // The first for which there is no room is the first the next time: so none waits for ever.
    if (!room.hasFor(day)) break;
    turn = day;
  }
  const waiting = new Set<Day>();
  const judged = new Map<Day, JudgedDay>();
  const amends: DayJudgement['amends'][number][] = [];
  // A changed day may leave other containers running, which changes the next: so in order, and the list may grow.
  const days = new Set([...near, ...touched].sort());
  for (const day of [...days]) {
    for (let at: Day | undefined = day; at !== undefined && !judged.has(at); ) {
      if (!room.hasFor(at)) {
        waiting.add(at);
        break;
      }
      const change = judgeSealed(projection, at, judged, touched);
      if (change === undefined) break;
      const { said, now, following } = change;
      const changes = changesBetween(said.judgement, now.judgement);
      amends.push(...changes);
      const isCarried = JSON.stringify(said.carry) !== JSON.stringify(now.carry);
      if (changes.length > 0 || isCarried || touched.has(at)) judged.set(at, now);
      if (isCarried && following !== undefined) touched.add(following);
      at = isCarried ? following : undefined;
    }
  }
  const [first] = [...waiting].sort();
  if (first !== undefined) amends.unshift({ day: first, id: 'waiting', change: waitingFor(waiting.size) });
  return { amends, judged, waiting: [...waiting], turn };
}

function waitingFor(count: number): string {
  const days = count === 1 ? '1 sealed day' : `${count} sealed days`;
  return `${days} of which something was said since, or from this one on: judged anew when the next days are sealed`;
}

/** Days in order, beginning behind the one that had its turn last: so none waits for ever. */
function inTurn(days: readonly Day[], last: Day = ''): Day[] {
  const sorted = [...days].sort();
  return [...sorted.filter((day) => day > last), ...sorted.filter((day) => day <= last)];
}

/** Which days one seal may judge anew: those that are near, one more at the least, and what costs no more than so much. */
class Room {
  readonly #days: Set<Day>;
  readonly #full = new Set<Day>();
  #isFirst = true;

  constructor(
    private readonly projection: Projection,
    near: readonly Day[],
    private left: number,
  ) {
    this.#days = new Set(near);
  }

  /** Whether there is room for a day, which it has from then on. */
  hasFor(day: Day): boolean {
    if (this.#days.has(day)) return true;
    if (this.#full.has(day)) return false;
    const cost = this.projection.tallies.total(day);
    if (!this.#isFirst && cost > this.left) {
      this.#full.add(day);
      return false;
    }
    this.#isFirst = false;
    this.left -= cost;
    this.#days.add(day);
    return true;
  }
}

/** @returns undefined for a day that was sealed at the latest transaction: nothing has come since */
function judgeSealed(
  projection: Projection,
  day: Day,
  judged: ReadonlyMap<Day, JudgedDay>,
  touched: ReadonlySet<Day>,
): { readonly said: KeptDay; readonly now: JudgedDay; readonly following: Day | undefined } | undefined {
  const { db } = projection;
  const seq = sealedAt(db, day);
  if (seq === projection.seq && !touched.has(day)) return undefined;
  const previous = lastSealed(projection, day);
  const said = lastSaid(projection, day);
  const isSame = !touched.has(day) && said.judgement.coverage.pending === 0;
  const carried = previous === undefined ? [] : (judged.get(previous.day) ?? lastSaid(projection, previous.day)).carry;
  const now = judgeDay(projection, day, {
    carried,
    sealed: false,
    conduct: { after: previous?.seq ?? 0, upTo: seq },
    amends: [],
    ...(isSame && { before: said }),
  });
  const following = db.prepare('SELECT min(day) FROM days WHERE day > ?').pluck().get(day) as Day | null;
  return { said, now, following: following ?? undefined };
}
