import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Observation } from '../collector/observation.js';
import type { Source } from '../collector/source/source.js';
import type { Plan } from './dishonest.js';
import { DemoError } from './errors.js';

/** Marks the demo's own containers on the engine; its value is the demo's own ID. */
export const DEMO_LABEL = 'event2ledger.demo';

// Ends at once on SIGTERM, as a well-behaved service does; sleep alone as PID 1 would ignore it.
const SERVICE = ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];
const STEP_MS = 1500;
const HOUR = 3600;

/** A few containers of the demo's own on an engine, and what happens to them. */
export interface Stage {
  /** What the dishonest actor will do. */
  readonly plan: Plan;
  /** Plays the scene, one line of narration a step. Leaves no container behind, whatever happens. */
  play(say: (line: string) => void, signal: AbortSignal): Promise<void>;
  /** The source, with the events of this stage's containers alone. */
  only(source: Source): Source;
}

/**
 * Sets up a stage: nothing is started yet.
 * @param image must hold `sh` and `sleep`
 */
export function liveStage(docker: Docker, image: string): Stage {
  const id = randomBytes(3).toString('hex');
  const named = (name: string) => `event2ledger-demo-${id}-${name}`;
  const names = { web: named('web-1'), worker: named('worker-1'), job: named('job-1'), ghost: named('web-2') };
  return {
    plan: {
      leaveOut: { name: names.worker, action: 'pause' },
      move: { name: names.job, action: 'die', seconds: HOUR },
      invent: { name: names.ghost, action: 'start', after: { name: names.worker, action: 'start' }, seconds: 0.5 },
    },
    play: (say, signal) => play(docker, image, id, names, say, signal),
    only: (source) => ownEvents(source, id),
  };
}

type Names = Readonly<Record<'web' | 'worker' | 'job', string>>;

async function play(
  docker: Docker,
  image: string,
  id: string,
  names: Names,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const made: Docker.Container[] = [];
  const start = async (name: string, command: string[]) => {
    signal.throwIfAborted();
    const container = await docker.createContainer({
      name,
      Image: image,
      Entrypoint: command,
      Cmd: [],
      Labels: { [DEMO_LABEL]: id },
      HostConfig: { NetworkMode: 'none' },
    });
    made.push(container);
    await container.start();
    say(`  starts ${name}`);
    await delay(STEP_MS, undefined, { signal });
    return container;
  };
  try {
    const web = await start(names.web, SERVICE);
    const worker = await start(names.worker, SERVICE);
    const job = await start(names.job, ['sleep', '2']);
    await worker.pause();
    say(`  pauses ${names.worker}`);
    await delay(2 * STEP_MS, undefined, { signal });
    await worker.unpause();
    say(`  unpauses ${names.worker}`);
    await job.wait();
    await web.stop({ t: 3 });
    say(`  stops ${names.web}`);
    await worker.stop({ t: 3 });
    say(`  stops ${names.worker}`);
  } catch (error) {
    if (signal.aborted) throw new DemoError('STOPPED', 'The demo was interrupted; its containers are removed.');
    const why = (error as Error).message;
    throw new DemoError('ENGINE', `The demo's containers could not be run (${why}); try --trace.`, { cause: error });
  } finally {
    for (const container of made) await container.remove({ force: true }).catch(() => {});
    if (made.length > 0) say('  removes them');
  }
}

/** Other containers of the engine are nobody's business here: their events do not reach the demo's collectors. */
function ownEvents(source: Source, id: string): Source {
  const { probe } = source;
  return {
    name: source.name,
    async *observe(context) {
      const own = new Set<string>();
      for await (const group of source.observe(context)) yield group.filter((each) => isOwn(each, id, own));
    },
    ...(probe && { probe: () => probe.call(source) }),
  };
}

// A network's event names its container by ID alone; the container's own `create` came before it.
function isOwn(observation: Observation, id: string, own: Set<string>): boolean {
  if (observation.kind !== 'event') return true;
  const { type, id: object, attributes } = observation.event;
  if (type === 'network') return own.has(attributes.get('container') ?? '');
  if (type !== 'container' || attributes.get(DEMO_LABEL) !== id) return false;
  own.add(object);
  return true;
}
