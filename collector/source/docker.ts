import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../../cli/printable.js';
import { CollectorError } from '../errors.js';
import type { Engine } from './docker-engine.js';
import type { DockerEngineOptions } from './docker-session.js';
import { DockerSession, type SessionContext } from './docker-session.js';
import type { Source, SourceContext } from './source.js';

export interface DockerSourceOptions extends DockerEngineOptions {
  /** Milliseconds before the first reconnection; doubles with each that fails. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
  /** From 0 to 1: spreads the reconnections of many collectors. */
  readonly random?: () => number;
}

/** A stream that lasted so many milliseconds was a good one: the next reconnection is quick again. */
const LASTING_MS = 10_000;

/**
 * A Docker engine's events, for ever: a stream that breaks is opened again, with an overlap that proves that nothing was
 * lost in between; where it does not, a gap is told.
 */
export function dockerSource(engine: Engine, options: DockerSourceOptions = {}): Source {
  const { firstPauseMs = 250, longestPauseMs = 30_000, random = Math.random } = options;
  let current: DockerSession | undefined;
  return {
    name: 'docker',
    resumes: true,
    async *observe(context: SourceContext) {
      const { signal, log, vitals } = context;
      const proofs = proofsOf(context);
      let told = false;
      // The first session that joins has found what was lost for that reason; later ones lose for their own.
      let { left } = context;
      for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
        const session = new DockerSession(engine, options, { ...context, ...proofs, left });
        // Who takes no more has no room for it: that says nothing of the engine.
        let broke = false;
        let opened: number | undefined;
        try {
          await session.open();
          log.info(told ? "The engine's events come again." : 'Watching the engine.', { engine: session.source });
          vitals?.tell('engine', true);
          told = false;
          left = undefined;
          opened = performance.now();
          current = session;
          yield* session.observations();
          broke = true;
        } catch (error) {
          broke = true;
          if (error instanceof CollectorError && error.code === 'SETTING') throw error;
          // Only what went wrong with the engine comes here: what the consumer throws ends this generator instead.
          if (!signal.aborted && !told) {
            const what = opened === undefined ? 'The engine does not answer' : 'The engine is no longer heard';
            log.warn(`${what} (${withoutStop((error as Error).message)}); trying again for as long as it takes.`);
          }
          told = true;
        } finally {
          current = undefined;
          if (broke && !signal.aborted) vitals?.tell('engine', false);
          session.close();
        }
        if (opened !== undefined && performance.now() - opened >= LASTING_MS) pause = firstPauseMs;
        await delay(pause * (0.5 + random() / 2), undefined, { signal }).catch(() => {});
      }
    },
    async probe() {
      await current?.probe();
    },
  };
}

/** A sentence as it stands within another. */
function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** Says once for each spell that the engine's memory cannot be read, and that it can again. */
function proofsOf({ log, vitals }: SourceContext): Pick<SessionContext, 'proven' | 'unproven'> {
  let failing = false;
  return {
    proven() {
      vitals?.tell('memory', true);
      if (failing) log.info("The engine's memory can be read again; what it shows is claimed.");
      failing = false;
    },
    unproven(why) {
      vitals?.unproven();
      if (!failing) {
        log.warn(
          `The engine's memory cannot be read (${printable(why.message, 300)}); events are still taken, but nothing is claimed until it can.`,
        );
      }
      failing = true;
    },
  };
}
