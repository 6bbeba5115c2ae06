import type { LineReading } from './line-reading.js';
import type { LoneLine, LoneLines } from './lone-lines.js';
import { PlainEvents, type PlainNames } from './plain-event.js';

/** Of longer lines, in bytes, and of longer names digests are recorded. */
const LONGEST = 1 << 13;
const LONGEST_NAME = 256;
/** More contents of one moment are never such a difference. */
export const MOST_CLEAR = 2;

/**
 * Finds differences whose judgement hangs on nothing that is said elsewhere, but for what the logs that lack an event say of
 * its type, action and object at other times: most logs say the same, and the others nothing, or one of them another content.
 */
export class ClearLines {
  readonly #event = new PlainEvents();
  readonly #dissent = new PlainEvents();

  /**
   * @param ignore names of attributes that are not recorded
   * @param logs how many there are
   */
  constructor(
    private readonly reading: LineReading,
    private readonly ignore: readonly string[],
    private readonly logs: number,
  ) {}

  /**
   * Takes note in the lines of one moment whether they are such a difference.
   * @param groups those that say the same
   * @param lineAt a line by its place
   */
  note(lone: LoneLines, groups: readonly (readonly number[])[], lineAt: (row: number) => LoneLine): void {
    if (groups.length > MOST_CLEAR) return;
    const [one = [], two = []] = groups;
    const [most, other] = one.length < two.length ? [two, one] : [one, two];
    const isMajority = most.length * 2 > this.logs && most.length < this.logs;
    const isOneOther = other.length === 0 || (other.length === 1 && most.length + 1 === this.logs);
    if (!isMajority || !isOneOther) return;
    const rows = [...most, ...other];
    if (rows.some((row) => lone.isAstray(row) || lone.lengthOf(row) > LONGEST)) return;
    const event = this.#namesOf(most.map(lineAt), this.#event);
    if (event === undefined) return;
    if (other.length > 0) {
      const said = this.#namesOf(other.map(lineAt), this.#dissent);
      if (said === undefined || !this.#isOtherContent(said, event)) return;
    }
    const kind = { type: event.type, action: actionOf(event) };
    // Of these two lines may tell the same one, whatever their times.
    if (event.scope === 'swarm' && kind.action === 'remove') return;
    if ([kind.type, kind.action, event.id].some(({ length }) => length > LONGEST_NAME)) return;
    const matter = matterNumber(kind.type, kind.action, event.id);
    for (const row of rows) lone.clear(row, kind, matter);
  }

  /** The names in lines that say the same. @returns undefined if one of them must be read in full */
  #namesOf(lines: readonly LoneLine[], plain: PlainEvents): PlainNames | undefined {
    let bytes: Buffer | undefined;
    let names: PlainNames | undefined;
    for (const line of lines) {
      const own = this.reading.bytesOf(line);
      if (bytes?.equals(own)) continue;
      bytes = own;
      names = plain.readNames(own);
      if (names === undefined) return undefined;
    }
    return names;
  }

  /** Whether two events are one of which something else is said: of what a record is made of. */
  #isOtherContent(one: PlainNames, other: PlainNames): boolean {
    if (one.type !== other.type || actionOf(one) !== actionOf(other) || one.id !== other.id) return false;
    // What happens to a network is told apart by the container too.
    if (this.#event.attribute('container') !== this.#dissent.attribute('container')) return false;
    // A cluster's may have no time, and be one with others. Of long values only digests are recorded, which others may have as they are.
    if (one.scope !== other.scope || this.#event.hasLongValue || this.#dissent.hasLongValue) return false;
    return detailOf(one) !== detailOf(other) || this.#event.hasOtherAttributes(this.#dissent, this.ignore);
  }
}

// An action's parts are the record's own `splitAction`, whose code no thread loads for this.
/** Without its detail. */
function actionOf({ action }: PlainNames): string {
  const at = action.indexOf(': ');
  return at < 0 ? action : action.slice(0, at);
}

/** What an action has no detail to say of, and what has an empty one, is the same. */
function detailOf({ action }: PlainNames): string {
  const at = action.indexOf(': ');
  return at < 0 ? '' : action.slice(at + 2);
}

/** A number that events of one type, action and object have in common; others may, by chance or by choice, have it too. */
export function matterNumber(type: string, action: string, object: string): number {
  let sum = 0x811c9dc5;
  for (const text of [type, action, object]) {
    for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
    sum = Math.imul(sum ^ 0xffff, 0x01000193);
  }
  return sum >>> 0;
}
