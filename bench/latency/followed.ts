import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect } from '../../network/connection.js';
import { loadProfile } from '../../network/profile.js';
import { bookmarkAt } from '../../network/query-command.js';
import { findingsOf } from '../../reconciler/findings.js';
import type { Finding } from '../../reconciler/judgement.js';
import { DAY } from '../made-batches.js';
import { now } from './clock.js';

const BINARY = fileURLToPath(new URL('../../event2ledger.js', import.meta.url));

/** A question that was asked as soon as a finding was told; milliseconds since the epoch, with fractions. */
interface Answered {
  readonly asked: number;
  readonly answered: number;
}

/** A finding as a follower told it. */
export interface Told {
  readonly finding: Finding;
  readonly at: number;
  findings?: Answered;
  disputed?: Answered;
}

/** A `reconcile --follow --json` in a process of its own, what it tells, and what the queries say then. */
export interface Followed {
  readonly process: ChildProcess;
  readonly told: readonly Told[];
  /** All questions that were asked so far are answered. */
  settled(): Promise<unknown>;
  close(): void;
}

/**
 * @param oneIn of so many findings one is asked for by the code under `query findings`, and one by that of `query disputed`
 * @param nodeArgs for the process
 */
export function follow(profileFile: string, dbFile: string, oneIn: number, nodeArgs: readonly string[]): Followed {
  const args = ['reconcile', '--profile', profileFile, '--db', dbFile, '--follow', '--json'];
  const child = spawn(process.execPath, [...nodeArgs, BINARY, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ledger = connect(loadProfile(profileFile));
  const told: Told[] = [];
  const asked: Promise<void>[] = [];
  createInterface(child.stdout).on('line', (line) => {
    const at = now();
    const { finding } = JSON.parse(line) as { finding?: Finding };
    if (finding === undefined) return;
    const one: Told = { finding, at };
    told.push(one);
    if (told.length % oneIn === 0) askFindings(one);
    if (told.length % oneIn === Math.floor(oneIn / 2)) asked.push(askDisputed(one));
  });

  function askFindings(one: Told): void {
    const begun = now();
    const [answer] = findingsOf(dbFile, { id: one.finding.id });
    const [found] = answer?.findings ?? [];
    if (found?.id !== one.finding.id) throw new Error(`query findings lacks ${one.finding.id}`);
    one.findings = { asked: begun, answered: now() };
  }

  async function askDisputed(one: Told): Promise<void> {
    const begun = now();
    const page = await ledger.evaluate('GetDisputedEvents', DAY, bookmarkAt(one.finding.time));
    if (!page.includes(one.finding.variants[0]?.eventHash ?? '-')) {
      throw new Error(`query disputed lacks the event of ${one.finding.id}`);
    }
    one.disputed = { asked: begun, answered: now() };
  }

  return { process: child, told, settled: () => Promise.all(asked), close: () => ledger.close() };
}
