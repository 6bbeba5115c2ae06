import type { BatchEvidence, Evidence, Finding } from '../../reconciler/judgement.js';
import { fieldName } from '../difference.js';
import { exactTime, short } from '../format.js';
import { nameText } from '../phrase.js';
import { absencePhrase, findingSentence } from '../sentence.js';
import { type Column, type FieldRow, sideBySide } from '../side-by-side.js';
import { CLASS_WORDS } from '../words.js';
import { html, idHtml, type Markup, phraseHtml, timeHtml } from './markup.js';

// Beyond these a card would bury its own point; the report's JSON has everything.
const MAX_EVIDENCE = 50;
const MAX_VARIANTS = 10;

/** One finding as a card: what happened, how its disputes stand, the versions side by side, the evidence folded. */
export function findingHtml(finding: Finding, disputes: readonly Markup[]): Markup {
  const { label, meaning } = CLASS_WORDS[finding.class];
  return html`<article class="finding ${finding.severity}" id="f-${finding.class}-${finding.id}">
<ul class="badges"><li class="badge ${SEVERITY_BADGE[finding.severity]}" title="${meaning}">${label}</li><li class="badge plain">${finding.severity} severity</li>${
    finding.verdict === 'unresolved' ? html`<li class="badge warn">unresolved: no side has a majority</li>` : undefined
  }</ul>
<h3>${phraseHtml(findingSentence(finding))}</h3>
<p class="meta">${timeHtml(finding.time)}${finding.type === undefined ? undefined : html`<span>${nameText(finding.type)} ${nameText(finding.action ?? '')}</span>`}${finding.source === '' ? undefined : html`<span>source ${idHtml(finding.source, short(finding.source))}</span>`}<span>finding ${idHtml(finding.id, short(finding.id))}</span></p>
${gapHtml(finding)}${disputes}${versionsHtml(finding)}${fieldsByActorHtml(finding)}${evidenceHtml(finding)}
</article>
`;
}

const SEVERITY_BADGE = { high: 'bad', medium: 'warn', low: 'plain' } as const;

function gapHtml({ gap }: Finding): Markup | undefined {
  if (gap === undefined) return undefined;
  return html`<p class="note">It ended at ${timeHtml(gap.to)}. The collector’s reason: “${gap.reason || 'none given'}”</p>
`;
}

function versionsHtml(finding: Finding): Markup | undefined {
  const { columns, rows, more } = sideBySide(finding);
  if (columns.length === 0) return undefined;
  const versions = columns.filter(({ variant }) => variant !== undefined).length;
  const caption = versions > 1 ? 'The versions side by side; ≠ marks fields that differ' : 'What each log has';
  return html`<div class="scroll" tabindex="0"><table class="sides cols-${columns.length}"><caption>${caption}</caption>
<thead><tr><th scope="col">Field</th>${columns.map(columnHead)}</tr></thead>
<tbody>${rows.map((row, index) => rowHtml(row, columns, index === 0 ? rows.length : 0))}${
    rows.length === 0
      ? html`<tr><th scope="row">Record</th>${columns.map((column) => absentCell(column, 1))}</tr>`
      : undefined
  }</tbody></table></div>
${more > 0 ? html`<p class="note">${more} more versions are in the report’s JSON.</p>` : undefined}`;
}

function columnHead({ actors, side, variant }: Column): Markup {
  const standing = [side ?? '', variant === undefined ? 'no record' : ''].filter((word) => word !== '').join(', ');
  return html`<th scope="col">${actors.map(nameText).join(', ')}${standing === '' ? undefined : html`<span class="exact">${standing}</span>`}</th>`;
}

// The column of those who have no record is one cell over all rows, drawn with the first.
function rowHtml({ path, differs, values }: FieldRow, columns: readonly Column[], span: number): Markup {
  const cells = columns.map((column, index) => {
    if (column.variant === undefined) return span > 0 ? absentCell(column, span) : undefined;
    const value = valueHtml(path, values[index]);
    return html`<td>${differs ? html`<mark>${value}</mark>` : value}</td>`;
  });
  const sign = differs ? html` <span aria-hidden="true">≠</span><span class="hidden">(differs)</span>` : undefined;
  return html`<tr class="${differs ? 'differs' : ''}"><th scope="row">${fieldName(path)}${sign}</th>${cells}</tr>
`;
}

function absentCell({ absences }: Column, rows: number): Markup {
  return html`<td class="absent" rowspan="${rows}">${absences.map((absence) => html`<p>${phraseHtml(absencePhrase(absence))}</p>`)}</td>`;
}

function valueHtml(path: string, value: string | undefined): Markup {
  if (value === undefined) return path === 'time' ? html`none of its own` : html`not there`;
  if (path === 'time') {
    const [seconds, fraction] = exactTime(value).split('.');
    return html`<code class="when" title="${value} ns">${seconds}.<wbr>${fraction}</code>`;
  }
  return value === '' ? html`empty` : html`<code>${value}</code>`;
}

// For findings whose values are not those of variants.
function fieldsByActorHtml({ variants, diff }: Finding): Markup | undefined {
  if (variants.length > 1 || diff.length === 0) return undefined;
  const actors = [...new Set(diff.flatMap(({ values }) => Object.keys(values)))].sort();
  return html`<div class="scroll" tabindex="0"><table class="sides cols-${Math.min(actors.length, 7)}"><caption>What each actor says</caption>
<thead><tr><th scope="col">Field</th>${actors.map((actor) => html`<th scope="col">${nameText(actor)}</th>`)}</tr></thead>
<tbody>${diff.map(
    ({ path, values }) =>
      html`<tr class="differs"><th scope="row">${fieldName(path)}</th>${actors.map((actor) => html`<td><mark>${valueHtml(path, values[actor] ?? undefined)}</mark></td>`)}</tr>`,
  )}</tbody></table></div>
`;
}

function evidenceHtml({ id, variants, absence, batches = [] }: Finding): Markup {
  const shown = variants.slice(0, MAX_VARIANTS);
  const rows = shown.flatMap(({ evidence }) => evidence);
  return html`<details><summary>Evidence on the ledger${shown.length > 0 ? ', full events' : ''}</summary>
${rows.length + absence.length + batches.length === 0 ? html`<p class="note">The finding rests on what is not on the ledger.</p>` : evidenceTable(rows.slice(0, MAX_EVIDENCE), absence, batches)}
${rows.length > MAX_EVIDENCE ? html`<p class="note">${rows.length - MAX_EVIDENCE} more attestations are in the report’s JSON.</p>` : undefined}
${shown.map(({ actors, reference, event }) => html`<p class="note">As ${actors.map(nameText).join(', ')} attested it, event reference <code>${reference}</code></p><pre>${eventLines(event)}</pre>`)}
<p class="note">Finding <code>${id}</code></p></details>`;
}

function evidenceTable(
  rows: readonly Evidence[],
  absence: Finding['absence'],
  batches: readonly BatchEvidence[],
): Markup {
  return html`<div class="scroll" tabindex="0"><table><caption>Where each statement stands</caption>
<thead><tr><th scope="col">Actor</th><th scope="col">Statement</th><th scope="col" class="n">Block</th><th scope="col">Transaction</th></tr></thead><tbody>${rows.map(
    ({ actor, collector, run, number, block, tx, t }) =>
      html`<tr><th scope="row">${nameText(actor)}</th><td>attestation ${number} of run <code>${run}</code>, ${collector}${t === undefined ? undefined : html`, at ${timeHtml(t)} by its clock`}</td><td class="n">${block}</td><td><code>${tx}</code></td></tr>
`,
  )}${absence.map(
    ({ actor, by, block, tx }) =>
      html`<tr><th scope="row">${nameText(actor)}</th><td>${by === 'watch' ? 'watch that covers the time' : 'ledger clock past the deadline'}</td><td class="n">${block}</td><td><code>${tx}</code></td></tr>
`,
  )}${batches.map(
    ({ actor, collector, run, n, digest, block, tx }) =>
      html`<tr><th scope="row">${nameText(actor)}</th><td>batch ${n} of run <code>${run}</code>, ${collector}, digest <code>${digest}</code></td><td class="n">${block}</td><td><code>${tx}</code></td></tr>
`,
  )}</tbody></table></div>`;
}

function eventLines(event: Finding['variants'][number]['event']): Markup {
  return html`${JSON.stringify(event, null, 1)
    .split('\n')
    .map(
      (line) => html`${line}
`,
    )}`;
}
