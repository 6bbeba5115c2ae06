import { isoOfNanos } from '#chaincode';
import { printable } from '../cli/printable.js';
import type { DisputeStanding } from '../reconciler/exchange-form.js';
import type { Finding } from '../reconciler/judgement.js';
import { attribute } from './event-words.js';
import { actPhrase, actText, anchorPhrase, disputePhrase, omittedText, untoldText } from './exchange-text.js';
import type { DailyReport } from './model.js';
import { plainText } from './phrase.js';
import { findingSentence } from './sentence.js';
import { leadingVariant } from './subject.js';

const COLUMNS = [
  'day',
  'finding',
  'class',
  'severity',
  'verdict',
  'time',
  'time_nanos',
  'source',
  'type',
  'action',
  'object',
  'name',
  'actor',
  'side',
  'attested_time',
  'event_hashes',
  'differing',
  'absent_by',
  'collector',
  'run',
  'numbers',
  'batches',
  'blocks',
  'transactions',
  'gap_to',
  'gap_reason',
  'events',
  'summary',
] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

/**
 * The findings as CSV (RFC 4180, UTF-8): a row for each finding and each actor with a part in it; then, with `dispute` and
 * `anchor` for a class, one for each act of a dispute and each anchor. In parts, each of whole lines.
 */
export function* reportCsv(report: DailyReport): Generator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for (const finding of report.findings) yield lines(findingRows(report.day, finding));
  yield lines([...disputeRows(report), ...anchorRows(report)]);
}

function lines(rows: readonly Row[]): string {
  return rows.map((row) => `${COLUMNS.map((column) => field(row[column])).join(',')}\r\n`).join('');
}

function findingRows(day: string, finding: Finding): Row[] {
  const { majority, dissent, variants, absence } = finding;
  const named = [
    ...majority,
    ...dissent,
    ...variants.flatMap(({ actors }) => actors),
    ...absence.map(({ actor }) => actor),
  ];
  const actors = [...new Set(named)].sort();
  // A finding about no one in particular still gets its row.
  return (actors.length > 0 ? actors : ['']).map((actor) => ({ ...common(day, finding), ...ofActor(finding, actor) }));
}

const BLANK = Object.fromEntries(COLUMNS.map((column) => [column, ''])) as Row;

function disputeRows(report: DailyReport): Row[] {
  const { disputes = [], omittedDisputes, day } = report;
  const omitted = omittedText(report);
  const rest: Row[] =
    omitted === undefined
      ? []
      : [{ ...BLANK, day, class: 'dispute', events: String(omittedDisputes), summary: omitted }];
  return [...disputes.flatMap(actRows), ...rest];
}

/** A row for each act; the first says how the dispute stands, and how many of its acts are not told. */
function actRows(dispute: DisputeStanding): Row[] {
  const untold = untoldText(dispute);
  return dispute.acts.map((act, index): Row => {
    const { text, reference } = actText(act);
    const said = [text, reference].filter((part) => part !== '').join(' ');
    const standing = [plainText(disputePhrase(dispute)), untold === '' ? '' : `(${untold})`];
    const summary = [...(index === 0 ? standing : []), plainText(actPhrase(act)), said];
    return {
      ...BLANK,
      day: dispute.day,
      finding: dispute.finding,
      class: 'dispute',
      verdict: dispute.state,
      time: act.clock === '' ? '' : isoOfNanos(act.clock),
      time_nanos: act.clock,
      actor: act.actor,
      side: act.act === 'answer' ? act.answer : act.act,
      event_hashes: dispute.hash,
      blocks: act.block,
      transactions: act.tx,
      summary: summary.filter((part) => part !== '').join(' '),
    };
  });
}

function anchorRows({ anchors = [] }: DailyReport): Row[] {
  return anchors.map((anchor) => ({
    ...BLANK,
    day: anchor.day,
    class: 'anchor',
    verdict: anchor.same ? 'same' : 'other',
    object: anchor.difference?.object ?? '',
    actor: anchor.actor,
    event_hashes: anchor.hash,
    summary: plainText(anchorPhrase(anchor)),
  }));
}

type Common = Omit<Row, keyof ReturnType<typeof ofActor>>;

function common(day: string, finding: Finding): Common {
  const event = leadingVariant(finding)?.event;
  return {
    day,
    finding: finding.id,
    class: finding.class,
    severity: finding.severity,
    verdict: finding.verdict,
    time: isoOfNanos(finding.time),
    time_nanos: finding.time,
    source: finding.source,
    type: finding.type ?? '',
    action: finding.action ?? '',
    object: finding.object ?? '',
    name: (event && attribute(event, 'name')) ?? '',
    gap_to: untilOf(finding),
    gap_reason: finding.gap?.reason ?? '',
    events: String(finding.gap?.events ?? finding.folded ?? ''),
    summary: plainText(findingSentence(finding)),
  };
}

/** The end of a gap, or of a silence that has one. */
function untilOf({ gap, silence }: Finding): string {
  const to = gap?.to ?? silence?.to ?? '';
  return to === '' ? '' : isoOfNanos(to);
}

/** The side of those whom a finding names beside the majority: a gap accuses no one. */
function besides(finding: Finding): 'blind' | 'dissent' {
  return finding.class === 'gap' ? 'blind' : 'dissent';
}

function ofActor(finding: Finding, actor: string) {
  const { majority, dissent, variants, absence, diff } = finding;
  const batches = (finding.batches ?? []).filter((each) => each.actor === actor);
  const own = variants.filter(({ actors }) => actors.includes(actor));
  const evidence = own.flatMap((variant) => variant.evidence.filter((each) => each.actor === actor));
  const absent = absence.filter((each) => each.actor === actor);
  const places = [...evidence, ...absent, ...batches];
  const joined = (values: readonly string[]) => [...new Set(values)].join(' ');
  return {
    actor,
    side: majority.includes(actor) ? 'majority' : dissent.includes(actor) ? besides(finding) : '',
    attested_time: joined(own.flatMap(({ event }) => (event.time === undefined ? [] : [isoOfNanos(event.time)]))),
    event_hashes: joined(own.map(({ eventHash }) => eventHash)),
    differing: diff
      .filter(({ values }) => Object.hasOwn(values, actor))
      .map(({ path, values }) => `${path}=${values[actor] ?? '(not there)'}`)
      .join('; '),
    absent_by: joined(absent.map(({ by }) => by)),
    collector: joined([...evidence, ...batches].map(({ collector }) => collector)),
    run: joined([...evidence, ...batches].map(({ run }) => run)),
    numbers: joined(evidence.map(({ number }) => number)),
    batches: joined(batches.map(({ n }) => n)),
    blocks: joined(places.map(({ block }) => block)),
    transactions: joined(places.map(({ tx }) => tx)),
  };
}

// Spreadsheets run a field that begins so as a formula; an apostrophe makes it text. Quoting alone does not help.
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;
const MAX_FIELD = 4000;

/** One field: printable, no formula, quoted where RFC 4180 asks for it. */
function field(text: string): string {
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  const safe = printable(guarded, MAX_FIELD);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
