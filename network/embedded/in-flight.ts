const FORGOTTEN_MS = 1000;
const MAX_REMEMBERED = 10_000;

/** Counts the transactions on their way between endorsement and submission: while there are some, a block waits. */
export class InFlight {
  /** When each was endorsed, oldest first. */
  readonly #endorsed = new Map<string, number>();
  #running = 0;

  /** While `run` runs, a transaction is being endorsed. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await run();
    } finally {
      this.#running -= 1;
    }
  }

  endorsed(transactionId: string): void {
    if (this.#endorsed.size < MAX_REMEMBERED) this.#endorsed.set(transactionId, performance.now());
  }

  submitted(transactionId: string): void {
    this.#endorsed.delete(transactionId);
  }

  /** Whether another is expected; one that was endorsed and not submitted within a second is not. */
  get any(): boolean {
    const oldest = performance.now() - FORGOTTEN_MS;
    for (const [id, at] of this.#endorsed) {
      if (at >= oldest) break;
      this.#endorsed.delete(id);
    }
    return this.#running > 0 || this.#endorsed.size > 0;
  }
}
