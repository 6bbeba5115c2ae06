import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    report: async (day, actor = 'UserMSP') => {
      const out = join(dir, `report-${actor}-${day}`);
      const args = ['--day', day, '--format', 'json,html,md,csv', '--out', out];
      const finished = await event2ledger(['report', '--db', database(actor), ...args]);
      return { finished, report: readReport(out, day), dir: out };
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
