import { hash } from 'node:crypto';

const NONE = -1;

/**
 * The numbers of a day's events in containers' lives, by container: twelve bytes an event and some twenty a container, for a
 * table of events that is found by container as well as by time would cost each event more to write than all else.
 */
export class LifeIndex {
  #used = 0;
  #size = 1024;
  #keys = new BigUint64Array(this.#size);
  #heads = new Int32Array(this.#size).fill(NONE);
  #count = 0;
  #events = new Float64Array(1024);
  #before = new Int32Array(1024);

  add(container: string, event: number): void {
    if (this.#count === this.#events.length) this.#growEvents();
    if (this.#used * 2 >= this.#size) this.#growContainers();
    const key = keyOf(container);
    const slot = this.#slotOf(key);
    const head = this.#heads[slot] as number;
    if (head === NONE) {
      this.#keys[slot] = key;
      this.#used += 1;
    }
    this.#events[this.#count] = event;
    this.#before[this.#count] = head;
    this.#heads[slot] = this.#count;
    this.#count += 1;
  }

  /** Up to so many of a container's events and one more, the latest added first. */
  eventsOf(container: string, atMost: number): number[] {
    const events: number[] = [];
    let at = this.#heads[this.#slotOf(keyOf(container))] as number;
    for (; at !== NONE && events.length <= atMost; at = this.#before[at] as number) {
      events.push(this.#events[at] as number);
    }
    return events;
  }

  #slotOf(key: bigint): number {
    let slot = Number(key & BigInt(this.#size - 1));
    while (this.#heads[slot] !== NONE && this.#keys[slot] !== key) slot = (slot + 1) & (this.#size - 1);
    return slot;
  }

  #growEvents(): void {
    const [events, before] = [new Float64Array(this.#count * 2), new Int32Array(this.#count * 2)];
    events.set(this.#events);
    before.set(this.#before);
    this.#events = events;
    this.#before = before;
  }

  #growContainers(): void {
    const [keys, heads] = [this.#keys, this.#heads];
    this.#size *= 2;
    this.#keys = new BigUint64Array(this.#size);
    this.#heads = new Int32Array(this.#size).fill(NONE);
    for (const [at, head] of heads.entries()) {
      if (head === NONE) continue;
      const slot = this.#slotOf(keys[at] as bigint);
      this.#keys[slot] = keys[at] as bigint;
      this.#heads[slot] = head;
    }
  }
}

/** Half of a hash: names are compared besides. */
function keyOf(container: string): bigint {
  return BigInt(`0x${hash('sha256', container, 'hex').slice(0, 16)}`);
}
