import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dayOf } from '#chaincode';
import { type CollectorSummary, runCollector } from '../collector/collector.js';
import { connect } from '../network/connection.js';
import { type EmbeddedLedger, serveLedger } from '../network/embedded/ledger.js';
import { loadProfile } from '../network/profile.js';
import { dayJudgement } from '../reconciler/day-judgement.js';
import { reconcile } from '../reconciler/reconcile.js';
import { checkReport } from '../reports/check.js';
import { type DailyReport, dailyReport } from '../reports/model.js';
import { dishonestSource, type Lie } from './dishonest.js';
import { DemoError } from './errors.js';
import type { Scene } from './scene.js';
import { type Exposed, exposed, foundExactly } from './verdict.js';

/** The actors, the dishonest one first. */
export const ACTORS = ['ProviderMSP', 'DeveloperMSP', 'UserMSP'] as const;
export const LIAR = ACTORS[0];

const JUDGE_EVERY_MS = 1_000;
const JUDGE_AT_MOST = 120;

export interface DemoOptions {
  readonly scene: Scene;
  /** Where ledger, spools and projection are kept; without it a temporary folder, removed at the end. */
  readonly dataDir?: string;
  readonly port?: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How it ended. */
export interface DemoResult {
  readonly collectors: readonly CollectorSummary[];
  readonly lies: readonly Exposed[];
  /** Of each day on which a lie was told: one, unless midnight passed. */
  readonly reports: readonly DailyReport[];
  /** Whether the report names the three lies, each with the liar, and nothing else. */
  readonly asPlanned: boolean;
}

/**
 * Runs a ledger, three collectors, of which one is lied to by its own source, and a reconciler that is told nothing.
 * @throws DemoError `DATA`, `ENGINE`, `STOPPED`; NetworkError, CollectorError, ReconcilerError of the parts
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { dataDir, scene, port, say } = options;
  const dir = dataDir === undefined ? mkdtempSync(join(tmpdir(), 'event2ledger-demo-')) : newFolder(dataDir);
  let ledger: EmbeddedLedger | undefined;
  try {
    const at = port === undefined ? {} : { port };
    ledger = await serveLedger({ dataDir: join(dir, 'ledger'), actors: [...ACTORS], policy: scene.policy, ...at });
    say(`A ledger of ${ACTORS.length} organisations is up at ${ledger.endpoint}, their policy in force.`);
    return await attestAndJudge(options, dir, ledger);
  } finally {
    await ledger?.close();
    if (dataDir === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

async function attestAndJudge(
  { scene, say, signal }: DemoOptions,
  dir: string,
  ledger: EmbeddedLedger,
): Promise<DemoResult> {
  const lies: Lie[] = [];
  const enough = new AbortController();
  const judge = () => judgedDays(ledger, join(dir, 'user.db'), lies, signal);
  const collecting = startCollectors(scene, dir, ledger, AbortSignal.any([signal, enough.signal]), lies);
  try {
    await Promise.race([collecting.watching, collecting.done]);
    await Promise.race([scene.play(say, signal), failure(collecting.done)]);
    if (!scene.ends) await decided(judge, say, signal);
    else await collecting.done;
  } finally {
    enough.abort();
    await collecting.done.catch(() => {});
  }
  stopIfAborted(signal);
  const collectors = await collecting.done;
  const reports = await judge();
  const findings = reports.flatMap((report) => report.findings);
  const told = exposed(lies, findings, LIAR);
  return { collectors, lies: told, reports, asPlanned: foundExactly(told, findings) };
}

interface Collecting {
  /** Every collector watches its source. */
  readonly watching: Promise<unknown>;
  /** Every collector has ended, with everything attested. */
  readonly done: Promise<CollectorSummary[]>;
}

function startCollectors(
  scene: Scene,
  dir: string,
  ledger: EmbeddedLedger,
  signal: AbortSignal,
  lies: Lie[],
): Collecting {
  const watching: Promise<void>[] = [];
  const done = ACTORS.map(async (actor) => {
    const connection = connect(loadProfile(ledger.profilePath(actor, 'collector-1')));
    let begun = () => {};
    watching.push(
      new Promise((resolve) => {
        begun = resolve;
      }),
    );
    const honest = scene.source(() => begun());
    const source = actor === LIAR ? dishonestSource(honest, scene.plan, (lie) => lies.push(lie)) : honest;
    try {
      return await runCollector({ connection, source, spool: join(dir, `${actor}.db`), signal, once: scene.ends });
    } finally {
      connection.close();
    }
  });
  const all = Promise.all(done);
  all.catch(() => {});
  return { watching: Promise.all(watching), done: all };
}

/** Judges again and again, as a reconciler that follows the ledger does, until every event is decided. */
async function decided(judge: () => Promise<DailyReport[]>, say: (line: string) => void, signal: AbortSignal) {
  say('Waiting until every actor has attested each event, or its deadline has passed …');
  for (let attempt = 0; attempt < JUDGE_AT_MOST; attempt++) {
    const reports = await judge();
    if (reports.length > 0 && reports.every(({ coverage }) => coverage.pending === 0)) return;
    await delay(JUDGE_EVERY_MS, undefined, { signal }).catch(() => stopIfAborted(signal));
  }
}

/** The user's own reconciler: it reads the ledger and nothing else. Judges the days on which lies were told. */
async function judgedDays(
  ledger: EmbeddedLedger,
  dbFile: string,
  lies: readonly Lie[],
  signal: AbortSignal,
): Promise<DailyReport[]> {
  const connection = connect(loadProfile(ledger.profilePath('UserMSP', 'reconciler')));
  try {
    await reconcile({ connection, dbFile, signal });
  } finally {
    connection.close();
  }
  stopIfAborted(signal);
  const days = [...new Set(lies.map(({ event }) => dayOf(event.timeNano)))].sort();
  return days.map((day) => checkReport(dailyReport(dayJudgement(dbFile, day))));
}

function newFolder(dir: string): string {
  if (existsSync(join(dir, 'ledger'))) {
    throw new DemoError('DATA', `${dir} holds a ledger already; name a new folder with --data, or remove that one.`);
  }
  try {
    mkdirSync(dir, { recursive: true });
  } catch (cause) {
    throw new DemoError('DATA', `${dir} cannot be made (${(cause as Error).message}); name another with --data.`, {
      cause,
    });
  }
  return dir;
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new DemoError('STOPPED', 'The demo was interrupted before its report.');
}

/** Rejects when `work` does; never resolves. */
function failure(work: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    work.catch(reject);
  });
}
