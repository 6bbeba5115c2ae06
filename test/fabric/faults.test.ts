import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReplayEngine } from '../../bench/replay-engine.js';
import { event2ledger, type Running, startEvent2ledger } from '../support/command.js';
import { ACTORS, type Consortium, startConsortium } from '../support/consortium.js';
import { eventually } from '../support/eventually.js';
import { describeWithFabric } from '../support/fabric.js';
import { killNode } from '../support/fabric-nodes.js';
import { utcDays } from '../support/utc-day.js';

const LIFE = ['create', 'start', 'die', 'destroy'];
/** Between two containers' lives. */
const PAUSE_MS = 100;
const MINUTES = 60_000;

/** Containers that come and go until it is stopped. */
class Load {
  readonly #engine: ReplayEngine;
  #containers = 0;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(engine: ReplayEngine) {
    this.#engine = engine;
  }

  /** How many events were published. */
  get events(): number {
    return this.#containers * LIFE.length;
  }

  begin(): void {
    this.#running = this.#run();
  }

  /** The name of a container whose whole life is yet to come. */
  next(): string {
    return `c${this.#containers + 2}`;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#containers += 1;
      const id = `c${this.#containers}`;
      for (const action of LIFE) {
        await this.#engine.publish({ type: 'container', action, id, attributes: { name: id, image: 'hello-world' } });
      }
      await delay(PAUSE_MS);
    }
  }
}

describeWithFabric.each(['raft', 'bft'] as const)('faults under load, on %s', (kind) => {
  const engine = new ReplayEngine('ENGINE');
  const load = new Load(engine);
  const begun = new Date();
  let consortium: Consortium;
  let collectors: Running[];
  let reconciler: Running;
  /** Something that happens from now on is attested by all; nobody has given up meanwhile. */
  const goesOn = () =>
    Promise.race([
      consortium.attestedByAll(load.next()),
      ...[...collectors, reconciler].map(async ({ finished }) => {
        const { code, stderr } = await finished;
        throw new Error(`A command ended with ${code}:\n${stderr}`);
      }),
    ]);

  beforeAll(async () => {
    // Votes for a new leader take their time on a busy machine: lateness is not what is asked here.
    consortium = await startConsortium({ heartbeat: 2, grace: 120 }, kind);
    const socket = join(consortium.dir, 'engine.sock');
    await engine.listen(socket);
    collectors = await consortium.collectors(`docker:unix://${socket}`);
    reconciler = startEvent2ledger([
      ...['reconcile', '--profile', consortium.profile('UserMSP', 'reconciler')],
      ...['--db', join(consortium.dir, 'UserMSP.db'), '--follow'],
    ]);
    load.begin();
    await goesOn();
  }, 3 * MINUTES);
  afterAll(async () => {
    await load.stop();
    await Promise.all([...(collectors ?? []), reconciler].map((each) => each?.stop()));
    await engine.close();
    await consortium?.close();
  });

  it.each(ACTORS)(
    'goes on when the orderer of %s is killed, and when it is back',
    { timeout: 2 * MINUTES },
    async (actor) => {
      killNode(consortium.data, `orderer.${actor}`);
      await goesOn();
      await consortium.serveAgain();
      await goesOn();
    },
  );

  it.runIf(kind === 'bft')('goes on when an orderer is stopped for good', { timeout: 2 * MINUTES }, async () => {
    killNode(consortium.data, 'orderer.AuditorMSP');
    await goesOn();
  });

  it("goes on when an actor's peer is killed, through another's, and when it is back", {
    timeout: 2 * MINUTES,
  }, async () => {
    killNode(consortium.data, 'peer.UserMSP');
    await goesOn();
    const asked = await event2ledger(['query', 'collectors', '--json', '--profile', consortium.profile('UserMSP')]);
    expect(asked.code, asked.stderr).toBe(0);
    await consortium.serveAgain();
    await goesOn();
  });

  it("goes on when an actor's chaincode server is killed, and when it is back", { timeout: 2 * MINUTES }, async () => {
    killNode(consortium.data, 'chaincode.DeveloperMSP');
    await goesOn();
    await consortium.serveAgain();
    await goesOn();
  });

  it('goes on when all peers were killed and are back', { timeout: 2 * MINUTES }, async () => {
    for (const actor of ACTORS) killNode(consortium.data, `peer.${actor}`);
    await consortium.serveAgain();
    await goesOn();
  });

  it('has lost nothing, attested nothing twice, and finds nothing', { timeout: 2 * MINUTES }, async () => {
    await load.stop();
    // Batches overtake each other: the last event is not the last to be attested.
    await eventually('every event to be attested by all', async () => {
      const of = await consortium.witnesses();
      return ACTORS.every((actor) => of(actor).attested.size === load.events);
    });
    const of = await consortium.witnesses();
    for (const actor of ACTORS) {
      const { attested, gaps, twoContents, broken } = of(actor);
      expect(attested.size, actor).toBe(load.events);
      expect(
        [...attested.values()].filter((places) => places.length !== 1),
        actor,
      ).toEqual([]);
      expect({ gaps, twoContents, broken }, actor).toEqual({ gaps: [], twoContents: [], broken: [] });
    }
    const days = utcDays(begun, new Date());
    // The reconciler has followed all the while, and reconnected by itself.
    await eventually('the reconciler to have it all', async () => {
      const { coverage } = await consortium.reports(days);
      return coverage.agreed === load.events;
    });
    const { findings, coverage } = await consortium.reports(days);
    expect(findings).toEqual([]);
    expect(coverage).toMatchObject({ events: load.events, agreed: load.events, disputed: 0 });
  });
});
