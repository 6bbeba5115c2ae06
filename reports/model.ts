import { terminalSafe } from '../cli/printable.js';
import type { DailyReport } from '../reconciler/daily-report.js';

export {
  type DailyReport,
  dailyReport,
  orderedBody,
  REPORT_KIND,
  REPORT_VERSION,
  reportHash,
} from '../reconciler/daily-report.js';

/** The report as its file has it: JSON, indented by two, a newline at the end. */
export function reportText(report: DailyReport): string {
  return `${terminalSafe(JSON.stringify(report, null, 2))}\n`;
}
