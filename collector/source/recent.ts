import type { DockerEvent } from '#chaincode';

/** An event, and by what it is known again. */
export interface Identified {
  readonly id: string;
  readonly source: string;
  readonly event: DockerEvent;
}

/** Lines longer than this are not kept: they are read again where they come again. */
const MAX_LINE = 8 * 1024;
/** So many events are surely remembered: more than an engine keeps and holds for a listener together. */
const GENERATION = 2_048;

/** The events that came over a live stream lately, in bounded memory. */
export class Recent {
  #ids = new Set<string>();
  #olderIds = new Set<string>();
  #lines = new Map<string, Identified>();
  #olderLines = new Map<string, Identified>();

  /** @param line the text that was read as this event */
  add(event: Identified, line?: string): void {
    this.#ids.add(event.id);
    if (line !== undefined && line.length <= MAX_LINE) this.#lines.set(line, event);
    if (this.#ids.size < GENERATION) return;
    [this.#olderIds, this.#ids] = [this.#ids, new Set()];
    [this.#olderLines, this.#lines] = [this.#lines, new Map()];
  }

  has(id: string): boolean {
    return this.#ids.has(id) || this.#olderIds.has(id);
  }

  /** What exactly this line was read as, to spare reading it again. */
  readAs(line: string): Identified | undefined {
    return this.#lines.get(line) ?? this.#olderLines.get(line);
  }
}
