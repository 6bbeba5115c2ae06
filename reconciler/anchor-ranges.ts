import stringify from 'fast-json-stable-stringify';
import { type Anchor, type AnchorRange, type AnchorRanges, MAX_RANGES, sha256Hex } from '#chaincode';
import type { DailyReport, ReportBody } from './daily-report.js';
import { FINDING_CLASSES } from './judgement.js';
import { byText } from './ordering.js';

// A prefix per kind: a digest of one kind of text can never pass for one of another.
const PREFIX = 'event2ledger/anchor/v1\n';
/** Longer names of objects are shown by their hash: an anchor stays small. */
const MAX_SHOWN = 128;

interface Item {
  readonly object: string;
  readonly id: string;
  readonly value: object;
}

/**
 * The anchor of a sealed report.
 * @throws TypeError if the report is not sealed: what still changes is not anchored
 */
export function anchorOf(report: DailyReport): Anchor {
  if (report.sealedAt === undefined) throw new TypeError(`The report of ${report.day} is not sealed.`);
  return { day: report.day, hash: report.hash, tx: report.sealedAt.tx, ranges: rangesOf(report) };
}

/**
 * The hashes of a report's parts, and of its findings and containers by ranges. An object's range is the first five bits of
 * its SHA-256: borders that no finding more or less can move.
 */
export function rangesOf(report: ReportBody | DailyReport): AnchorRanges {
  const { coverage, actors, findings, running, sums, bill, amends, disputes, omittedDisputes, anchors, ...rest } =
    report;
  const head = { ...rest, hash: undefined };
  const told = disputes && { disputes, omittedDisputes };
  const parts = { head, coverage, actors, sums, bill, amends, disputes: told, anchors };
  const lists = FINDING_CLASSES.flatMap((name) =>
    rangesOfList(
      name,
      findings
        .filter((finding) => finding.class === name)
        .map((finding) => ({ object: finding.object ?? '', id: finding.id, value: finding })),
    ),
  );
  return {
    parts: Object.fromEntries(
      Object.entries(parts).flatMap(([name, part]) => (part === undefined ? [] : [[name, digest(name, part)]])),
    ),
    lists: [
      ...lists,
      ...rangesOfList(
        'running',
        running.map((time) => ({ object: time.object, id: '', value: time })),
      ),
    ],
  };
}

/** The objects of a report that lie in one range of a list: those that a difference between two anchors may be about. */
export function objectsIn(report: ReportBody | DailyReport, list: string, range: number): string[] {
  const all =
    list === 'running'
      ? report.running.map(({ object }) => object)
      : report.findings.flatMap((finding) => (finding.class === list ? [finding.object ?? ''] : []));
  return [...new Set(all.filter((object) => rangeOf(object) === range))].sort(byText);
}

function rangesOfList(list: string, items: readonly Item[]): AnchorRange[] {
  const ranges = new Map<number, Item[]>();
  for (const item of [...items].sort((a, b) => byText(a.object, b.object) || byText(a.id, b.id))) {
    const range = rangeOf(item.object);
    const known = ranges.get(range);
    if (known === undefined) ranges.set(range, [item]);
    else known.push(item);
  }
  return [...ranges]
    .sort(([a], [b]) => a - b)
    .flatMap(([range, [first, ...others]]) => {
      if (first === undefined) return [];
      const values = [first, ...others].map(({ value }) => value);
      const shown = { object: shownObject(first.object), id: first.id };
      return [{ list, range, first: shown, count: values.length, hash: digest(`${list}/${range}`, values) }];
    });
}

function rangeOf(object: string): number {
  return Math.floor((Number.parseInt(sha256Hex(object).slice(0, 2), 16) * MAX_RANGES) / 256);
}

function shownObject(object: string): string {
  return object.length <= MAX_SHOWN && object.isWellFormed() ? object : `sha256:${sha256Hex(object)}`;
}

function digest(name: string, value: object): string {
  return sha256Hex(`${PREFIX}${name}\n${stringify(value)}`);
}
