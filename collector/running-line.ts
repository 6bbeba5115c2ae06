import type { CollectorCounts } from './collector.js';

const REDRAW_MS = 100;

/** One line at the bottom of a terminal, drawn over itself; messages go above it. */
export class RunningLine {
  readonly #stream: NodeJS.WritableStream;
  #text = '';
  #drawnAt = 0;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  update(counts: CollectorCounts): void {
    const { events, attested, behind, malformed } = counts;
    const unreadable = malformed > 0 ? ` · malformed ${malformed}` : '';
    this.#text = `events ${events} · attested ${attested} · behind ${behind}${unreadable}`;
    if (performance.now() - this.#drawnAt < REDRAW_MS && behind > 0) return;
    this.#drawnAt = performance.now();
    this.#draw();
  }

  /** A message above the line. */
  message(text: string): void {
    this.#stream.write(`\r\u001b[K${text}\n`);
    this.#draw();
  }

  /** Leaves the last state behind. */
  end(): void {
    if (this.#text === '') return;
    this.#draw();
    this.#stream.write('\n');
    this.#text = '';
  }

  #draw(): void {
    if (this.#text !== '') this.#stream.write(`\r\u001b[K${this.#text}`);
  }
}
