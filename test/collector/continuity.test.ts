import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { Continuity } from '../../collector/source/continuity.js';

const RING = 256;
const BUFFER = 1024;

/** An engine and one listener, as numbers of events: published, delivered, skipped. */
class Model {
  published = 0;
  readonly delivered = new Set<number>();
  /** Everything the collector has, from the stream or from a re-read. */
  readonly known = new Set<number>();
  live = 0;
  #waiting: number[] = [];

  publish(count: number): void {
    for (let index = 0; index < count; index++) {
      const event = this.published++;
      if (this.#waiting.length < BUFFER) this.#waiting.push(event);
    }
  }

  deliver(count: number): void {
    for (const event of this.#waiting.splice(0, count)) {
      this.delivered.add(event);
      this.known.add(event);
      this.live++;
    }
  }

  ring(): number[] {
    const from = Math.max(0, this.published - RING);
    return Array.from({ length: this.published - from }, (_, index) => from + index);
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 1500 }) }),
  fc.record({ do: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 1500 }) }),
  fc.record({ do: fc.constant('reread' as const), count: fc.integer({ min: 0, max: 600 }) }),
);

describe('the proof that nothing was skipped', () => {
  test.prop([fc.nat({ max: 400 }), fc.array(step, { minLength: 1, maxLength: 40 })], { numRuns: 300 })(
    'never holds where an event is neither delivered nor shown by a re-read',
    (before, steps) => {
      const engine = new Model();
      engine.publish(before);
      engine.deliver(before);
      const continuity = new Continuity(engine.ring().map(String));
      let proven = engine.published;
      for (const { do: what, count } of steps) {
        if (what === 'publish') engine.publish(count);
        else if (what === 'deliver') engine.deliver(count);
        else {
          const ring = engine.ring();
          const reread = { ids: ring.map(String), cut: false, live: engine.live };
          // Events go on while the collector waits for what the re-read shows.
          engine.publish(count);
          engine.deliver(BUFFER * 2);
          const missed = ring.filter((event) => !engine.known.has(event));
          const holds = continuity.proves(reread, missed.length, engine.live);
          for (const event of missed) engine.known.add(event);
          const end = (ring.at(-1) ?? -1) + 1;
          if (holds) {
            const lost = Array.from({ length: end - proven }, (_, index) => proven + index).filter(
              (event) => !engine.known.has(event),
            );
            expect(lost).toEqual([]);
          }
          continuity.settle(reread);
          proven = end;
        }
      }
    },
  );

  test.prop([fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 30 })])(
    'holds on a stream that is drained in time, however fast the events come between two re-reads',
    (bursts) => {
      const engine = new Model();
      const continuity = new Continuity([]);
      engine.publish(1);
      for (const burst of bursts) {
        engine.publish(burst);
        engine.deliver(BUFFER);
        const reread = { ids: engine.ring().map(String), cut: false, live: engine.live };
        expect(continuity.proves(reread, 0, engine.live)).toBe(true);
        continuity.settle(reread);
      }
    },
  );

  it('holds for an engine that has never published anything, and still shows nothing', () => {
    expect(new Continuity([]).proves({ ids: [], cut: false, live: 0 }, 0, 0)).toBe(true);
  });

  it('does not hold for an engine that has forgotten what it showed', () => {
    expect(new Continuity(['a']).proves({ ids: [], cut: false, live: 0 }, 0, 0)).toBe(false);
    expect(new Continuity(['a']).proves({ ids: ['b'], cut: false, live: 0 }, 1, 0)).toBe(false);
  });

  it('does not hold for a re-read that was cut off, unless all of it came live', () => {
    expect(new Continuity(['a']).proves({ ids: ['a'], cut: true, live: 0 }, 0, 0)).toBe(false);
    expect(new Continuity([]).proves({ ids: [], cut: true, live: 0 }, 0, 0)).toBe(false);
    expect(new Continuity(['a']).proves({ ids: ['b'], cut: true, live: 1 }, 0, 1)).toBe(true);
  });
});
