import { dayEnd, type Policy } from '#chaincode';
import { dockerSource } from '../collector/source/docker.js';
import { dockerEngine } from '../collector/source/docker-engine.js';
import type { Source } from '../collector/source/source.js';
import { fileSource } from '../collector/source/trace.js';
import type { Plan } from './dishonest.js';
import type { DemoEngine } from './engine.js';
import { liveStage } from './stage.js';
import type { ShippedTrace } from './trace.js';

/** What the actors get to see, and what one of them will make of it. */
export interface Scene {
  readonly plan: Plan;
  /** What the first policy says beyond the defaults. */
  readonly policy: Partial<Policy>;
  /** Whether the sources end by themselves. */
  readonly ends: boolean;
  /** A source for one more actor. `watching` is called when it has begun. */
  source(watching: () => void): Source;
  /** Makes things happen, once all actors watch. */
  play(say: (line: string) => void, signal: AbortSignal): Promise<void>;
}

// Dear enough for minutes to show in a bill.
const TARIFF = { currency: 'EUR', perSecond: '0.0001' };

/** A recorded day: every actor reads the same trace, to the end of its day. */
export function traceScene(trace: ShippedTrace): Scene {
  return {
    plan: trace.plan,
    policy: { tariff: TARIFF },
    ends: true,
    source: (watching) => {
      watching();
      return fileSource(trace.file, { sourceId: trace.sourceId, through: dayEnd(trace.day) });
    },
    play: async () => {},
  };
}

/** A few containers of the demo's own on a real engine, which every actor watches for itself. */
export function liveScene(engine: DemoEngine): Scene {
  const stage = liveStage(engine.docker, engine.image);
  return {
    plan: stage.plan,
    // Nobody waits ten minutes in front of a demo. The moved event lies in the future, which no one has watched yet:
    // only the deadline decides that the others have no record of it.
    policy: { tariff: TARIFF, grace: 10, deadline: 15, heartbeat: 2 },
    ends: false,
    source: (watching) => whenBegun(stage.only(dockerSource(dockerEngine(engine.docker))), watching),
    play: (say, signal) => stage.play(say, signal),
  };
}

// A source says where its watch begins before anything else.
function whenBegun(source: Source, watching: () => void): Source {
  return {
    ...source,
    async *observe(context) {
      for await (const group of source.observe(context)) {
        yield group;
        if (group.some(({ kind }) => kind === 'origin')) watching();
      }
    },
  };
}
