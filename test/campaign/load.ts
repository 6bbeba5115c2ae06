import { setTimeout as delay } from 'node:timers/promises';
import type { Happening, Published, ReplayEngine } from '../../bench/replay-engine.js';
import type { Seeded } from './random.js';

const PUBLISHERS = 4;
const PAUSE_MS = { least: 20, most: 140 };
const BURST = { percent: 2, least: 10, most: 40 };
/** What a container goes through. Some of it the policy does not have recorded. */
const LIFE = ['create', 'attach', 'start', 'exec_create: sh', 'pause', 'unpause', 'kill', 'die', 'destroy'];

/** A replay engine that is never idle: several publishers at once, in single events and in bursts. */
export class Load {
  /** All that was published, in the order in which it was done. */
  readonly published: Published[] = [];
  readonly #engine: ReplayEngine;
  readonly #random: Seeded;
  readonly #mayGoOn: () => Promise<void>;
  #stopped = false;
  #containers = 0;

  /** @param mayGoOn awaited before each event, to keep the engine's ring from running over */
  constructor(engine: ReplayEngine, random: Seeded, mayGoOn: () => Promise<void>) {
    this.#engine = engine;
    this.#random = random;
    this.#mayGoOn = mayGoOn;
  }

  /** Publishes until `stop`. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: PUBLISHERS }, () => this.#publisher()));
  }

  stop(): void {
    this.#stopped = true;
  }

  /** One event more, for its own sake. */
  async one(): Promise<Published> {
    return await this.#publish(this.#happening(this.#containers++, 'create'));
  }

  async #publisher(): Promise<void> {
    while (!this.#stopped) {
      const container = this.#containers++;
      for (const action of LIFE) {
        if (this.#stopped) return;
        await this.#mayGoOn();
        await this.#publish(this.#happening(container, action));
        await delay(this.#random.whole(PAUSE_MS.least, PAUSE_MS.most));
      }
      if (this.#random.percent(BURST.percent * LIFE.length)) await this.#burst();
    }
  }

  async #burst(): Promise<void> {
    await this.#mayGoOn();
    const count = this.#random.whole(BURST.least, BURST.most);
    const happenings = Array.from({ length: count }, () => this.#happening(this.#containers++, 'create'));
    await Promise.all(happenings.map((happening) => this.#publish(happening)));
  }

  async #publish(happening: Happening): Promise<Published> {
    const published = await this.#engine.publish(happening);
    this.published.push(published);
    return published;
  }

  #happening(container: number, action: string): Happening {
    const network = action === 'create' && this.#random.percent(20);
    const id = container.toString(16).padStart(64, '0');
    return network
      ? {
          type: 'network',
          action: 'connect',
          id: 'n'.repeat(64),
          attributes: { container: id, name: 'none', type: 'null' },
        }
      : { type: 'container', action, id, attributes: { image: 'hello-world', name: `replay-${container}` } };
  }
}
