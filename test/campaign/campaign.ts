import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ReplayEngine } from '../../bench/replay-engine.js';
import type { Coverage, Finding } from '../../reconciler/judgement.js';
import { type Account, accountOf, expectedOf, type Witness } from '../support/audit.js';
import { BINARY } from '../support/command.js';
import { type Consortium, startConsortium } from '../support/consortium.js';
import { utcDays } from '../support/utc-day.js';
import { Load } from './load.js';
import { Seeded } from './random.js';

const VICTIM = 'UserMSP';
/** Never killed. */
const REFERENCE = 'ProviderMSP';
const WITNESSES = [VICTIM, REFERENCE];

/** Kills fall anywhere from the start of the process on, or after its stream has begun. */
const EARLY = { percent: 35, mostMs: 1_500 };
const LATE = { mostMs: 1_500 };
/** So many milliseconds after a collector said that it watches, what the engine remembered is in its spool. */
const GOOD_LIFE_MS = 500;
/** So many events since the last good life: the next one must be good. Ten more, and the load waits for it. */
const UNHEARD = 100;

export interface CampaignResult {
  readonly seed: number;
  readonly kills: number;
  /** Kills before the collector's stream had begun. */
  readonly earlyKills: number;
  readonly seconds: number;
  readonly published: number;
  /** Of the published events those that the policy has recorded. */
  readonly expected: number;
  readonly victim: Witness & Account;
  readonly reference: Witness & Account;
  /** Events that the engine skipped a listener for. */
  readonly skipped: number;
  /** What the reconciler says of all days together. */
  readonly coverage: Coverage;
  readonly findings: readonly Finding[];
}

/** Kills a collector again and again under load, then compares what was published with what is on the ledger. */
export async function campaign(kills: number, seed: number, say: (text: string) => void): Promise<CampaignResult> {
  const begun = new Date();
  // How long a machine takes to start a process again is not what is tried here: lateness counts in minutes.
  const patience = { grace: 600, deadline: 3600 };
  const consortium = await startConsortium({ sources: { '*': { witnesses: WITNESSES } }, heartbeat: 2, ...patience });
  const engine = new ReplayEngine();
  const socketOf = (actor: string) => join(consortium.dir, `${actor}.sock`);
  for (const actor of WITNESSES) await engine.listen(socketOf(actor));
  const victim = new Victim(engine, consortium, socketOf(VICTIM), new Seeded(seed));
  const load = new Load(engine, new Seeded(seed + 1), () => victim.mayGoOn());
  victim.published = () => load.published.length;
  try {
    const reference = await consortium.collector(REFERENCE, `docker:unix://${socketOf(REFERENCE)}`);
    await victim.begin();
    // By an event that it knows the collector tells that a stream goes on where the last one ended.
    await load.one();
    await delay(GOOD_LIFE_MS);
    const loading = load.run();
    for (let kill = 1; kill <= kills; kill++) {
      await victim.liveAndDie();
      if (kill % 25 === 0) say(`${kill} kills, ${load.published.length} events published`);
    }
    await victim.begin();
    load.stop();
    await loading;
    await load.one();
    await victim.end();
    const { code, stderr } = await reference.stop();
    if (code !== 0) throw new Error(`The collector that was not killed ended with ${code}: ${stderr}`);

    const witnesses = await consortium.witnesses();
    const expected = load.published.flatMap(({ text }) => expectedOf(text, engine.id) ?? []);
    const found = (actor: string) => {
      const witness = witnesses(actor);
      return { ...witness, ...accountOf(witness, expected) };
    };
    const reconciled = await consortium.reconcile(VICTIM);
    // 1 says that there are findings: they are for whoever reads the result.
    if (reconciled.code === null || reconciled.code > 1)
      throw new Error(`reconcile ended with ${reconciled.code}: ${reconciled.stderr}`);
    const { coverage, findings } = await consortium.reports(utcDays(begun, new Date()));
    return {
      seed,
      kills,
      earlyKills: victim.earlyKills,
      seconds: Math.round((Date.now() - begun.getTime()) / 1000),
      published: load.published.length,
      expected: expected.length,
      victim: found(VICTIM),
      reference: found(REFERENCE),
      skipped: engine.skipped,
      coverage,
      findings,
    };
  } finally {
    load.stop();
    victim.kill();
    await engine.close();
    await consortium.close();
    rmSync(consortium.dir, { recursive: true, force: true });
  }
}

/** The collector that is killed. */
class Victim {
  earlyKills = 0;
  published = () => 0;
  readonly #args: readonly string[];
  readonly #random: Seeded;
  #process: ReturnType<typeof spawn> | undefined;
  #listening = 0;
  #watching = false;
  #heardUpTo = 0;
  #changed = new Set<() => void>();

  constructor(engine: ReplayEngine, consortium: Consortium, socket: string, random: Seeded) {
    this.#random = random;
    const spool = join(consortium.dir, 'victim.spool');
    const args = ['--profile', consortium.profile(VICTIM), '--source', `docker:unix://${socket}`, '--spool', spool];
    // Small batches: more moments at which one is half sealed, half sent, half committed.
    this.#args = ['collect', ...args, '--batch-size', '10'];
    engine.onListener = (where, listening) => {
      if (where !== socket) return;
      this.#listening += listening ? 1 : -1;
      this.#tell();
    };
  }

  /** The load may go on as long as the engine's ring surely holds all that the collector has not read. */
  async mayGoOn(): Promise<void> {
    await this.#until(() => this.#unheard() < UNHEARD + 10);
  }

  /** A life long enough to have read everything. */
  async begin(): Promise<void> {
    this.#start();
    await this.#goodLife();
  }

  /** Starts unless it runs; then SIGKILL at a moment by chance. */
  async liveAndDie(): Promise<void> {
    this.#start();
    const early = this.#random.percent(EARLY.percent);
    const moment = this.#random.next();
    if (early && this.#unheard() < UNHEARD) {
      await delay(moment * EARLY.mostMs);
    } else {
      await this.#until(() => this.#listening > 0);
      if (this.#unheard() >= UNHEARD) await this.#goodLife();
      await delay(moment * LATE.mostMs);
    }
    if (this.#listening === 0) this.earlyKills++;
    await this.#kill();
    await this.#until(() => this.#listening === 0);
  }

  /** Stops it as an operator does, with everything attested. */
  async end(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    this.#process = undefined;
    if (code !== 0) throw new Error(`The collector ended with ${code}.`);
  }

  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  #start(): void {
    if (this.#process !== undefined) return;
    const child = spawn(process.execPath, [BINARY, ...this.#args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#watching = false;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (/"msg":"(?:Watching|The engine's events come again)/.test(text)) this.#watching = true;
      for (const line of text.split('\n')) if (/"level":[456]0/.test(line)) process.stderr.write(`${line}\n`);
      this.#tell();
    });
    child.once('exit', () => this.#tell());
    this.#process = child;
  }

  async #kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    if (child.exitCode !== null) throw new Error(`The collector ended by itself, with ${child.exitCode}.`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  #unheard(): number {
    return this.published() - this.#heardUpTo;
  }

  /** Until it surely has in its spool what was published before it watched. */
  async #goodLife(): Promise<void> {
    await this.#until(() => this.#watching);
    const heard = this.published();
    await delay(GOOD_LIFE_MS);
    this.#heardUpTo = heard;
    this.#tell();
  }

  #tell(): void {
    for (const told of [...this.#changed]) told();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const told = () => {
          this.#changed.delete(told);
          resolve();
        };
        this.#changed.add(told);
      });
      const code = this.#process?.exitCode;
      if (code !== undefined && code !== null) throw new Error(`The collector ended by itself, with ${code}.`);
    }
  }
}
