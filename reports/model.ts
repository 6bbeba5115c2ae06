import { terminalSafe } from '../cli/printable.js';
import type { DailyReport } from '../reconciler/daily-report.js';

export {
  type DailyReport,
  dailyReport,
  isOrdered,
  REPORT_KIND,
  REPORT_VERSION,
  reportHash,
} from '../reconciler/daily-report.js';

/** The report as its file has it: JSON, indented by two, a newline at the end. */
export function reportText(report: DailyReport): string {
  return [...reportParts(report)].join('');
}

/** How many bytes the report's file has. */
export function reportLength(report: DailyReport): number {
  let length = 0;
  for (const part of reportParts(report)) length += Buffer.byteLength(part);
  return length;
}

/** As `reportText`, in parts: a finding is one, for there may be very many, and a text has a greatest length. */
export function* reportParts(report: DailyReport): Generator<string> {
  let before = '{\n';
  for (const [key, value] of Object.entries(report)) {
    if (value === undefined) continue;
    const name = `${before}  ${JSON.stringify(key)}: `;
    before = ',\n';
    if (!Array.isArray(value) || value.length === 0) {
      yield terminalSafe(name + indented(value, 2));
      continue;
    }
    yield terminalSafe(`${name}[`);
    for (const [index, item] of value.entries()) {
      yield terminalSafe(`${index === 0 ? '' : ','}\n    ${indented(item, 4)}`);
    }
    yield '\n  ]';
  }
  yield '\n}\n';
}

function indented(value: unknown, by: number): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${' '.repeat(by)}`);
}
