import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from './docker-engine.js';
import type { DockerEngineOptions } from './docker-session.js';
import { DockerSession } from './docker-session.js';
import type { Source, SourceContext } from './source.js';

export interface DockerSourceOptions extends DockerEngineOptions {
  /** Milliseconds before the first reconnection; doubles with each that fails. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

/**
 * A Docker engine's events, for ever: a stream that breaks is opened again, with an overlap that proves that nothing was
 * lost in between; where it does not, a gap is told.
 */
export function dockerSource(engine: Engine, options: DockerSourceOptions = {}): Source {
  const { firstPauseMs = 250, longestPauseMs = 30_000 } = options;
  let current: DockerSession | undefined;
  return {
    name: 'docker',
    async *observe(context: SourceContext) {
      const { signal, log, vitals } = context;
      let told = false;
      for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
        const session = new DockerSession(engine, options, context);
        try {
          await session.open();
          log.info(told ? "The engine's events come again." : 'Watching the engine.', { engine: session.source });
          vitals?.tell('engine', true);
          told = false;
          pause = firstPauseMs;
          current = session;
          yield* session.observations();
        } catch (error) {
          // Only what went wrong with the engine comes here: what the consumer throws ends this generator instead.
          if (!signal.aborted && !told) {
            log.warn(`The engine does not answer (${(error as Error).message}); trying again for as long as it takes.`);
          }
          told = true;
        } finally {
          current = undefined;
          if (!signal.aborted) vitals?.tell('engine', false);
          session.close();
        }
        await delay(pause, undefined, { signal }).catch(() => {});
      }
    },
    async probe() {
      await current?.probe();
    },
  };
}
