import type { DisputesNow } from '../reconciler/day-judgement.js';
import { reportCsv } from './csv.js';
import { reportHtml } from './html/page.js';
import { reportMarkdown } from './markdown.js';
import { type DailyReport, reportParts } from './model.js';
import type { TextParts } from './text-parts.js';

export type ReportFormat = 'json' | 'html' | 'md' | 'csv';

type Renderer = (report: DailyReport, now?: DisputesNow) => TextParts;

/**
 * The formats of a report and what writes each; the names are file extensions too. What is for people shows with each
 * finding how its dispute stands now, if that is given; JSON and CSV are the report's own and never change by it.
 */
export const RENDERERS: Readonly<Record<ReportFormat, Renderer>> = {
  json: (report) => reportParts(report),
  html: (report, now) => [reportHtml(report, now)],
  md: (report, now) => [reportMarkdown(report, now)],
  csv: (report) => reportCsv(report),
};

export const REPORT_FORMATS = Object.keys(RENDERERS) as readonly ReportFormat[];
