import type { DisputesNow } from '../../reconciler/day-judgement.js';
import type { DisputeStanding, PlacedAct } from '../../reconciler/exchange-form.js';
import {
  actPhrase,
  actText,
  anchorPhrase,
  disputePhrase,
  omittedText,
  STATE_WORDS,
  untoldText,
} from '../exchange-text.js';
import { grouped, short } from '../format.js';
import type { DailyReport } from '../model.js';
import { nameText } from '../phrase.js';
import { html, idHtml, type Markup, phraseHtml, timeHtml } from './markup.js';

const MAX_DISPUTES = 100;
const MAX_ACTS = 50;
const MAX_ANCHORS = 200;

const STATE_BADGE = { open: 'warn', answered: 'plain', overdue: 'bad', closed: 'ok' } as const;

/** How the disputes about a finding stand after the last block that was read; nothing if there is none. */
export function disputesNowHtml(id: string, now: DisputesNow | undefined): Markup[] {
  const disputes = now?.disputes.filter(({ finding }) => finding === id) ?? [];
  return disputes.map(
    (
      dispute,
    ) => html`<div class="note">${badgeHtml(dispute, ' dispute')}<p>${phraseHtml(disputePhrase(dispute))} <span class="exact">As of block ${now?.block ?? ''}.</span></p>${actsHtml(dispute)}</div>
`,
  );
}

/** The disputes in which something was done since the seal before. */
export function disputesHtml(report: DailyReport): Markup | undefined {
  const { disputes = [] } = report;
  if (disputes.length === 0) return undefined;
  const omitted = omittedText(report);
  const shown = disputes.slice(0, MAX_DISPUTES);
  const more = disputes.length - shown.length;
  return html`<section aria-labelledby="disputes"><h2 id="disputes">Disputes</h2>
<p class="lead">What the actors said on the ledger about findings since the day before was sealed, and how that stood when this report was made.</p>
${shown.map(
  (dispute) => html`<article class="finding">${badgeHtml(dispute)}
<h3>${phraseHtml(disputePhrase(dispute))}</h3>
<p class="meta"><span>finding ${idHtml(dispute.finding, short(dispute.finding))} of ${dispute.day}</span></p>
${actsHtml(dispute)}</article>
`,
)}${more > 0 ? html`<p class="note">${grouped(more)} more disputes are in the report’s JSON.</p>` : undefined}${omitted === undefined ? undefined : html`<p class="note">${omitted}</p>`}</section>
`;
}

function badgeHtml({ state }: DisputeStanding, what = ''): Markup {
  return html`<ul class="badges"><li class="badge ${STATE_BADGE[state]}">${STATE_WORDS[state]}${what}</li></ul>`;
}

function actsHtml(dispute: DisputeStanding): Markup {
  const { acts } = dispute;
  const rows = acts.slice(-MAX_ACTS).map(actRow);
  const cut = acts.length - rows.length;
  const rest = [cut > 0 ? `${grouped(cut)} more are in the report’s JSON` : '', untoldText(dispute)];
  const caption = ['In the ledger’s order', ...rest.filter((text) => text !== '')].join('; ');
  return html`<details><summary>What was said</summary><div class="scroll" tabindex="0"><table><caption>${caption}</caption>
<thead><tr><th scope="col">Ledger clock</th><th scope="col">Act</th><th scope="col">Words</th><th scope="col" class="n">Block</th><th scope="col">Transaction</th></tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

function actRow(act: PlacedAct): Markup {
  const { text, reference } = actText(act);
  return html`<tr><td>${act.clock === '' ? 'none yet' : timeHtml(act.clock)}</td><th scope="row">${phraseHtml(actPhrase(act))}</th><td>${text}${
    reference === '' ? undefined : html` <span class="exact">reference: ${reference}</span>`
  }</td><td class="n">${act.block}</td><td><code>${act.tx}</code></td></tr>
`;
}

/** What the actors anchored of earlier days, held against this ledger's own reports. */
export function anchorsHtml({ anchors = [] }: DailyReport): Markup | undefined {
  if (anchors.length === 0) return undefined;
  const rows = anchors.slice(0, MAX_ANCHORS).map(
    (
      anchor,
    ) => html`<tr><th scope="row">${anchor.day}</th><td>${nameText(anchor.actor)}</td><td>${idHtml(anchor.hash, short(anchor.hash))}</td><td class="${anchor.same ? '' : 'hit'}">${phraseHtml(anchorPhrase(anchor))}</td></tr>
`,
  );
  return html`<section aria-labelledby="anchors"><h2 id="anchors">Anchors of earlier days</h2>
<div class="scroll" tabindex="0"><table><caption>Whether the actors’ reconcilers came to the same reports</caption><thead><tr><th scope="col">Day</th><th scope="col">Actor</th><th scope="col">Report hash</th><th scope="col">Held against this ledger</th></tr></thead><tbody>${rows}</tbody></table></div></section>
`;
}
