import { setImmediate as turn } from 'node:timers/promises';

/** So many are read ahead; the rest waits where it comes from. */
const AHEAD = 32;

/**
 * Gives what has arrived meanwhile, all together: whoever is slower than what comes in takes more at a time, and catches up.
 * What has arrived is given before an error is thrown.
 * @param isBusy whether whoever takes it has other work: then nothing is given where nothing has arrived, and it is not waited for
 */
export async function* arrivals<T>(
  source: AsyncIterable<T>,
  isBusy: () => boolean = () => false,
): AsyncGenerator<T[], void, undefined> {
  const inbox = new Inbox<T>();
  const reading = inbox.read(source);
  // It is thrown below, once what came before has been given.
  reading.catch(() => {});
  try {
    for (;;) {
      // What lies ready at the socket first.
      await turn();
      const isAwaited = !isBusy();
      const things = isAwaited || inbox.isOver ? await inbox.take() : inbox.taken();
      if (things.length === 0 && (isAwaited || inbox.isOver)) break;
      yield things;
    }
    await reading;
  } finally {
    inbox.close();
  }
}

class Inbox<T> {
  #things: T[] = [];
  #isOver = false;
  #arrived = () => {};
  #taken = () => {};

  /** Takes in everything that comes. @throws what the source throws */
  async read(source: AsyncIterable<T>): Promise<void> {
    try {
      for await (const thing of source) {
        this.#things.push(thing);
        this.#arrived();
        while (this.#things.length >= AHEAD && !this.#isOver) {
          await new Promise<void>((resolve) => {
            this.#taken = resolve;
          });
        }
        if (this.#isOver) break;
      }
    } finally {
      this.#isOver = true;
      this.#arrived();
    }
  }

  /** All that is there, as soon as there is anything; nothing when no more comes. */
  async take(): Promise<T[]> {
    while (this.#things.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    return this.taken();
  }

  /** What is there now. */
  taken(): T[] {
    const things = this.#things;
    this.#things = [];
    this.#taken();
    return things;
  }

  /** Whether no more comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  close(): void {
    this.#isOver = true;
    this.#taken();
  }
}
