import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventAnswer } from '#chaincode';
import type { Coverage, Finding } from '../../reconciler/judgement.js';
import type { DailyReport } from '../../reports/model.js';
import { event2ledger, type Finished, type Running, startEvent2ledger } from './command.js';

export const ACTORS = ['DeveloperMSP', 'ProviderMSP', 'UserMSP'] as const;
export type Actor = (typeof ACTORS)[number];

/** Three actors and their ledger, run by the commands that a user runs. */
export interface Consortium {
  /** A folder for the suite's own files. */
  readonly dir: string;
  readonly ledger: Running;
  profile(actor: Actor, identity?: string): string;
  /** Starts a collector of each actor; resolves when all three watch. */
  collectors(source: string): Promise<Running[]>;
  /** Runs a collector to the end of its trace. */
  collect(actor: Actor, ...args: string[]): Promise<Finished>;
  /** Reads up to the newest block with one actor's reconciler. */
  reconcile(actor?: Actor): Promise<Finished>;
  report(day: string, actor?: Actor): Promise<{ finished: Finished; report: DailyReport; dir: string }>;
  /** The reports of several days as one. */
  reports(days: readonly string[]): Promise<{ codes: (number | null)[]; findings: Finding[]; coverage: Coverage }>;
  /** Every event on the ledger, as `query events --json` gives them. */
  events(): Promise<EventAnswer[]>;
  close(): Promise<void>;
}

/** Starts a new consortium on a ledger of its own. */
export async function startConsortium(): Promise<Consortium> {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-consortium-'));
  const data = join(dir, 'ledger');
  const ledger = startEvent2ledger(['ledger', 'serve', '--data', data, '--port', '0']);
  await ledger.said(/localhost:\d+/);
  const profile = (actor: Actor, identity = 'collector-1') => join(data, 'actors', actor, identity, 'profile.json');
  const database = (actor: Actor) => join(dir, `${actor}.db`);
  const spool = (actor: Actor) => ['--spool', join(dir, `${actor}.spool`)];
  const report: Consortium['report'] = async (day, actor = 'UserMSP') => {
    const out = join(dir, `report-${actor}-${day}`);
    const args = ['--day', day, '--format', 'json,html,md,csv', '--out', out];
    const finished = await event2ledger(['report', '--db', database(actor), ...args]);
    return { finished, report: readReport(out, day), dir: out };
  };
  return {
    dir,
    ledger,
    profile,
    collectors: (source) =>
      Promise.all(
        ACTORS.map(async (actor) => {
          const args = ['collect', '--profile', profile(actor), '--source', source, ...spool(actor)];
          const collector = startEvent2ledger(args);
          await collector.said(/watch/i);
          return collector;
        }),
      ),
    collect: (actor, ...args) => event2ledger(['collect', '--profile', profile(actor), ...spool(actor), ...args]),
    reconcile: (actor = 'UserMSP') =>
      event2ledger(['reconcile', '--profile', profile(actor, 'reconciler'), '--db', database(actor)]),
    report,
    reports: async (days) => {
      const coverage = { events: 0, agreed: 0, disputed: 0, pending: 0, unobservable: 0 };
      const findings: Finding[] = [];
      const codes: (number | null)[] = [];
      for (const day of days) {
        const { finished, report: made } = await report(day);
        codes.push(finished.code);
        findings.push(...made.findings);
        for (const key of Object.keys(coverage) as (keyof Coverage)[]) coverage[key] += made.coverage[key];
      }
      return { codes, findings, coverage };
    },
    events: async () => {
      const { code, stdout, stderr } = await event2ledger([
        'query',
        'events',
        '--json',
        '--profile',
        profile('UserMSP'),
      ]);
      if (code !== 0) throw new Error(`query events ended with ${code}: ${stderr}`);
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as EventAnswer);
    },
    close: async () => {
      await ledger.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function readReport(dir: string, day: string): DailyReport {
  return JSON.parse(readFileSync(join(dir, `${day}.json`), 'utf8')) as DailyReport;
}
