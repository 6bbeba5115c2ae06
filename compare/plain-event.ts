import type { DockerEvent } from '#chaincode';
import { BACKSLASH, QUOTE } from './ascii.js';
import { isNumber } from './line-scan.js';
import { Members } from './members.js';

/** Reads lines as Docker writes them at a fraction of a full reading's price. */
export class PlainEvents {
  readonly #members = new Members();

  /**
   * The event of a line all of whose values are texts without escapes, or numbers: what `parseDockerEvent` gives.
   * @returns undefined for any other line, which a full reading may take or refuse
   */
  read(bytes: Buffer): DockerEvent | undefined {
    const members = this.#members;
    if (bytes.includes(BACKSLASH) || !members.read(bytes, 0, bytes.length)) return undefined;
    const { shape } = members;
    if (shape?.attributes === undefined) return undefined;
    for (let value = 0; value < shape.values; value++) if (!this.#isPlain(bytes, value)) return undefined;
    const text = (value: number) => this.#textOf(bytes, value);
    const [type, action, id] = [text(shape.type), text(shape.action), text(shape.id)];
    const scope = shape.scope < 0 ? 'local' : text(shape.scope);
    if (scope !== 'local' && scope !== 'swarm') return undefined;
    if (!isName(type) || !isName(action) || id === undefined) return undefined;
    const attributes = new Map<string, string>();
    for (const { name, value } of shape.attributes) {
      const content = text(value);
      if (content === undefined) return undefined;
      attributes.set(name, content);
    }
    const { from, to } = members.placeOf(shape.time);
    if (!isNumber(bytes, from, to)) return undefined;
    return { scope, type, action, id, attributes, timeNano: bytes.toString('latin1', from, to) };
  }

  #isPlain(bytes: Buffer, value: number): boolean {
    const { from, to } = this.#members.placeOf(value);
    return bytes[from] === QUOTE || isNumber(bytes, from, to);
  }

  /** @returns undefined for a number */
  #textOf(bytes: Buffer, value: number): string | undefined {
    const { from, to } = this.#members.placeOf(value);
    return bytes[from] === QUOTE ? bytes.toString('utf8', from + 1, to - 1) : undefined;
  }
}

/** Whether it names a type or an action: an event of Docker's has both. */
function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !text.startsWith(': ');
}
