import { createHash } from 'node:crypto';
import type { DockerEvent, Nanos } from '#chaincode';

/** By what an event is known again. */
export interface Identity {
  readonly id: string;
  readonly source: string;
  readonly time: Nanos;
  readonly scope: DockerEvent['scope'];
}

/** So many events are surely remembered: more than an engine keeps and holds for a listener together. */
const GENERATION = 2_048;

/** The events that were received lately, in bounded memory: by what they are known again, not what they say. */
export class Recent {
  #ids = new Set<string>();
  #olderIds = new Set<string>();
  #lines = new Map<string, Identity>();
  #olderLines = new Map<string, Identity>();

  /** @param line the text that was read as this event */
  add(identity: Identity, line?: string): void {
    this.#ids.add(identity.id);
    if (line !== undefined) this.#lines.set(digestOf(line), identity);
    // One event may be told in many texts: what its text has beyond the event is not part of it.
    if (this.#ids.size < GENERATION && this.#lines.size < GENERATION) return;
    [this.#olderIds, this.#ids] = [this.#ids, new Set()];
    [this.#olderLines, this.#lines] = [this.#lines, new Map()];
  }

  has(id: string): boolean {
    return this.#ids.has(id) || this.#olderIds.has(id);
  }

  /** What exactly this line was read as, to spare reading it again. */
  readAs(line: string): Identity | undefined {
    const digest = digestOf(line);
    return this.#lines.get(digest) ?? this.#olderLines.get(digest);
  }
}

function digestOf(line: string): string {
  return createHash('sha256').update(line).digest('base64');
}
