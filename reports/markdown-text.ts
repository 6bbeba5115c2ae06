import { printable } from '../cli/printable.js';
import { humanTime } from './format.js';
import { nameText, type Phrase } from './phrase.js';

/** Words of ours, or names of ours such as an MSP: shown as they are, with no meaning in Markdown or HTML. */
export function md(text: string, limit = 1100): string {
  return printable(text, limit)
    .replace(/[\\`*_{}[\]<>&#+!|~]/g, '\\$&')
    .replace(/^[-=]/, '\\$&')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2');
}

/**
 * A text from outside as a code span: nothing in it is Markdown, HTML, a link or a mention. A `|` is written as
 * `\u{7c}`, for in a table it would end the cell even here.
 */
export function mdCode(text: string, limit = 300): string {
  if (text === '') return '(empty)';
  const safe = printable(text, limit).replace(/\|/g, '\\u{7c}');
  const longest = Math.max(0, ...[...safe.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // One space on each side is taken off again where the text begins or ends with one or with a backtick.
  const pad = /^[` ]|[` ]$/.test(safe) ? ' ' : '';
  return `${fence}${pad}${safe}${pad}${fence}`;
}

/** A sentence as Markdown. */
export function mdPhrase(phrase: Phrase): string {
  return phrase
    .map((span) => {
      if (typeof span === 'string') return md(span);
      if ('actor' in span) return `**${md(nameText(span.actor))}**`;
      return 'name' in span ? mdCode(span.name, 80) : humanTime(span.time);
    })
    .join('');
}

/** A table. Cells are Markdown already and hold no line break. */
export function mdTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
