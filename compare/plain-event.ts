import { isUtf8 } from 'node:buffer';
import type { DockerEvent } from '#chaincode';
import { BACKSLASH, QUOTE } from './ascii.js';
import { isNumber } from './line-scan.js';
import { Members } from './members.js';

/** What an event is called by: all of it but its time and attributes. */
export type PlainNames = Pick<DockerEvent, 'scope' | 'type' | 'action' | 'id'>;

/** Of a longer value, in bytes, a digest is recorded. The record's own number, whose code no thread loads for this. */
const MAX_VALUE_BYTES = 1024;

/** Reads lines as Docker writes them at a fraction of a full reading's price. */
export class PlainEvents {
  readonly #members = new Members();
  #bytes: Buffer = Buffer.alloc(0);

  /**
   * The event of a line all of whose values are texts without escapes, or numbers: what `parseDockerEvent` gives.
   * @returns undefined for any other line, which a full reading may take or refuse
   */
  read(bytes: Buffer): DockerEvent | undefined {
    const names = this.readNames(bytes);
    if (names === undefined) return undefined;
    const attributes = new Map<string, string>();
    for (const { name, value } of this.#attributes) attributes.set(name, this.#textOf(value) as string);
    const time = this.#members.shape?.time as number;
    const { from, to } = this.#members.placeOf(time);
    return { ...names, attributes, timeNano: bytes.toString('latin1', from, to) };
  }

  /** As `read`, of the names alone. */
  readNames(bytes: Buffer): PlainNames | undefined {
    const members = this.#members;
    this.#bytes = bytes;
    if (bytes.includes(BACKSLASH) || !members.read(bytes, 0, bytes.length)) return undefined;
    const { shape } = members;
    if (shape?.attributes === undefined) return undefined;
    for (let value = 0; value < shape.values; value++) if (!this.#isPlain(value)) return undefined;
    const [type, action, id] = [this.#textOf(shape.type), this.#textOf(shape.action), this.#textOf(shape.id)];
    const scope = shape.scope < 0 ? 'local' : this.#textOf(shape.scope);
    if (scope !== 'local' && scope !== 'swarm') return undefined;
    if (!isName(type) || !isName(action) || id === undefined) return undefined;
    if (!shape.attributes.every(({ value }) => this.#isText(value))) return undefined;
    const { from, to } = members.placeOf(shape.time);
    return isNumber(bytes, from, to) ? { scope, type, action, id } : undefined;
  }

  /**
   * Whether another event of which the names were read has other attributes.
   * @param ignore names of attributes that do not count
   * @returns false too where only a full reading can tell
   */
  hasOtherAttributes(other: PlainEvents, ignore: readonly string[]): boolean {
    if (!isUtf8(this.#bytes) || !isUtf8(other.#bytes)) return false;
    const counts = ({ name }: { readonly name: string }) => !ignore.includes(name);
    const [mine, others] =
      ignore.length === 0
        ? [this.#attributes, other.#attributes]
        : [this.#attributes.filter(counts), other.#attributes.filter(counts)];
    if (mine.length !== others.length) return true;
    for (const [at, { name, value }] of mine.entries()) {
      const theirs = others[at]?.name === name ? others[at] : others.find((one) => one.name === name);
      if (theirs === undefined || !this.#isSameValue(value, other, theirs.value)) return true;
    }
    return false;
  }

  /** Whether the event of which the names were read has a value so long that a digest is recorded of it. */
  get hasLongValue(): boolean {
    const { shape } = this.#members;
    const values = this.#attributes.map(({ value }) => value);
    return [...values, ...(shape === undefined ? [] : [shape.action])].some((value) => {
      const { from, to } = this.#members.placeOf(value);
      return to - from > MAX_VALUE_BYTES;
    });
  }

  /** The text of an attribute of the event of which the names were read. */
  attribute(name: string): string | undefined {
    const found = this.#attributes.find((one) => one.name === name);
    return found && this.#textOf(found.value);
  }

  get #attributes(): readonly { readonly name: string; readonly value: number }[] {
    return this.#members.shape?.attributes ?? [];
  }

  #isPlain(value: number): boolean {
    const { from, to } = this.#members.placeOf(value);
    return this.#bytes[from] === QUOTE || isNumber(this.#bytes, from, to);
  }

  #isText(value: number): boolean {
    return this.#bytes[this.#members.placeOf(value).from] === QUOTE;
  }

  /** @returns undefined for a number */
  #textOf(value: number): string | undefined {
    const { from, to } = this.#members.placeOf(value);
    return this.#isText(value) ? this.#bytes.toString('utf8', from + 1, to - 1) : undefined;
  }

  #isSameValue(value: number, other: PlainEvents, theirs: number): boolean {
    const [mine, there] = [this.#members.placeOf(value), other.#members.placeOf(theirs)];
    return this.#bytes.compare(other.#bytes, there.from, there.to, mine.from, mine.to) === 0;
  }
}

/** Whether it names a type or an action: an event of Docker's has both. */
function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !text.startsWith(': ');
}
