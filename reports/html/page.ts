import { createHash } from 'node:crypto';
import type { DisputesNow } from '../../reconciler/day-judgement.js';
import { counted, grouped, humanDay, joined } from '../format.js';
import type { DailyReport } from '../model.js';
import { nameText } from '../phrase.js';
import { gravest, verdictPhrase } from '../summary.js';
import { anchorsHtml, disputesHtml, disputesNowHtml } from './exchange.js';
import { findingHtml } from './finding.js';
import { html, Markup, phraseHtml, timeHtml } from './markup.js';
import { amendsHtml, billHtml, glossaryHtml, provenanceHtml, standingHtml } from './sections.js';
import { STYLE } from './style.js';
import { timelineHtml } from './timeline.js';

/** At most so many findings are shown as cards. */
export const MAX_CARDS = 200;

// Nothing is loaded, run or sent: even markup that slipped in could do nothing.
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const CSP = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

/** The report as one self-contained page for people: no network, no script. */
export function reportHtml(report: DailyReport, now?: DisputesNow): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CSP}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${report.day}: ${titleOf(report)} – event2ledger daily report</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#findings">Skip to the findings</a>
<header class="top"><p class="eyebrow">event2ledger · daily report</p>
<h1>${humanDay(report.day)}</h1>
${badgesHtml(report)}</header>
<main>
${glanceHtml(report)}${standingHtml(report)}${findingsHtml(report, now)}${billHtml(report)}${amendsHtml(report)}${disputesHtml(report)}${anchorsHtml(report)}${glossaryHtml()}${provenanceHtml(report)}</main>
<footer>Times are UTC. Shortened hashes and times show their full value on hover; the report’s JSON has every value in full.</footer>
</body>
</html>
`.text;
}

function titleOf({ findings, sealed }: DailyReport): string {
  const found = findings.length === 0 ? 'no findings' : counted(findings.length, 'finding');
  return sealed ? found : `${found} so far`;
}

function badgesHtml({ sealed, sealedAt, stalled, findings }: DailyReport): Markup {
  const seal = sealed
    ? html`<li class="badge ok"><span aria-hidden="true">✓</span> Sealed${sealedAt === undefined ? '' : ` at block ${grouped(BigInt(sealedAt.block))}`}</li>`
    : html`<li class="badge warn"><span aria-hidden="true">◌</span> Not sealed yet</li>`;
  const stop = stalled?.length
    ? html`<li class="badge bad"><span aria-hidden="true">❚❚</span> Stalled</li>`
    : undefined;
  const found =
    findings.length === 0
      ? html`<li class="badge ok"><span aria-hidden="true">✓</span> No findings</li>`
      : html`<li class="badge bad"><span aria-hidden="true">!</span> ${counted(findings.length, 'finding')}</li>`;
  return html`<ul class="badges">${seal}${stop}${found}</ul>`;
}

function glanceHtml(report: DailyReport): Markup {
  const { events, agreed, disputed, pending, unobservable } = report.coverage;
  const tile = (label: string, value: number, kind: string) =>
    html`<div class="${value > 0 ? kind : ''}"><dt>${label}</dt><dd>${grouped(value)}</dd></div>`;
  const mood = report.findings.length > 0 ? 'bad' : report.sealed ? '' : 'warn';
  return html`<section aria-labelledby="glance"><h2 id="glance" class="hidden">The day at a glance</h2>
<div class="verdict ${mood}"><p>${phraseHtml(verdictPhrase(report))}</p>${sealNote(report)}</div>
<dl class="numbers">${tile('Events', events, '')}${tile('Agreed', agreed, 'good')}${tile('Disputed', disputed, 'alert')}${tile('Pending', pending, 'care')}${tile('Unobservable', unobservable, 'care')}</dl>
${report.findings.length === 0 ? undefined : html`<h2>The findings over the day</h2>${timelineHtml(report)}`}</section>
`;
}

function sealNote({ sealed, sealedAt, stalled }: DailyReport): Markup {
  const clock = sealedAt?.clock ? html`, ledger clock ${timeHtml(sealedAt.clock)}` : undefined;
  const seal = sealed
    ? html`<p>The day is sealed${clock}: this report will not change, whatever is claimed later.</p>`
    : html`<p>The day is not sealed yet: the report shows how things stand now and can still change.</p>`;
  if (!stalled?.length) return seal;
  const names = joined(stalled.map(nameText));
  return html`${seal}<p>The ledger clock stands still because ${names} ${stalled.length === 1 ? 'is' : 'are'} silent: no deadline passes until it moves again.</p>`;
}

function findingsHtml({ findings }: DailyReport, now?: DisputesNow): Markup {
  const shown = gravest(findings, MAX_CARDS);
  const rest = findings.length - shown.length;
  const body =
    findings.length === 0
      ? html`<p class="calm">No findings. The actors’ logs agree wherever they could be compared.</p>`
      : html`<p class="lead">${counted(findings.length, 'finding')} in order of time.</p>${
          rest > 0
            ? html`<p class="notice"><strong>${grouped(shown.length)} of ${grouped(findings.length)} findings are shown here</strong>, those of the highest severity first chosen, then the earliest. The other ${grouped(rest)} are in the report’s JSON and CSV.</p>`
            : undefined
        }${shown.map((finding) => findingHtml(finding, disputesNowHtml(finding.id, now)))}`;
  return html`<section aria-labelledby="findings"><h2 id="findings">Findings</h2>
${body}</section>
`;
}
