import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventAnswer, Policy } from '#chaincode';
import type { Coverage, Finding } from '../../reconciler/judgement.js';
import type { DailyReport } from '../../reports/model.js';
import { type Witness, witnessesOf } from './audit.js';
import { event2ledger, type Finished, type Running, startEvent2ledger } from './command.js';
import { eventually } from './eventually.js';
import { type LedgerKind, ledgerKind, ledgerUnderTest } from './ledger-kinds.js';

export const ACTORS = ['DeveloperMSP', 'ProviderMSP', 'UserMSP'] as const;
export type Actor = (typeof ACTORS)[number];

/** Three actors and their ledger, run by the commands that a user runs. */
export interface Consortium {
  /** A folder for the suite's own files. */
  readonly dir: string;
  /** The ledger's own folder. */
  readonly data: string;
  profile(actor: Actor, identity?: string): string;
  /** Issues one more identity; gives its profile. */
  addIdentity(actor: Actor, name: string): Promise<string>;
  /** Stops the ledger, as an operator does; `serveAgain` starts it on the same data and port. */
  stopLedger(): Promise<void>;
  serveAgain(): Promise<void>;
  /** Kills the ledger's processes. */
  killLedger(): Promise<void>;
  /** Starts a collector of each actor; resolves when all three watch. */
  collectors(source: string): Promise<Running[]>;
  /** Starts one collector on the spool it had before; resolves when it watches. */
  collector(actor: Actor, source: string, options?: CollectorStart): Promise<Running>;
  /** Runs a collector to the end of its trace. */
  collect(actor: Actor, ...args: string[]): Promise<Finished>;
  /** Reads up to the newest block with one actor's reconciler. */
  reconcile(actor?: Actor): Promise<Finished>;
  report(day: string, actor?: Actor): Promise<{ finished: Finished; report: DailyReport; dir: string }>;
  /** The reports of several days as one. */
  reports(days: readonly string[]): Promise<{ codes: (number | null)[]; findings: Finding[]; coverage: Coverage }>;
  /** What each collector has on the ledger, read from its blocks. */
  witnesses(): Promise<(actor: string, collector?: string) => Witness>;
  /** Waits until all actors have attested an event of a container of this name. */
  attestedByAll(name: string): Promise<void>;
  /** Every event on the ledger, as `query events --json` gives them. */
  events(): Promise<EventAnswer[]>;
  close(): Promise<void>;
}

export interface CollectorStart {
  /** Of `identity add`; else `collector-1`. */
  readonly identity?: string;
  /** In place of the identity's own. */
  readonly profile?: string;
  /** In place of the identity's own in the suite's folder. */
  readonly spool?: string;
  /** More of the command's arguments. */
  readonly args?: readonly string[];
}

/** Starts a new consortium on a ledger of its own, with what its first policy says beyond the defaults. */
export async function startConsortium(
  policy: Partial<Policy> = {},
  kind: LedgerKind = ledgerKind(),
): Promise<Consortium> {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-consortium-'));
  const data = join(dir, 'ledger');
  const policyFile = join(dir, 'policy.json');
  writeFileSync(policyFile, JSON.stringify(policy));
  const ledger = ledgerUnderTest(kind, data, policyFile);
  await ledger.start();
  const profile = (actor: Actor, identity = 'collector-1') => join(data, 'actors', actor, identity, 'profile.json');
  const collector: Consortium['collector'] = async (actor, source, options = {}) => {
    const { identity = 'collector-1', args = [] } = options;
    const file =
      options.spool ?? join(dir, identity === 'collector-1' ? `${actor}.spool` : `${actor}-${identity}.spool`);
    const started = startEvent2ledger([
      'collect',
      '--profile',
      options.profile ?? profile(actor, identity),
      '--source',
      source,
      '--spool',
      file,
      ...args,
    ]);
    await started.said(/watching/i);
    return started;
  };
  const database = (actor: Actor) => join(dir, `${actor}.db`);
  const spool = (actor: Actor) => ['--spool', join(dir, `${actor}.spool`)];
  const report: Consortium['report'] = async (day, actor = 'UserMSP') => {
    const out = join(dir, `report-${actor}-${day}`);
    const args = ['--day', day, '--format', 'json,html,md,csv', '--out', out];
    const finished = await event2ledger(['report', '--db', database(actor), ...args]);
    return { finished, report: readReport(out, day), dir: out };
  };
  const witnesses = () => witnessesOf(profile('UserMSP', 'reconciler'));
  return {
    dir,
    data,
    witnesses,
    attestedByAll: (name) =>
      eventually(`an attestation of ${name} by all`, async () => {
        const of = await witnesses();
        return ACTORS.every((actor) => of(actor).names.has(name));
      }),
    profile,
    addIdentity: async (actor, name) => {
      const added = await event2ledger(['identity', 'add', '--data', data, '--actor', actor, '--name', name]);
      if (added.code !== 0) throw new Error(`identity add ended with ${added.code}: ${added.stderr}`);
      return profile(actor, name);
    },
    stopLedger: ledger.stop,
    serveAgain: ledger.start,
    killLedger: ledger.kill,
    collector,
    collectors: (source) => Promise.all(ACTORS.map((actor) => collector(actor, source))),
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
