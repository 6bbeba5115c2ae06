/** Something to wait for: rung, or the time is up, or the signal aborts. A ring while nobody waits is kept. */
export class Bell {
  readonly #signal: AbortSignal;
  #rung = false;
  #wake = () => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  async wait(milliseconds: number): Promise<void> {
    if (!this.#rung && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, Math.min(milliseconds, 2 ** 31 - 1));
        const signal = this.#signal;
        function done() {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
        signal.addEventListener('abort', done, { once: true });
        this.#wake = done;
      });
      this.#wake = () => {};
    }
    this.#rung = false;
  }
}
