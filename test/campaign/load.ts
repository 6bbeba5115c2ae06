import { setTimeout as delay } from 'node:timers/promises';
import type { Happening, Published, ReplayEngine } from '../../bench/replay-engine.js';
import type { Seeded } from './random.js';

const PUBLISHERS = 4;
const PAUSE_MS = { least: 20, most: 140 };
const BURST = { percent: 2, least: 10, most: 40 };
/** An overrun comes at about 1,000 events a second, several times what an engine was seen to do. */
const OVERRUN = { atOnce: 8, pauseMs: 8 };
/** What a container goes through. Some of it the policy does not have recorded. */
const LIFE = ['create', 'attach', 'start', 'exec_create: sh', 'pause', 'unpause', 'kill', 'die', 'destroy'];
/** What cannot be read as an event; each is made unlike all others. */
const UNREADABLE = [
  (mark: string) => `{"Type":"container","Action":"start","Actor":{"ID":"${mark}","Attrib`,
  (mark: string) => `level=error msg="${mark}"`,
  (mark: string) => `{"Type":"container","Action":"start","Actor":{"ID":"${mark}","Attributes":{}},"timeNano":"soon"}`,
  (mark: string) => `["${mark}"]`,
  (mark: string) => `{"Actor":{"ID":"${mark}"},"scope":"local","timeNano":1}`,
] as const;

/**
 * A replay engine that is never idle: several publishers at once, in single events and in bursts. Each draws from numbers
 * of its own, so that the same seed makes each publish the same, however they overtake each other.
 */
export class Load {
  /** All events that were published, in the order in which it was done. */
  readonly published: Published[] = [];
  /** The lines that are no events. */
  readonly unreadable: Published[] = [];
  readonly #engine: ReplayEngine;
  readonly #random: Seeded;
  readonly #mayGoOn: () => Promise<void>;
  #stopped = false;
  #others = 0;

  /** @param mayGoOn awaited before each event, to keep the engine's ring from running over unasked */
  constructor(engine: ReplayEngine, random: Seeded, mayGoOn: () => Promise<void>) {
    this.#engine = engine;
    this.#random = random;
    this.#mayGoOn = mayGoOn;
  }

  /** Publishes until `stop`. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: PUBLISHERS }, (_, index) => this.#publisher(`p${index + 1}`)));
  }

  stop(): void {
    this.#stopped = true;
  }

  /** One event more, for its own sake. */
  async one(): Promise<Published> {
    return await this.#publish(creation(`one-${++this.#others}`));
  }

  /** So many events more, waiting for nobody who is not listening. */
  async overrun(count: number): Promise<Published[]> {
    const names = Array.from({ length: count }, () => `overrun-${++this.#others}`);
    const queue = names.values();
    const published: Published[] = [];
    const several = Array.from({ length: OVERRUN.atOnce }, async () => {
      for (const name of queue) {
        published.push(await this.#publish(creation(name)));
        await delay(OVERRUN.pauseMs);
      }
    });
    await Promise.all(several);
    return published;
  }

  /** So many lines that are no events. */
  async malformed(count: number): Promise<void> {
    for (let line = 1; line <= count; line++) {
      const number = this.unreadable.length;
      const text = UNREADABLE[number % UNREADABLE.length] as (mark: string) => string;
      this.unreadable.push(await this.#engine.say(text(`unreadable-${number}`)));
    }
  }

  async #publisher(name: string): Promise<void> {
    const random = this.#random.stream(name);
    for (let number = 1; !this.#stopped; number++) {
      for (const action of LIFE) {
        const pause = random.whole(PAUSE_MS.least, PAUSE_MS.most);
        const happening = random.percent(20) ? connection(`${name}-${number}`) : container(`${name}-${number}`, action);
        if (this.#stopped) return;
        await this.#mayGoOn();
        await this.#publish(happening);
        await delay(pause);
      }
      if (random.percent(BURST.percent * LIFE.length)) await this.#burst(`${name}-${number}`, random);
    }
  }

  async #burst(name: string, random: Seeded): Promise<void> {
    const count = random.whole(BURST.least, BURST.most);
    await this.#mayGoOn();
    const happenings = Array.from({ length: count }, (_, index) => creation(`${name}-${index + 1}`));
    await Promise.all(happenings.map((happening) => this.#publish(happening)));
  }

  async #publish(happening: Happening): Promise<Published> {
    const published = await this.#engine.publish(happening);
    this.published.push(published);
    return published;
  }
}

function container(name: string, action: string): Happening {
  return { type: 'container', action, id: idOf(name), attributes: { image: 'hello-world', name } };
}

function creation(name: string): Happening {
  return container(name, 'create');
}

function connection(name: string): Happening {
  const attributes = { container: idOf(name), name: 'none', type: 'null' };
  return { type: 'network', action: 'connect', id: 'n'.repeat(64), attributes };
}

function idOf(name: string): string {
  return Buffer.from(name).toString('hex').padStart(64, '0');
}
