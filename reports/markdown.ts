import type { DisputesNow } from '../reconciler/day-judgement.js';
import type { DisputeStanding } from '../reconciler/exchange-form.js';
import type { Finding } from '../reconciler/judgement.js';
import { FINDING_CLASSES } from '../reconciler/judgement.js';
import { fieldName } from './difference.js';
import {
  actPhrase,
  actText,
  anchorPhrase,
  disputePhrase,
  omittedText,
  STATE_WORDS,
  untoldText,
} from './exchange-text.js';
import { counted, exactTime, grouped, humanDay, humanDuration, humanTime, nanosOfSeconds, short } from './format.js';
import { md, mdCode, mdPhrase, mdTable } from './markdown-text.js';
import type { DailyReport } from './model.js';
import { actorsPhrase } from './phrase.js';
import { absencePhrase, findingSentence } from './sentence.js';
import { sideBySide } from './side-by-side.js';
import { gapsSentence, gravest, runningTotals, sidesOf, verdictPhrase } from './summary.js';
import { CLASS_WORDS } from './words.js';

const MAX_FINDINGS = 100;
const MAX_ROWS = 100;

/** The report as Markdown, for an issue, a chat or a terminal: the content of the page, compactly. */
export function reportMarkdown(report: DailyReport, now?: DisputesNow): string {
  const blocks = [
    `# event2ledger daily report, ${humanDay(report.day)}`,
    `**${report.sealed ? 'Sealed' : 'Not sealed yet: this can still change'}.** ${mdPhrase(verdictPhrase(report))}`,
    ...stalledBlock(report),
    coverageTable(report),
    '## Who stands against whom',
    ...sidesTable(report),
    ...gapsBlock(report),
    classTable(report),
    '## Findings',
    ...findingBlocks(report, now),
    '## Running time and money',
    ...runningBlocks(report),
    ...amendsBlocks(report),
    ...disputesBlocks(report),
    ...anchorsBlocks(report),
    '## Where it comes from',
    provenance(report),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function stalledBlock({ stalled }: DailyReport): string[] {
  if (!stalled?.length) return [];
  return [
    `**Stalled:** the ledger clock stands still for the silence of ${mdPhrase(actorsPhrase(stalled))}; no deadline passes.`,
  ];
}

function coverageTable({ coverage }: DailyReport): string {
  const { events, agreed, disputed, pending, unobservable } = coverage;
  return mdTable(
    ['Events', 'Agreed', 'Disputed', 'Pending', 'Unobservable'],
    [[events, agreed, disputed, pending, unobservable].map(grouped)],
  );
}

function sidesTable({ findings }: DailyReport): string[] {
  const sides = sidesOf(findings).slice(0, 20);
  if (sides.length === 0) return [];
  const rows = sides.map(({ dissent, majority, findings: count, classes }) => [
    dissent.length > 0 ? mdPhrase(actorsPhrase(dissent)) : 'no one',
    majority.length > 0 ? mdPhrase(actorsPhrase(majority)) : 'no majority named',
    grouped(count),
    classes.map(([name, each]) => `${grouped(each)} ${CLASS_WORDS[name].label.toLowerCase()}`).join(', '),
  ]);
  return [mdTable(['In dissent', 'Against', 'Findings', 'Of which'], rows)];
}

function gapsBlock({ findings }: DailyReport): string[] {
  const gaps = gapsSentence(findings);
  return gaps === undefined ? [] : [gaps];
}

function classTable({ actors }: DailyReport): string {
  const head = ['Actor', 'Events attested', ...FINDING_CLASSES.map((name) => CLASS_WORDS[name].label)];
  const rows = actors.map((summary) => [
    md(summary.actor),
    grouped(summary.attested),
    ...FINDING_CLASSES.map((name) => (summary[name] === 0 ? '0' : `**${grouped(summary[name])}**`)),
  ]);
  return mdTable(head, rows);
}

function findingBlocks({ findings }: DailyReport, now?: DisputesNow): string[] {
  if (findings.length === 0) return ['No findings. The actors’ logs agree wherever they could be compared.'];
  const shown = gravest(findings, MAX_FINDINGS);
  const rest = findings.length - shown.length;
  const notice = `**${grouped(shown.length)} of ${counted(findings.length, 'finding')} are shown here**, those of the highest severity first chosen, then the earliest. The other ${grouped(rest)} are in the report’s JSON and CSV.`;
  return [...(rest > 0 ? [notice] : []), ...shown.flatMap((finding) => findingBlock(finding, now))];
}

function findingBlock(finding: Finding, now?: DisputesNow): string[] {
  const { label } = CLASS_WORDS[finding.class];
  const unresolved = finding.verdict === 'unresolved' ? ', unresolved' : '';
  const kind = finding.type === undefined ? '' : ` · ${mdCode(`${finding.type} ${finding.action ?? ''}`, 80)}`;
  const source = finding.source === '' ? '' : ` · source ${mdCode(short(finding.source))}`;
  const meta = `${humanTime(finding.time)}${kind}${source} · finding ${mdCode(finding.id)}`;
  const { gap } = finding;
  return [
    `### ${label}, ${finding.severity} severity${unresolved}`,
    mdPhrase(findingSentence(finding)),
    meta,
    ...(gap ? [`Until ${humanTime(gap.to)}. The collector’s reason: ${mdCode(gap.reason || 'none given')}`] : []),
    ...versionsTable(finding),
    ...finding.absence.map((absence) => `- ${mdPhrase(absencePhrase(absence))}`),
    ...evidenceLine(finding),
    ...disputesNow(finding, now),
  ];
}

function disputesNow({ id }: Finding, now?: DisputesNow): string[] {
  const disputes = now?.disputes.filter(({ finding }) => finding === id) ?? [];
  return disputes.map((dispute) => {
    const last = dispute.acts.at(-1);
    const latest = last === undefined ? '' : ` Last act: ${mdPhrase(actPhrase(last))}.`;
    const as = `**${STATE_WORDS[dispute.state]} dispute**, as of block ${md(now?.block ?? '')}`;
    return `${as}: ${mdPhrase(disputePhrase(dispute))}${latest}`;
  });
}

function versionsTable(finding: Finding): string[] {
  const { columns, rows, more } = sideBySide(finding);
  const versions = columns.flatMap((column, index) => (column.variant ? [{ ...column, index }] : []));
  if (versions.length === 0) return [];
  const head = versions.map(
    ({ actors, side }) => `${actors.map((actor) => md(actor)).join(', ')}${side ? ` (${side})` : ''}`,
  );
  const table = mdTable(
    ['Field', ...head],
    rows.map(({ path, differs, values }) => [
      `${mdCode(fieldName(path), 80)}${differs ? ' **≠**' : ''}`,
      ...versions.map(({ index }) => cell(path, values[index])),
    ]),
  );
  return more > 0 ? [table, `${more} more versions are in the report’s JSON.`] : [table];
}

function cell(path: string, value: string | undefined): string {
  if (value === undefined) return path === 'time' ? 'none of its own' : 'not there';
  return path === 'time' ? exactTime(value) : mdCode(value);
}

function evidenceLine({ variants, batches = [] }: Finding): string[] {
  const places = [
    ...variants
      .flatMap(({ evidence }) => evidence)
      .map(({ number, ...place }) => ({ ...place, what: `number ${number}` })),
    ...batches.map(({ n, digest, ...place }) => ({ ...place, what: `batch ${n} (digest ${short(digest)})` })),
  ];
  if (places.length === 0) return [];
  const shown = places
    .slice(0, 12)
    .map(
      ({ actor, what, block, tx }) =>
        `${md(actor)} ${md(what)} in block ${md(block)}, transaction ${mdCode(short(tx))}`,
    );
  const more = places.length > shown.length ? `; ${places.length - shown.length} more in the JSON` : '';
  return [`Evidence: ${shown.join('; ')}${more}`];
}

function runningBlocks(report: DailyReport): string[] {
  const { bill, running, actors } = report;
  const totals = runningTotals(report);
  const currency = mdCode(bill.currency);
  const sums = `Agreed ${md(bill.agreed)} ${currency} (${humanDuration(totals.agreed)}), in dispute ${md(bill.disputed)} ${currency} (${humanDuration(totals.disputed)}), unknown ${humanDuration(totals.unknown)}.`;
  if (running.length === 0) return [sums];
  const seconds = (value: string) => `${humanDuration(nanosOfSeconds(value))} (${md(value)} s)`;
  const rows = running
    .slice(0, MAX_ROWS)
    .map((time) => [
      mdCode(time.name || short(time.object), 80),
      mdCode(time.image, 80),
      seconds(time.agreedSeconds),
      seconds(time.disputedSeconds),
      seconds(time.unknownSeconds),
      ...actors.map(({ actor }) => (time.perActor[actor] === undefined ? 'no log' : seconds(time.perActor[actor]))),
    ]);
  const head = ['Container', 'Image', 'Agreed', 'Disputed', 'Unknown', ...actors.map(({ actor }) => md(actor))];
  const more =
    running.length > MAX_ROWS
      ? [`${MAX_ROWS} of ${grouped(running.length)} containers are listed; the report’s JSON has all.`]
      : [];
  return [sums, mdTable(head, rows), ...more, ...sumsTable(report)];
}

function sumsTable({ sums, bill }: DailyReport): string[] {
  if (sums.length === 0) return [];
  const rows = sums
    .slice(0, MAX_ROWS)
    .map(({ by, label, value, containers, agreedSeconds, disputedSeconds, unknownSeconds, agreed, disputed }) => [
      label === undefined ? by : `${by} ${mdCode(label, 80)}`,
      value === '' ? 'not named' : mdCode(value, 80),
      grouped(containers),
      ...[agreedSeconds, disputedSeconds, unknownSeconds].map((value) => humanDuration(nanosOfSeconds(value))),
      `${md(agreed)} ${mdCode(bill.currency)}`,
      `${md(disputed)} ${mdCode(bill.currency)}`,
    ]);
  const head = ['By', 'Which', 'Containers', 'Agreed', 'Disputed', 'Unknown', 'Amount agreed', 'In dispute'];
  const more =
    sums.length > MAX_ROWS ? [`${MAX_ROWS} of ${grouped(sums.length)} sums are listed; the JSON has all.`] : [];
  return [mdTable(head, rows), ...more];
}

function amendsBlocks({ amends }: DailyReport): string[] {
  if (amends.length === 0) return [];
  const rows = amends.slice(0, MAX_ROWS).map(({ day, id, change }) => [day, mdCode(short(id)), mdCode(change)]);
  return ['## Amendments to earlier days', mdTable(['Day', 'Finding', 'Change'], rows)];
}

function disputesBlocks(report: DailyReport): string[] {
  const { disputes = [] } = report;
  if (disputes.length === 0) return [];
  const more = disputes.length > MAX_ROWS ? [`${MAX_ROWS} of ${grouped(disputes.length)} disputes are shown.`] : [];
  const omitted = omittedText(report);
  const rest = omitted === undefined ? [] : [omitted];
  return ['## Disputes', ...more, ...rest, ...disputes.slice(0, MAX_ROWS).flatMap(disputeBlock)];
}

function disputeBlock(dispute: DisputeStanding): string[] {
  const acts = dispute.acts.slice(-MAX_ROWS).map((act) => {
    const { text, reference } = actText(act);
    const said = text === '' ? '' : `: ${mdCode(text, 1100)}`;
    const named = reference === '' ? '' : `, reference ${mdCode(reference)}`;
    const when = act.clock === '' ? '' : `${humanTime(act.clock)}, `;
    return `- ${when}block ${md(act.block)}: ${mdPhrase(actPhrase(act))}${said}${named}`;
  });
  const untold = untoldText(dispute);
  return [
    `**${STATE_WORDS[dispute.state]}**, finding ${mdCode(dispute.finding)} of ${dispute.day}: ${mdPhrase(disputePhrase(dispute))}`,
    acts.join('\n'),
    ...(untold === '' ? [] : [`${untold}.`]),
  ];
}

function anchorsBlocks({ anchors = [] }: DailyReport): string[] {
  if (anchors.length === 0) return [];
  const rows = anchors
    .slice(0, MAX_ROWS)
    .map((anchor) => [anchor.day, md(anchor.actor), mdCode(short(anchor.hash)), mdPhrase(anchorPhrase(anchor))]);
  return ['## Anchors of earlier days', mdTable(['Day', 'Actor', 'Report hash', 'Held against this ledger'], rows)];
}

function provenance(report: DailyReport): string {
  const { sealedAt, blocks } = report;
  const clock = sealedAt?.clock ? `, ledger clock ${humanTime(sealedAt.clock)}` : '';
  return mdTable(
    ['What', 'Value'],
    [
      ['Report hash', mdCode(report.hash)],
      ['Ledger', mdCode(report.ledger)],
      ['Channel, chaincode', `${mdCode(report.channel)}, ${mdCode(report.chaincode)}`],
      ['Blocks', `${md(blocks.from)} to ${md(blocks.to)}, hash of the last ${mdCode(blocks.hash)}`],
      ['Seal', sealedAt ? `block ${md(sealedAt.block)}, transaction ${mdCode(sealedAt.tx)}${clock}` : 'not sealed yet'],
      ['Policy', mdCode(report.policyHash)],
      ['Judging rules', `version ${md(report.judge)}`],
      ['Form', `${md(report.report)}, version ${report.version}`],
    ],
  );
}
