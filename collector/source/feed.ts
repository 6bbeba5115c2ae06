/** A queue between who pushes (a stream, as fast as it can) and one who takes. */
export class Feed<T> {
  #items: T[] = [];
  #taken: (() => void)[] = [];
  #ended = false;
  #left = false;
  #failure: Error | undefined;
  #wake = () => {};

  /** @returns whether the item was kept; not after the end. */
  push(item: T): boolean {
    if (this.#ended) return false;
    this.#items.push(item);
    this.#wake();
    return true;
  }

  /** Nothing more comes; what is queued is still taken, then `failure` is thrown if there is one. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when all that is queued now was taken and the taker came back, or will come no more. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#left) {
        resolve();
        return;
      }
      this.#taken.push(resolve);
      this.#wake();
    });
  }

  /** All that is queued, in groups. The next group is asked for when the last one was dealt with. */
  async *groups(): AsyncGenerator<readonly T[]> {
    try {
      while (true) {
        const [items, taken] = [this.#items, this.#taken];
        this.#items = [];
        this.#taken = [];
        if (items.length > 0) yield items;
        for (const resolve of taken) resolve();
        if (this.#items.length > 0 || this.#taken.length > 0) continue;
        if (this.#ended) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = () => {};
      }
    } finally {
      this.#left = true;
      this.end();
      for (const resolve of this.#taken) resolve();
      this.#taken = [];
    }
    if (this.#failure) throw this.#failure;
  }
}
