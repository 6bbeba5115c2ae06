import { describe, expect, it } from 'vitest';
import { addSeconds, dayEnd, dayStart, padNanos } from '#chaincode';
import type { JudgedEvent } from '../../reconciler/judge/input.js';
import { loadEvents, loadRelated } from '../../reconciler/judge/load.js';
import { ACTORS, containerEvent, DAY, hashed, policyTransactions, projectionOf, Run } from './support/history.js';

const SECOND = 1_000_000_000n;
const OF_DAY = { from: padNanos(dayStart(DAY)), to: padNanos(dayEnd(DAY)) };
const AFTER = { from: OF_DAY.to, to: padNanos(addSeconds(dayEnd(DAY), 10)) };

/** Lays no hand on what is read when it is asked for. */
function unread(event: JudgedEvent): JudgedEvent {
  return new Proxy(event, {
    get: (target, name) => {
      if (name === 'event' || name === 'attestations') throw new Error(`its ${name} is asked for`);
      return Reflect.get(target, name, target);
    },
  });
}

describe('events as they are stored', () => {
  const run = new Run(ACTORS[0] ?? '');
  const seen = (object: string, second: number) => hashed(containerEvent(object, 'kill', BigInt(second) * SECOND));
  const [own, related, other] = [seen('one', 86_399), seen('one', 86_401), seen('two', 86_402)];

  it('say all that attested events say', () => {
    const projection = projectionOf([...policyTransactions(), run.batch({ events: [own, related, other] })]);
    const [event, ...more] = loadEvents(projection, OF_DAY);
    expect(more).toEqual([]);
    expect(event?.event).toEqual(own.event);
    expect(event).toMatchObject({ hash: own.hash, type: 'container', action: 'kill', object: 'one' });
    expect(event?.attesters).toEqual([run.actor]);
    expect(event?.attestations).toEqual([
      { actor: run.actor, collector: run.collector, run: run.run, number: 1, seq: 1 },
    ]);
    projection.close();
  });

  it('are found to be related without being read', () => {
    const again = new Run(run.actor, 'collector-2');
    const projection = projectionOf([...policyTransactions(), again.batch({ events: [own, related, other] })]);
    const events = loadEvents(projection, OF_DAY).map(unread);
    expect(loadRelated(projection, AFTER, [], events).map(({ hash }) => hash)).toEqual([related.hash]);
    projection.close();
  });
});
