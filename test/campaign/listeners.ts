import type { ReplayEngine } from '../../bench/replay-engine.js';
import { Changes } from './changes.js';

/** Who listens to the engine, by socket. */
export class Listeners {
  readonly changes = new Changes();
  readonly #now = new Map<string, number>();
  readonly #left = new Map<string, number>();

  constructor(engine: ReplayEngine) {
    engine.onListener = (socket, listening) => {
      this.#now.set(socket, this.now(socket) + (listening ? 1 : -1));
      if (!listening) this.#left.set(socket, this.left(socket) + 1);
      this.changes.tell();
    };
  }

  /** How many listen on this socket. */
  now(socket: string): number {
    return this.#now.get(socket) ?? 0;
  }

  /** How many have ceased to, so far. */
  left(socket: string): number {
    return this.#left.get(socket) ?? 0;
  }
}
