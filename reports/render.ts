import type { DisputesNow } from '../reconciler/day-judgement.js';
import { reportCsv } from './csv.js';
import { reportHtml } from './html/page.js';
import { reportMarkdown } from './markdown.js';
import { type DailyReport, reportText } from './model.js';

/**
 * The formats of a report and what writes each; the names are file extensions too. What is for people shows with each
 * finding how its dispute stands now, if that is given; JSON and CSV are the report's own and never change by it.
 */
export const RENDERERS = {
  json: reportText,
  html: reportHtml,
  md: reportMarkdown,
  csv: reportCsv,
} as const satisfies Readonly<Record<string, (report: DailyReport, now?: DisputesNow) => string>>;

export type ReportFormat = keyof typeof RENDERERS;

export const REPORT_FORMATS = Object.keys(RENDERERS) as readonly ReportFormat[];
