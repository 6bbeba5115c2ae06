import { FINDING_CLASSES } from '../../reconciler/judgement.js';
import { grouped, humanDuration, nanosOfSeconds, secondsOfNanos, short } from '../format.js';
import type { DailyReport } from '../model.js';
import { actorsPhrase, nameText } from '../phrase.js';
import { gapsSentence, runningTotals, sidesOf } from '../summary.js';
import { CLASS_WORDS, GLOSSARY } from '../words.js';
import { html, idHtml, type Markup, phraseHtml, timeHtml } from './markup.js';

const MAX_ROWS = 200;

/** Who stands against whom, and each actor's count of each class. */
export function standingHtml(report: DailyReport): Markup {
  const sides = sidesOf(report.findings);
  const gaps = gapsSentence(report.findings);
  const head = FINDING_CLASSES.map(
    (name) => html`<th scope="col" class="n" title="${CLASS_WORDS[name].meaning}">${CLASS_WORDS[name].label}</th>`,
  );
  const rows = report.actors.map(
    (summary) =>
      html`<tr><th scope="row">${nameText(summary.actor)}</th><td class="n">${grouped(summary.attested)}</td>${FINDING_CLASSES.map(
        (name) => html`<td class="n ${summary[name] === 0 ? 'zero' : 'hit'}">${grouped(summary[name])}</td>`,
      )}</tr>
`,
  );
  return html`<section aria-labelledby="standing"><h2 id="standing">Who stands against whom</h2>
${sides.length === 0 ? undefined : sidesHtml(sides.slice(0, 20), sides.length)}
${gaps === undefined ? undefined : html`<p>${gaps}</p>`}
<div class="scroll" tabindex="0"><table class="dense"><caption>Findings of each class that name the actor</caption>
<thead><tr><th scope="col">Actor</th><th scope="col" class="n">Events attested</th>${head}</tr></thead><tbody>${rows}</tbody></table></div></section>
`;
}

function sidesHtml(sides: ReturnType<typeof sidesOf>, all: number): Markup {
  const rows = sides.map(
    ({ dissent, majority, findings, classes }) =>
      html`<tr><th scope="row">${dissent.length > 0 ? phraseHtml(actorsPhrase(dissent)) : 'no one'}</th><td>${
        majority.length > 0 ? phraseHtml(actorsPhrase(majority)) : 'no majority named'
      }</td><td class="n">${grouped(findings)}</td><td>${classes.map(([name, count]) => `${grouped(count)} ${CLASS_WORDS[name].label.toLowerCase()}`).join(', ')}</td></tr>
`,
  );
  return html`<div class="scroll" tabindex="0"><table><caption>The sides of the findings${all > sides.length ? `, the ${sides.length} most frequent` : ''}</caption>
<thead><tr><th scope="col">In dissent</th><th scope="col">Against</th><th scope="col" class="n">Findings</th><th scope="col">Of which</th></tr></thead><tbody>${rows}</tbody></table></div>
`;
}

/** Running time and money, agreed and in dispute. */
export function billHtml(report: DailyReport): Markup {
  const { bill, running, actors } = report;
  const totals = runningTotals(report);
  const tile = (label: string, value: string, exact: string, alert = '') =>
    html`<div class="${alert}"><dt>${label}</dt><dd>${value}<span class="exact">${exact}</span></dd></div>`;
  const span = (nanos: bigint) =>
    nanos === 0n ? '0 s' : `${humanDuration(nanos)}, exactly ${secondsOfNanos(nanos)} s`;
  return html`<section aria-labelledby="bill"><h2 id="bill">Running time and money</h2>
<p class="lead">How long containers ran on this day: agreed where the logs of all actors that could see say so, disputed where only some do, unknown where no log says since when.</p>
<dl class="numbers sums">${tile('Agreed', `${bill.agreed} ${bill.currency}`, span(totals.agreed))}${tile(
    'In dispute',
    `${bill.disputed} ${bill.currency}`,
    span(totals.disputed),
    totals.disputed > 0n ? 'alert' : '',
  )}${tile('Unknown', humanDuration(totals.unknown), totals.unknown === 0n ? 'nothing left out' : `in neither sum, exactly ${secondsOfNanos(totals.unknown)} s`)}</dl>
${
  running.length === 0
    ? undefined
    : html`<div class="scroll" tabindex="0"><table class="dense"><caption>Running time of each container; ≠ marks an actor whose log gives another time than agreed</caption>
<thead><tr><th scope="col">Container</th><th scope="col" class="n">Agreed</th><th scope="col" class="n">Disputed</th><th scope="col" class="n">Unknown</th>${actors.map(({ actor }) => html`<th scope="col" class="n">${nameText(actor)}</th>`)}</tr></thead>
<tbody>${running.slice(0, MAX_ROWS).map((time) => runningRow(time, report))}</tbody>
<tfoot><tr><th scope="row">${running.length > MAX_ROWS ? 'All containers' : 'Sum'}</th>${[totals.agreed, totals.disputed, totals.unknown, ...totals.perActor.map(([, sum]) => sum)].map((sum) => durationCell(sum))}</tr></tfoot></table></div>
${running.length > MAX_ROWS ? html`<p class="note">${MAX_ROWS} of ${grouped(running.length)} containers are listed; the report’s JSON has all.</p>` : undefined}`
}${sumsHtml(report)}</section>
`;
}

function sumsHtml({ sums, bill }: DailyReport): Markup | undefined {
  if (sums.length === 0) return undefined;
  const rows = sums.slice(0, MAX_ROWS).map((sum) => {
    const { by, label, value, containers, agreedSeconds, disputedSeconds, unknownSeconds, agreed, disputed } = sum;
    const what = label === undefined ? html`${by}` : html`${by} ${nameText(label)}`;
    const times = [agreedSeconds, disputedSeconds, unknownSeconds].map((time) => durationCell(nanosOfSeconds(time)));
    return html`<tr><th scope="row">${nameText(value || '(not named)')}<span class="exact">${what}</span></th><td class="n">${grouped(containers)}</td>${times}<td class="n">${agreed} ${nameText(bill.currency)}</td><td class="n">${disputed} ${nameText(bill.currency)}</td></tr>
`;
  });
  return html`<div class="scroll" tabindex="0"><table class="dense"><caption>Summed up by image, by Swarm service and by the labels that the policy names${sums.length > MAX_ROWS ? `; ${MAX_ROWS} of ${grouped(sums.length)}` : ''}</caption>
<thead><tr><th scope="col">Which</th><th scope="col" class="n">Containers</th><th scope="col" class="n">Agreed</th><th scope="col" class="n">Disputed</th><th scope="col" class="n">Unknown</th><th scope="col" class="n">Amount agreed</th><th scope="col" class="n">In dispute</th></tr></thead>
<tbody>${rows}</tbody></table></div>
`;
}

function runningRow(time: DailyReport['running'][number], { actors }: DailyReport): Markup {
  const agreed = nanosOfSeconds(time.agreedSeconds);
  const disputed = nanosOfSeconds(time.disputedSeconds);
  return html`<tr><th scope="row">${nameText(time.name || short(time.object))}<span class="exact">${nameText(time.image)} · <span title="${time.object}">${short(time.object)}</span></span></th>${durationCell(agreed)}${durationCell(disputed, disputed > 0n ? 'hit' : 'zero')}${durationCell(nanosOfSeconds(time.unknownSeconds))}${actors.map(
    ({ actor }) => {
      const own = time.perActor[actor];
      if (own === undefined) return html`<td class="n zero">no log</td>`;
      return durationCell(nanosOfSeconds(own), '', nanosOfSeconds(own) === agreed ? '' : '≠ ');
    },
  )}</tr>
`;
}

function durationCell(nanos: bigint, kind = nanos === 0n ? 'zero' : '', sign = ''): Markup {
  const exact = nanos === 0n ? undefined : html`<span class="exact">${secondsOfNanos(nanos)} s</span>`;
  return html`<td class="n ${kind}">${sign}${humanDuration(nanos)}${exact}</td>`;
}

/** What changed about earlier days. */
export function amendsHtml({ amends }: DailyReport): Markup | undefined {
  if (amends.length === 0) return undefined;
  const rows = amends.slice(0, MAX_ROWS).map(
    ({
      day,
      id,
      change,
    }) => html`<tr><th scope="row">${day}</th><td>${idHtml(id, short(id))}</td><td>${change}</td></tr>
`,
  );
  return html`<section aria-labelledby="amends"><h2 id="amends">Amendments to earlier days</h2>
<div class="scroll" tabindex="0"><table><caption>What came later and changed a sealed day${amends.length > MAX_ROWS ? `; ${MAX_ROWS} of ${grouped(amends.length)}` : ''}</caption><thead><tr><th scope="col">Day</th><th scope="col">Finding</th><th scope="col">Change</th></tr></thead><tbody>${rows}</tbody></table></div></section>
`;
}

/** How to read the report: its words and classes. */
export function glossaryHtml(): Markup {
  const pairs = (entries: readonly (readonly [string, string])[]) =>
    entries.map(
      ([word, meaning]) => html`<dt>${word}</dt><dd>${meaning}</dd>
`,
    );
  const classes = FINDING_CLASSES.map((name) => [CLASS_WORDS[name].label, CLASS_WORDS[name].meaning] as const);
  return html`<section aria-labelledby="reading"><h2 id="reading">How to read this report</h2>
<p class="lead">Several organisations watch the same container engines and each signs what it saw onto a ledger that they own together. This report compares those statements. It names who says what; it does not guess why.</p>
<details><summary>The words</summary><dl class="words">${pairs(GLOSSARY)}</dl></details>
<details><summary>The classes of findings</summary><dl class="words">${pairs(classes)}</dl></details></section>
`;
}

/** What the report was made from, so that anyone can make it again. */
export function provenanceHtml(report: DailyReport): Markup {
  const fact = (name: string, value: Markup | string) => html`<dt>${name}</dt><dd>${value}</dd>
`;
  const { sealedAt } = report;
  return html`<section aria-labelledby="provenance"><h2 id="provenance">Where it comes from</h2>
<p class="lead">The report is a pure function of the ledger’s transactions: from the same blocks anyone computes the same report and the same hash.</p>
<dl class="facts">${fact('Report hash', html`<code>${report.hash}</code>`)}${fact('Ledger', html`<code>${report.ledger}</code>`)}${fact('Channel, chaincode', html`<code>${report.channel}</code>, <code>${report.chaincode}</code>`)}${fact('Blocks', html`${grouped(BigInt(report.blocks.from))} to ${grouped(BigInt(report.blocks.to))}; hash of the last <code>${report.blocks.hash}</code>`)}${fact(
    'Seal',
    sealedAt === undefined
      ? 'not sealed yet'
      : html`block ${grouped(BigInt(sealedAt.block))}, transaction <code>${sealedAt.tx}</code>${sealedAt.clock === '' ? undefined : html`, ledger clock ${timeHtml(sealedAt.clock)}`}`,
  )}${fact('Policy', html`<code>${report.policyHash}</code>`)}${fact('Judging rules', `version ${report.judge}`)}${fact('Form', `${report.report}, version ${report.version}`)}</dl></section>
`;
}
