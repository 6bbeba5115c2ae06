import stringify from 'fast-json-stable-stringify';
import type { ZodType } from 'zod';
import { eventHash } from '#chaincode';
import { printable } from '../cli/printable.js';
import { MOST_ACTS_TOLD } from '../reconciler/exchange-form.js';
import { findingHash } from '../reconciler/finding-form.js';
import { FINDING_CLASSES } from '../reconciler/judgement.js';
import { ReportError } from './errors.js';
import { type DailyReport, isOrdered, reportHash } from './model.js';
import { findingSchema, reportSchema } from './schema.js';

/**
 * Checks everything that a report says about itself, without looking at any ledger: its shape, that its coverage
 * adds up, that the counts are those of its findings, that each variant's hash is its event's, its order, its hash.
 * @param value a report, or JSON that claims to be one
 * @returns the same value, known to be a report
 * @throws ReportError `SHAPE`, `COVERAGE`, `COUNTS`, `EVENT`, `DISPUTE`, `ORDER`, `HASH`
 */
export function checkReport(value: unknown): DailyReport {
  checkShape(value);
  checkCoverage(value);
  checkCounts(value);
  checkEvents(value);
  checkDisputes(value);
  checkOrder(value);
  checkHash(value);
  return value;
}

function checkShape(value: unknown): asserts value is DailyReport {
  if (!isObject(value)) return checkAgainst(reportSchema, value, []);
  // What is written of it: its own fields, not those that it inherits or hides.
  const own = { ...value };
  const { findings } = own;
  // Findings one by one: checking makes a copy, and there may be very many.
  checkAgainst(reportSchema, Array.isArray(findings) ? { ...own, findings: [] } : own, []);
  if (!Array.isArray(findings)) return;
  for (const [index, finding] of findings.entries()) checkAgainst(findingSchema, finding, ['findings', index]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function checkAgainst(schema: ZodType, value: unknown, place: readonly PropertyKey[]): void {
  const result = schema.safeParse(value);
  if (result.success) return;
  const issue = result.error.issues[0];
  const where = [...place, ...(issue?.path ?? [])].map(String).join('.') || 'the document';
  throw new ReportError('SHAPE', `This is no daily report of version 1: ${printable(where)}: ${issue?.message}.`);
}

function checkCoverage({ coverage }: DailyReport): void {
  const { events, agreed, disputed, pending, unobservable } = coverage;
  const sum = agreed + disputed + pending + unobservable;
  if (events !== sum) {
    throw new ReportError(
      'COVERAGE',
      `The coverage does not add up: ${events} events, but agreed, disputed, pending and unobservable make ${sum}.`,
    );
  }
}

function checkCounts({ actors, findings }: DailyReport): void {
  const names = new Set(actors.map(({ actor }) => actor));
  if (names.size !== actors.length) throw new ReportError('COUNTS', 'An actor is listed twice; each has one row.');
  const counted = new Map<string, number>();
  for (const { class: name, dissent } of findings) {
    for (const actor of new Set(dissent)) {
      if (!names.has(actor)) {
        throw new ReportError('COUNTS', `A finding names ${printable(actor)}, who is not among the report's actors.`);
      }
      counted.set(`${name}/${actor}`, (counted.get(`${name}/${actor}`) ?? 0) + 1);
    }
  }
  for (const summary of actors) {
    for (const name of FINDING_CLASSES) {
      const found = counted.get(`${name}/${summary.actor}`) ?? 0;
      if (summary[name] !== found) {
        const claim = `${printable(summary.actor)} is said to dissent in ${summary[name]} findings "${name}"`;
        throw new ReportError('COUNTS', `The counts are not those of the findings: ${claim}, but there are ${found}.`);
      }
    }
  }
}

function checkEvents({ findings }: DailyReport): void {
  for (const { id, variants } of findings) {
    for (const variant of variants) {
      const hash = eventHash(stringify(variant.event));
      if (hash !== variant.eventHash || !variant.reference.endsWith(`.${hash}`)) {
        const message = `Finding ${printable(id)} shows an event that does not have the hash it is shown under.`;
        throw new ReportError('EVENT', message);
      }
    }
  }
}

/** An actor has one dispute about a finding; of its own findings a report knows whether they are the ones disputed. */
function checkDisputes({ day, findings, disputes = [], omittedDisputes }: DailyReport): void {
  const names = new Set(disputes.map(({ finding, openedBy }) => `${finding}/${openedBy}`));
  if (names.size !== disputes.length) throw new ReportError('DISPUTE', 'A dispute is told twice; each is told once.');
  const told = disputes.reduce((sum, { acts }) => sum + acts.length, 0);
  const isCut = omittedDisputes !== undefined || disputes.some(({ omitted }) => omitted !== undefined);
  if (told > MOST_ACTS_TOLD || (isCut && told < MOST_ACTS_TOLD)) {
    const message = `${told} acts in disputes are told; a report tells ${MOST_ACTS_TOLD} where there are more.`;
    throw new ReportError('DISPUTE', message);
  }
  for (const { finding, openedBy, earlier, acts, omitted = 0 } of disputes) {
    const isOpened = earlier + omitted > 0 || acts[0]?.act === 'open';
    const isOwn = acts.every(({ act, actor }) => act === 'answer' || actor === openedBy);
    if (isOpened && isOwn) continue;
    const message = `The dispute about finding ${finding} was not opened, or opened or closed by another than its opener.`;
    throw new ReportError('DISPUTE', message);
  }
  for (const dispute of disputes.filter((each) => each.day === day)) {
    const own = findings.filter(({ id }) => id === dispute.finding);
    const isSame = own.some((finding) => findingHash(finding) === dispute.hash);
    const known = own.length === 0 ? 'unknown' : isSame ? 'same' : 'other';
    if (known !== dispute.known) {
      const message = `The dispute about finding ${dispute.finding} says "${dispute.known}" of it, but it is "${known}".`;
      throw new ReportError('DISPUTE', message);
    }
  }
}

function checkOrder(report: DailyReport): void {
  if (!isOrdered(report)) {
    throw new ReportError('ORDER', 'An array of the report is not in the order that version 1 prescribes.');
  }
}

function checkHash(report: DailyReport): void {
  const hash = reportHash(report);
  if (hash !== report.hash) {
    throw new ReportError('HASH', `The report was changed: it says its hash is ${report.hash}, but it is ${hash}.`);
  }
}
