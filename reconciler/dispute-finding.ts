import { MAX_ANSWER_SECONDS } from '#chaincode';
import { UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { findingHash } from './finding-form.js';
import type { DayJudgement, Finding } from './judgement.js';

/** An id, or enough of its beginning to tell it from others. */
const PREFIX = /^[0-9a-f]{8,64}$/;

/** A finding as a dispute names it. */
export interface NamedFinding {
  readonly finding: string;
  readonly hash: string;
}

/**
 * Finds the finding of a day that an id, or at least eight digits of its beginning, names.
 * @throws UsageError if it names none or several.
 */
export function namedFinding({ day, findings }: DayJudgement, id: string): NamedFinding {
  const found = PREFIX.test(id) ? findings.filter((finding) => finding.id.startsWith(id)) : [];
  const [first, second]: (Finding | undefined)[] = found;
  if (first === undefined) {
    const why = PREFIX.test(id) ? `names no finding of ${day}` : 'is no id of a finding';
    throw new UsageError(
      `"${printable(id, 80)}" ${why}; give the id, or its first 8 or more digits, as the report has it.`,
    );
  }
  if (second !== undefined) {
    throw new UsageError(`"${id}" names ${found.length} findings of ${day}; give more of its digits.`);
  }
  return { finding: first.id, hash: findingHash(first) };
}

/** An id in full. @throws UsageError */
export function wholeId(id: string, option = 'the finding'): string {
  if (/^[0-9a-f]{64}$/.test(id)) return id;
  throw new UsageError(
    `"${printable(id, 80)}" is not ${option} in full: 64 lower-case hex digits, as the report's JSON has it.`,
  );
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** A number of seconds, or of minutes, hours or days with m, h or d behind it. @throws UsageError */
export function secondsOf(text: string): number {
  const [, digits = '', unit = ''] = /^([1-9][0-9]{0,8})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit] ?? 0);
  if (seconds > MAX_ANSWER_SECONDS) {
    throw new UsageError(`"${printable(text, 40)}" is too long a time to answer in; give 31d at the most.`);
  }
  if (digits !== '') return seconds;
  throw new UsageError(`"${printable(text, 40)}" is no time to answer in; give seconds, or for example 12h or 2d.`);
}
