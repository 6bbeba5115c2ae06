import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CollectorAnswer } from '#chaincode';
import { type Published, ReplayEngine } from '../../bench/replay-engine.js';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import type { Coverage, Finding } from '../../reconciler/judgement.js';
import { type Account, accountOf, type Expected, expectedOf, gapsOver, type Witness } from '../support/audit.js';
import type { Running } from '../support/command.js';
import { ACTORS, type Actor, type Consortium, startConsortium } from '../support/consortium.js';
import { eventually } from '../support/eventually.js';
import { utcDays } from '../support/utc-day.js';
import { lastWords, type Speaker } from './last-words.js';
import { Listeners } from './listeners.js';
import { Load } from './load.js';
import { type Episode, type Fault, planOf } from './plan.js';
import { Seeded } from './random.js';
import { Victim } from './victim.js';

const VICTIM: Actor = 'UserMSP';
/** Never killed: a majority, so that what the victim cannot have seen still stands. */
const REFERENCES = ACTORS.filter((actor) => actor !== VICTIM);

/** How one collector's word stands against what was published. */
export interface Verdict extends Witness, Account {
  /** Of what is in gaps: how much of it is in more than one. */
  readonly inSeveral: readonly Expected[];
  /** Gaps in which nothing that was published is missing. */
  readonly needless: Witness['gaps'];
}

export interface CampaignResult {
  readonly seed: number;
  readonly kills: number;
  /** Kills before the collector's stream had begun. */
  readonly earlyKills: number;
  /** Kills beside these, after an overrun, before all was read again. */
  readonly midwayKills: number;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly seconds: number;
  readonly published: number;
  /** Of the published events those that the policy has recorded. */
  readonly expected: readonly Expected[];
  /** The lines that no one can read, as if each were an event that must be in a gap. */
  readonly unreadable: readonly Expected[];
  /** Hashes that the victim cannot know: they left the engine's memory while it was dead. */
  readonly surelyLost: ReadonlySet<string>;
  /** Hashes that it need not know: besides, what it may have read and not kept when it was killed. */
  readonly mayBeLost: ReadonlySet<string>;
  readonly victim: Verdict;
  readonly references: readonly Verdict[];
  /** Events that the engine skipped a listener for. */
  readonly skipped: number;
  /** What the reconciler says of all days together. */
  readonly coverage: Coverage;
  readonly findings: readonly Finding[];
}

/**
 * Kills a collector again and again under load, its engine and its streams failing meanwhile; then compares what was
 * published with what is on the ledger. What is done is decided by the seed alone.
 *
 * One thing it does not do: lose events while the engine's clock stands where it stood before. What is lost then has a
 * stamp from a time that was watched, and nobody who was not there can know.
 */
export async function campaign(kills: number, seed: number, say: (text: string) => void): Promise<CampaignResult> {
  const begun = new Date();
  // How long a machine takes to start a process again is not what is tried here: lateness counts in minutes.
  const consortium = await startConsortium({ heartbeat: 2, grace: 600, deadline: 3600 });
  const engine = new ReplayEngine();
  const socketOf = (actor: Actor) => join(consortium.dir, `${actor}.sock`);
  for (const actor of ACTORS) await engine.listen(socketOf(actor));
  const random = new Seeded(seed);
  const run = new Run(consortium, engine, socketOf, random);
  try {
    for (const actor of REFERENCES) {
      run.references.push(await consortium.collector(actor, `docker:unix://${socketOf(actor)}`));
    }
    // By an event that it knows the collector tells that a stream goes on where the last one ended.
    await run.victim.begin();
    await run.load.one();
    await run.victim.begin();
    const loading = run.load.run();
    const plan = planOf(kills, random.stream('plan'));
    for (const [index, episode] of plan.entries()) {
      await run.play(episode);
      if ((index + 1) % 25 === 0) say(`${index + 1} kills, ${run.load.published.length} events published`);
    }
    await run.victim.begin();
    run.load.stop();
    await loading;
    await run.load.one();
    await run.victim.end();
    for (const reference of run.references) {
      const { code, stderr } = await reference.stop();
      if (code !== 0) throw new Error(`A collector that was not killed ended with ${code}: ${stderr}`);
    }

    const witnesses = await consortium.witnesses();
    const expected = run.load.published.flatMap(({ text }) => expectedOf(text, engine.id) ?? []);
    const unreadable = run.load.unreadable.map(({ text, time }) => ({ hash: text, source: engine.id, time }));
    const verdict = (actor: Actor) => verdictOf(witnesses(actor), [...expected, ...unreadable]);
    const reconciled = await consortium.reconcile(VICTIM);
    // 1 says that there are findings: they are for whoever reads the result.
    if (reconciled.code === null || reconciled.code > 1)
      throw new Error(`reconcile ended with ${reconciled.code}: ${reconciled.stderr}`);
    const { coverage, findings } = await consortium.reports(utcDays(begun, new Date()));
    const faults = { none: 0, cut: 0, 'reference cut': 0, malformed: 0, clock: 0, overrun: 0 };
    for (const { fault } of plan) faults[fault]++;
    return {
      seed,
      kills,
      earlyKills: run.victim.earlyKills,
      midwayKills: run.victim.midwayKills,
      faults,
      seconds: Math.round((Date.now() - begun.getTime()) / 1000),
      published: run.load.published.length,
      expected,
      unreadable,
      surelyLost: run.surelyLost,
      mayBeLost: run.mayBeLost,
      victim: verdict(VICTIM),
      references: REFERENCES.map(verdict),
      skipped: engine.skipped,
      coverage,
      findings,
    };
  } finally {
    run.load.stop();
    run.victim.kill();
    run.close();
    await engine.close();
    await consortium.close();
    rmSync(consortium.dir, { recursive: true, force: true });
  }
}

/** A campaign under way. */
class Run {
  readonly victim: Victim;
  readonly load: Load;
  /** The collectors that are not killed, as in `REFERENCES`. */
  readonly references: Running[] = [];
  readonly surelyLost = new Set<string>();
  readonly mayBeLost = new Set<string>();
  readonly #engine: ReplayEngine;
  readonly #socketOf: (actor: Actor) => string;
  readonly #listeners: Listeners;
  readonly #ledger: ReturnType<typeof connect>;
  /** Until here something was lost or unreadable: no clock is set before it is declared. */
  #undeclared = 0n;

  constructor(consortium: Consortium, engine: ReplayEngine, socketOf: (actor: Actor) => string, random: Seeded) {
    this.#engine = engine;
    this.#socketOf = socketOf;
    this.#listeners = new Listeners(engine);
    this.#ledger = connect(loadProfile(consortium.profile(VICTIM, 'reconciler')));
    const spool = join(consortium.dir, 'victim.spool');
    // Small batches: more moments at which one is half sealed, half sent, half committed.
    const args = ['--profile', consortium.profile(VICTIM), '--spool', spool, '--batch-size', '10'];
    this.victim = new Victim(args, socketOf(VICTIM), this.#listeners);
    this.load = new Load(engine, random.stream('load'), () => this.victim.mayGoOn());
    this.victim.published = () => this.load.published.length;
  }

  async play(episode: Episode): Promise<void> {
    const { fault, share, lines, clockMs, events } = episode;
    switch (fault) {
      case 'none':
        return await this.victim.liveAndDie(episode, () => {});
      case 'cut':
        return await this.victim.liveAndDie(episode, () => this.#engine.cut(this.#socketOf(VICTIM), share));
      case 'reference cut':
        return await this.victim.liveAndDie(episode, () => this.#cutReference(share));
      case 'malformed':
        await this.#clockAhead();
        await this.victim.liveAndDie(episode, () => this.load.malformed(lines));
        this.#undeclared = this.#engine.latest;
        return;
      case 'clock':
        await this.#declared();
        return await this.victim.liveAndDie(episode, () => this.#engine.setClock(clockMs));
      case 'overrun':
        await this.#clockAhead();
        await this.victim.liveAndDie(episode, () => {});
        return await this.#overrun(events, share);
    }
  }

  close(): void {
    this.#ledger.close();
  }

  /** @param share how far the next life comes before it is killed too: from its start to long after its gap is on disk */
  async #overrun(count: number, share: number): Promise<void> {
    const heard = this.victim.heardUpTo;
    const during = await this.load.overrun(count);
    for (const hash of this.#forgotten(during)) this.surelyLost.add(hash);
    await this.victim.startAndDie(share);
    // Publishers that were let through before go on until they see that they must wait.
    await this.victim.begin();
    for (const hash of this.#forgotten(this.load.published.slice(heard))) this.mayBeLost.add(hash);
    this.#undeclared = this.#engine.latest;
  }

  /** What the engine no longer has of these, of what the policy has recorded. */
  #forgotten(published: readonly Published[]): string[] {
    const remembered = new Set(this.#engine.remembered());
    const gone = published.filter((one) => !remembered.has(one));
    return gone.flatMap(({ text }) => expectedOf(text, this.#engine.id)?.hash ?? []);
  }

  /** Cuts a stream of one that is not killed; goes on when it listens again, or others' faults would be its own. */
  async #cutReference(share: number): Promise<void> {
    const socket = this.#socketOf(REFERENCES[0] as Actor);
    const left = this.#listeners.left(socket);
    this.#engine.cut(socket, share);
    // It breaks within an event, and the load may be waiting for the victim.
    await this.load.one();
    await this.#listeners.changes.until(() => this.#listeners.left(socket) > left && this.#listeners.now(socket) > 0);
  }

  /** Until the engine's clock is where it never was. */
  async #clockAhead(): Promise<void> {
    const { latest } = this.#engine;
    const behind = () => Number((latest - this.#engine.now()) / 1_000_000n);
    while (behind() >= 0) await delay(behind() + 1);
  }

  /** Until all collectors have claimed or declared what lies before the last loss. */
  async #declared(): Promise<void> {
    if (this.#undeclared === 0n) return;
    await this.victim.begin();
    let all: CollectorAnswer[] = [];
    await eventually('a watch beyond what was lost, of each collector', async () => {
      all = JSON.parse(await this.#ledger.evaluate('GetCollectors')) as CollectorAnswer[];
      const beyond = all.filter(({ watches }) => watches.some(({ to }) => BigInt(to) > this.#undeclared));
      return beyond.length === ACTORS.length;
    }).catch((error: Error) => {
      const times = { beyond: this.#undeclared, now: this.#engine.now() };
      throw new Error(`${error.message}\n${lastWords(all, this.#speakers(), times)}`, { cause: error });
    });
    this.#undeclared = 0n;
  }

  #speakers(): Speaker[] {
    const references = this.references.map((running, index) => ({
      actor: REFERENCES[index] as Actor,
      said: running.stderr(),
      code: running.code(),
    }));
    return [{ actor: VICTIM, said: this.victim.said, code: this.victim.code }, ...references];
  }
}

function verdictOf(witness: Witness, published: readonly Expected[]): Verdict {
  const account = accountOf(witness, published);
  return {
    ...witness,
    ...account,
    inSeveral: account.inGaps.filter((event) => gapsOver(witness, event).length > 1),
    needless: witness.gaps.filter((gap) => !account.inGaps.some((event) => gapsOver(witness, event).includes(gap))),
  };
}
