import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { BINARY } from '../support/command.js';
import type { Listeners } from './listeners.js';
import type { Episode } from './plan.js';

/** So many milliseconds after a collector said that it watches, what the engine remembered is in its spool. */
const GOOD_LIFE_MS = 500;
/** So many events since the last good life: the next one must be good. Ten more, and the load waits for it. */
const UNHEARD = 100;
/** A process that starts has read what the engine remembers well before so many milliseconds. */
const START_MS = 2_000;
/** Characters of what it said last that are kept. */
const SAID = 20_000;

/** The collector that is killed. */
export class Victim {
  /** Kills before the stream had begun. */
  earlyKills = 0;
  /** Kills of `startAndDie`. */
  midwayKills = 0;
  /** How many events were published so far. */
  published = () => 0;
  readonly #args: readonly string[];
  readonly #socket: string;
  readonly #listeners: Listeners;
  #process: ReturnType<typeof spawn> | undefined;
  #watching = false;
  #said = '';
  #heardUpTo = 0;

  /**
   * @param args of the command, without its source
   * @param socket where it listens to the engine
   */
  constructor(args: readonly string[], socket: string, listeners: Listeners) {
    this.#args = ['collect', '--source', `docker:unix://${socket}`, ...args];
    this.#socket = socket;
    this.#listeners = listeners;
  }

  /** The end of what all its lives have written to standard error. */
  get said(): string {
    return this.#said;
  }

  /** The exit code, if it has ended by itself. */
  get code(): number | null | undefined {
    return this.#process?.exitCode;
  }

  /** So many of the events published first it surely has. */
  get heardUpTo(): number {
    return this.#heardUpTo;
  }

  /** The load may go on as long as the engine's ring surely holds all that the collector has not read. */
  async mayGoOn(): Promise<void> {
    await this.#until(() => this.#unheard() < UNHEARD + 10);
  }

  /** Starts unless it runs; a life long enough to have read everything. */
  async begin(): Promise<void> {
    this.#start();
    await this.#goodLife();
  }

  /** Starts unless it runs; then SIGKILL at the episode's moment. @param fault done at its share of that time */
  async liveAndDie({ early, lifeMs, share }: Episode, fault: () => Promise<void> | void): Promise<void> {
    this.#start();
    if (!early || this.#unheard() >= UNHEARD) {
      await this.#until(() => this.#listening());
      if (this.#unheard() >= UNHEARD) await this.#goodLife();
    }
    await delay(share * lifeMs);
    await fault();
    await delay((1 - share) * lifeMs);
    if (!this.#listening()) this.earlyKills++;
    await this.#kill();
    await this.#until(() => !this.#listening());
  }

  /** Starts, and is killed on its way, whatever it has not read. */
  async startAndDie(share: number): Promise<void> {
    this.#start();
    await delay(share * START_MS);
    await this.#kill();
    this.midwayKills++;
    await this.#until(() => !this.#listening());
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
      this.#said = (this.#said + text).slice(-SAID);
      if (/"msg":"(?:Watching|The engine's events come again)/.test(text)) this.#watching = true;
      for (const line of text.split('\n')) if (/"level":[56]0/.test(line)) process.stderr.write(`${line}\n`);
      this.#listeners.changes.tell();
    });
    child.once('exit', () => this.#listeners.changes.tell());
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

  #listening(): boolean {
    return this.#listeners.now(this.#socket) > 0;
  }

  #unheard(): number {
    return this.published() - this.#heardUpTo;
  }

  /** Until it surely has in its spool what was published before it watched. */
  async #goodLife(): Promise<void> {
    for (;;) {
      await this.#until(() => this.#watching && this.#listening());
      const [heard, left] = [this.published(), this.#listeners.left(this.#socket)];
      await delay(GOOD_LIFE_MS);
      // A stream that broke meanwhile may have taken something with it.
      if (this.#listeners.left(this.#socket) !== left) continue;
      this.#heardUpTo = heard;
      this.#listeners.changes.tell();
      return;
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    await this.#listeners.changes.until(condition, () => {
      const code = this.#process?.exitCode;
      if (code !== undefined && code !== null) throw new Error(`The collector ended by itself, with ${code}.`);
    });
  }
}
