import { isoOfNanos } from '#chaincode';
import { printable } from '../../cli/printable.js';
import { humanTime } from '../format.js';
import { nameText, type Phrase } from '../phrase.js';

/** Markup that is safe as it stands. Only `html` makes it (and the page, of its own style), so nothing else goes unescaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Content = Markup | string | number | undefined | readonly (Markup | string | undefined)[];

/** A template whose every value is escaped, unless it is markup already. Fits text and quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.reduce((page, part, index) => page + markup(values[index - 1]) + part));
}

function markup(value: Content): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(markup).join('');
  return escaped(String(value));
}

// A text may be as long as a recorded value can be: what is shown is then all there is.
const MAX_TEXT = 1100;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Code points that HTML forbids in a page, beside those that `printable` writes out.
const NONCHARACTERS = /\p{Noncharacter_Code_Point}/gu;

function escaped(text: string): string {
  return printable(text, MAX_TEXT)
    .replace(NONCHARACTERS, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A sentence as HTML. */
export function phraseHtml(phrase: Phrase): Markup {
  return html`${phrase.map((span) => {
    if (typeof span === 'string') return span;
    if ('actor' in span) return html`<strong>${nameText(span.actor)}</strong>`;
    return 'name' in span ? html`<code>${nameText(span.name)}</code>` : timeHtml(span.time);
  })}`;
}

/** A time for people, to the nanosecond on hover. */
export function timeHtml(time: string): Markup {
  const iso = isoOfNanos(time);
  return html`<time datetime="${iso}" title="${iso}">${humanTime(time)}</time>`;
}

/** A shortened hash or ID, in full on hover. */
export function idHtml(id: string, shortened: string): Markup {
  return html`<code class="id" title="${id}">${shortened}</code>`;
}
