/** Lets many wait for conditions over one state, without asking again and again. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Says that the state has changed. */
  tell(): void {
    for (const told of [...this.#waiting]) told();
  }

  /** @param check called before each wait; what it throws ends the waiting */
  async until(condition: () => boolean, check: () => void = () => {}): Promise<void> {
    while (!condition()) {
      check();
      await new Promise<void>((resolve) => {
        const told = () => {
          this.#waiting.delete(told);
          resolve();
        };
        this.#waiting.add(told);
      });
    }
  }
}
