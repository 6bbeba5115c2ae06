import type { DockerEvent } from '#chaincode';
import type { Seeded } from '../campaign/random.js';
import { containerEvent } from '../reconciler/support/history.js';

const SECOND = 1_000_000_000n;

/** What an engine published, and when. */
export interface Published {
  readonly second: number;
  readonly raw: DockerEvent;
  /** Whether the engine itself told a life that cannot be, at this event. */
  readonly illegal?: boolean;
}

type Step = readonly [action: string, pause: number];

/** The life of a container in the words of Docker: what happens, and seconds since the step before. */
function stepsOf(random: Seeded): Step[] {
  const pause = () => (random.percent(20) ? 0 : random.whole(2, random.percent(50) ? 90 : 5000));
  const steps: Step[] = [
    ['create', 0],
    ['start', pause()],
  ];
  for (let turn = random.whole(0, 2); turn > 0; turn--) {
    if (random.percent(50)) steps.push(['pause', pause()], ['unpause', pause()]);
    else steps.push(['kill', pause()], ['die', 0], ['stop', 0], ['start', 0], ['restart', 0]);
  }
  // Some run on beyond what is looked at.
  if (random.percent(80)) steps.push(['die', pause()], ['destroy', pause()]);
  return steps;
}

/** A container's events from some second on; less than a second apart where nothing lies between two steps. */
export function lifeOf(name: string, begin: number, random: Seeded): Published[] {
  let second = begin;
  let nanos = BigInt(random.whole(1, 999_999));
  return stepsOf(random).map(([action, pause]) => {
    second += pause;
    nanos += BigInt(random.whole(1_000, 9_000_000));
    const attributes = { ...(action === 'die' && { exitCode: `${random.whole(0, 137)}` }), note: 'as it was' };
    return { second, raw: containerEvent(name, action, BigInt(second) * SECOND + nanos, attributes) };
  });
}

/** A container that the engine starts twice, or after its removal. The second event of the two is the illegal one. */
export function illegalLifeOf(name: string, begin: number, random: Seeded): Published[] {
  const actions = random.percent(50) ? ['create', 'start', 'start'] : ['create', 'destroy', 'start'];
  return actions.map((action, index) => {
    const second = begin + index * 7;
    const raw = containerEvent(name, action, BigInt(second) * SECOND + BigInt(random.whole(1, 999_999)), {});
    return { second, raw, illegal: index === 2 };
  });
}

/** A container joining and leaving a network that others use too. */
export function networkEventsOf(container: string, begin: number, random: Seeded): Published[] {
  return ['connect', 'disconnect'].map((action, index) => {
    const second = begin + index * random.whole(5, 4000);
    const offset = BigInt(second) * SECOND + BigInt(random.whole(1, 999_999));
    const raw = containerEvent('network-1', action, offset, { container, note: 'as it was' });
    return { second, raw: { ...raw, type: 'network' } };
  });
}

/** A service of a Swarm; every manager stamps its removal by a clock of its own. */
export function serviceEventsOf(name: string, begin: number, random: Seeded): Published[] {
  return ['create', 'update', 'remove'].map((action, index) => {
    const second = begin + index * random.whole(5, 4000);
    const offset = BigInt(second) * SECOND + BigInt(random.whole(1, 999_999));
    const raw = containerEvent(name, action, offset, { note: 'as it was' });
    return { second, raw: { ...raw, scope: 'swarm', type: 'service' } };
  });
}
