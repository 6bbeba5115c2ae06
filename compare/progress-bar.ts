const WIDTH = 30;
const EVERY_BYTES = 1 << 26;

/** A bar on a terminal; on anything else, nothing. */
export class ProgressBar {
  #shown = 0;
  #isOpen = false;

  constructor(private readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean }) {}

  show(done: number, of: number): void {
    if (this.stream.isTTY !== true || of === 0 || done - this.#shown < EVERY_BYTES) return;
    this.#shown = done;
    this.#isOpen = true;
    const part = Math.min(1, done / of);
    const filled = Math.round(part * WIDTH);
    const megabytes = Math.round(of / 1e6);
    this.stream.write(
      `\r[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor(part * 100)} % of ${megabytes} MB`,
    );
  }

  /** Removes the bar. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.stream.write('\r\u001b[K');
  }
}
