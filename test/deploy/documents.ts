import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultOf, descriptionOf, SETTING_NAMES, variableOf } from '../../collector/config-settings.js';
import { METRICS } from '../../collector/metrics.js';

/** A file of the project's. */
export function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
}

/** The lines of a Markdown file between `<!-- begin NAME -->` and `<!-- end NAME -->`. */
export function section(markdown: string, name: string): string {
  const [, found] = new RegExp(`<!-- begin ${name} -->\\n(.*?)<!-- end ${name} -->`, 's').exec(markdown) ?? [];
  if (found === undefined) throw new Error(`There is no section "${name}".`);
  return found;
}

/** The table of settings, as docs/collector.md must have it. */
export function settingsTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const value = defaultOf(name);
    const shown = value === undefined ? '' : `\`${value}\``;
    return `| \`${name}\` | \`${variableOf(name)}\` | ${shown} | ${escaped(descriptionOf(name))} |`;
  });
  return ['| setting | variable | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** The table of metrics. */
export function metricsTable(): string {
  const rows = METRICS.map(({ name, kind, help }) => `| \`${name}\` | ${kind} | ${escaped(help)} |`);
  return ['| metric | kind | meaning |', '|---|---|---|', ...rows, ''].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
