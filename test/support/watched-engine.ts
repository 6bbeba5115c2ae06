import { afterAll, beforeAll, expect } from 'vitest';
import type { Policy } from '#chaincode';
import type { DockerEngine } from '../../bench/docker-engine.js';
import type { Coverage, Finding } from '../../reconciler/judgement.js';
import { accountOf, NOTHING_WRONG, tallyOf } from './audit.js';
import type { Finished, Running } from './command.js';
import { ACTORS, type Consortium, startConsortium } from './consortium.js';
import { forEachOf, lived, names } from './containers.js';
import { Recorder } from './recorder.js';
import { utcDays } from './utc-day.js';

const MINUTE = 60_000;

/** What suites on a real engine begin with: a consortium on a ledger of its own, and a record of what the engine says. */
export interface WatchedEngine {
  readonly consortium: Consortium;
  readonly recorder: Recorder;
  /** So many containers' whole lives, several at a time: six events each. */
  live(count: number, prefix: string): Promise<void>;
  /** Every actor has attested all that the engine published, each event once, and has declared no gap. */
  expectAllAttested(): Promise<void>;
  /** Reconciles; gives what is reported of all days since the suite began. */
  reported(): Promise<{ codes: (number | null)[]; findings: Finding[]; coverage: Coverage }>;
}

/**
 * Sets up before the suite that calls it, and ends with it.
 * @param policy what the ledger's first policy says beyond the defaults
 */
export function watchedEngine(engine: DockerEngine, policy: Partial<Policy> = {}): WatchedEngine {
  let parts: { consortium: Consortium; recorder: Recorder; begun: Date } | undefined;
  const ready = () => {
    if (parts === undefined) throw new Error('The suite has not begun.');
    return parts;
  };
  beforeAll(async () => {
    const begun = new Date();
    const consortium = await startConsortium(policy);
    parts = { consortium, recorder: await Recorder.on(engine.docker), begun };
  }, MINUTE);
  afterAll(async () => {
    parts?.recorder.stop();
    await parts?.consortium.close();
  });
  return {
    get consortium() {
      return ready().consortium;
    },
    get recorder() {
      return ready().recorder;
    },
    live: (count, prefix) => forEachOf(names(count, prefix), (name) => lived(engine.docker, name)),
    expectAllAttested: async () => {
      const { consortium, recorder } = ready();
      const witnesses = await consortium.witnesses();
      const events = recorder.events();
      for (const actor of ACTORS) {
        const witness = witnesses(actor);
        expect(witness, actor).toMatchObject({ gaps: [], twoContents: [], broken: [] });
        expect(tallyOf(accountOf(witness, events)), actor).toEqual(NOTHING_WRONG);
      }
    },
    reported: async () => {
      const { consortium, begun } = ready();
      const { code, stderr } = await consortium.reconcile();
      expect(code, stderr).toBeLessThan(2);
      return await consortium.reports(utcDays(begun, new Date()));
    },
  };
}

/** Stops collectors as an operator does, one after the other; each must say that it ended well. */
export async function stopped(collectors: readonly Running[]): Promise<Finished[]> {
  const all: Finished[] = [];
  for (const collector of collectors) {
    const finished = await collector.stop();
    expect(finished.code, finished.stderr).toBe(0);
    all.push(finished);
  }
  return all;
}
