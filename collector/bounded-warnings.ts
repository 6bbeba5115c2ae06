import type { CollectorLog } from './log.js';

const PER_MINUTE = 50;
const MINUTE_MS = 60_000;

/** Warnings of one kind: fifty a minute, and then how many more there were. */
export class BoundedWarnings {
  readonly #log: CollectorLog;
  readonly #summary: (more: number) => string;
  #said = 0;
  #more = 0;
  #minute: NodeJS.Timeout | undefined;

  /** @param summary what is said of so many that were not */
  constructor(log: CollectorLog, summary: (more: number) => string) {
    this.#log = log;
    this.#summary = summary;
  }

  warn(message: string): void {
    // Nobody waits for the minute's end: it keeps no process running.
    this.#minute ??= setTimeout(() => this.flush(), MINUTE_MS).unref();
    if (this.#said >= PER_MINUTE) {
      this.#more++;
      return;
    }
    this.#said++;
    this.#log.warn(message);
  }

  /** Says what was kept back, and begins a new minute. */
  flush(): void {
    clearTimeout(this.#minute);
    this.#minute = undefined;
    if (this.#more > 0) this.#log.warn(this.#summary(this.#more));
    this.#said = 0;
    this.#more = 0;
  }
}
