import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isoOfNanos } from '#chaincode';
import { printable } from '../cli/printable.js';
import { grouped, humanDuration, nanosOfSeconds } from '../reports/format.js';
import type { DailyReport } from '../reports/model.js';
import { plainText } from '../reports/phrase.js';
import { findingSentence } from '../reports/sentence.js';
import { runningTotals, verdictPhrase } from '../reports/summary.js';
import { ACTORS, type DemoResult, LIAR } from './demo.js';
import type { Lie, Plan } from './dishonest.js';

const ROLES: Readonly<Record<(typeof ACTORS)[number], string>> = {
  ProviderMSP: 'runs the hosts and sends the bill',
  DeveloperMSP: 'deploys the applications',
  UserMSP: 'runs them and pays',
};

/** What is about to be shown. */
export function opening(): string[] {
  return [
    'Three actors watch the same Docker engine, and none trusts the others:',
    ...ACTORS.map((actor) => `  ${actor.padEnd(13)} ${ROLES[actor]}`),
    `Each signs what it saw, on a ledger that the three own together. ${LIAR} will lie.`,
    '',
  ];
}

/** What came of it, in plain sentences. */
export function closing(result: DemoResult, plan: Plan, files: readonly string[]): string[] {
  return [
    '',
    'What each actor attested:',
    ...result.collectors.map(({ actor, attested }) => `  ${actor.padEnd(13)} ${grouped(attested)} events`),
    '',
    `What ${LIAR} did to its log:`,
    ...result.lies.map(({ lie }) => `  ${deed(lie, plan)}`),
    '',
    'What the reconciler found, from what the actors signed and nothing else:',
    ...result.reports.flatMap(found),
    '',
    result.asPlanned
      ? `The three lies were found, each with its teller: ${LIAR}. Nothing else was.`
      : `This is not what was planned: ${result.lies.filter(({ finding }) => finding).length} of the three lies were found.`,
    ...files.filter((file) => file.endsWith('.html')).map((file) => `Open the report: ${pathToFileURL(resolve(file))}`),
  ];
}

function deed({ kind, name, action, event }: Lie, { move }: Plan): string {
  const what = `the ${action} of ${printable(name)} at ${isoOfNanos(event.timeNano).slice(11, 19)} UTC`;
  switch (kind) {
    case 'left out':
      return `left out   ${what}`;
    case 'moved':
      return `moved      ${what}, by ${humanDuration(BigInt(move.seconds) * 1_000_000_000n)}`;
    case 'invented':
      return `made up    ${what}; there was no such container`;
  }
}

function found(report: DailyReport): string[] {
  const { agreed, disputed } = runningTotals(report);
  const { bill } = report;
  const seconds = (nanos: bigint) => `${grouped(nanos / 1_000_000_000n)} s`;
  return [
    `  ${plainText(verdictPhrase(report))}`,
    ...report.findings.map((finding, index) => `  ${index + 1}. ${plainText(findingSentence(finding))}`),
    `  Billed running time: ${seconds(agreed)} agreed (${money(bill.agreed)} ${bill.currency}), ` +
      `${seconds(disputed)} in dispute (${money(bill.disputed)} ${bill.currency})${disputes(report)}.`,
    `  The day ${report.day} is ${report.sealed ? 'sealed: whatever is claimed later, its report stays' : 'not sealed yet: it is not over'}.`,
  ];
}

/** Whose seconds they are: `: 3,600 s of shop-backup-1, 40 s of shop-worker-1`. */
function disputes({ running }: DailyReport): string {
  const each = running.flatMap(({ name, disputedSeconds }) => {
    const seconds = nanosOfSeconds(disputedSeconds) / 1_000_000_000n;
    return seconds > 0n ? [`${grouped(seconds)} s of ${printable(name)}`] : [];
  });
  return each.length > 0 ? `: ${each.join(', ')}` : '';
}

/** To a hundredth of a cent, cut: the report has the exact amount. */
function money(amount: string): string {
  return amount.replace(/(\.\d{4}).*$/, '$1');
}
