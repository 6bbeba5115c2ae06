import { fc, test as property } from '@fast-check/vitest';
import { type DefaultTreeAdapterTypes, html as names, parse } from 'parse5';
import { describe, expect, test } from 'vitest';
import { MAX_CARDS, reportHtml } from '../../reports/html/page.js';
import { dailyReport } from '../../reports/model.js';
import {
  crowdedDay,
  HOSTILE,
  hostileDay,
  quietDay,
  richDay,
  stalledDay,
  threeFindings,
  unsealedDay,
} from './fixtures.js';

type Element = DefaultTreeAdapterTypes.Element;

const render = (day: Parameters<typeof dailyReport>[0]) => reportHtml(dailyReport(day));

function elements(page: string): Element[] {
  const found: Element[] = [];
  const walk = (node: DefaultTreeAdapterTypes.ChildNode | DefaultTreeAdapterTypes.Document) => {
    if ('tagName' in node) found.push(node);
    if ('childNodes' in node) node.childNodes.forEach(walk);
  };
  walk(parse(page, { onParseError: ({ code }) => expect.unreachable(`the page is no valid HTML: ${code}`) }));
  return found;
}

function text(node: DefaultTreeAdapterTypes.Node): string {
  if (node.nodeName === '#text') return (node as DefaultTreeAdapterTypes.TextNode).value;
  return 'childNodes' in node ? node.childNodes.map(text).join('') : '';
}

/** The page's skeleton: its elements with the names of their attributes, in order. */
const skeleton = (page: string) =>
  elements(page).map(({ tagName, attrs }) => `${tagName} ${attrs.map(({ name }) => name).join(' ')}`);

const ALLOWED_ATTRIBUTES =
  /^(lang|charset|http-equiv|content|name|id|class|href|title|datetime|scope|rowspan|tabindex|role|viewbox|preserveaspectratio|x|y|x1|x2|y1|y2|width|height|vector-effect|aria-[a-z]+)$/i;

describe('the page', () => {
  test('is valid, and hostile text makes no element and no attribute', () => {
    const all = elements(render(hostileDay()));
    expect(all.filter(({ tagName }) => ['script', 'img', 'iframe', 'link', 'object', 'b'].includes(tagName))).toEqual(
      [],
    );
    for (const { attrs } of all) for (const { name } of attrs) expect(name).toMatch(ALLOWED_ATTRIBUTES);
    const links = all.flatMap(({ attrs }) => attrs.filter(({ name }) => name === 'href' || name === 'src'));
    expect(links.map(({ value }) => value)).toEqual(['#findings']);
  });

  property.prop(
    [
      fc.oneof(
        fc.constantFrom(...HOSTILE),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom(...'<>"\'&/= `-!a\u0000\u202e') }),
      ),
    ],
    {
      numRuns: 60,
    },
  )('has the same skeleton whatever the text is', (hostile) => {
    // A character keeps an empty text apart, which is shown in words instead.
    expect(skeleton(render(hostileDay([`x${hostile}`])))).toEqual(skeleton(render(hostileDay(['xy']))));
  });

  test('shows text as it is, but for what is unprintable', () => {
    const page = render(hostileDay());
    const [body] = elements(page).filter(({ tagName }) => tagName === 'body');
    const shown = body === undefined ? '' : text(body);
    for (const each of [
      '<script>alert(1)</script>',
      'a|b',
      '&lt;b&gt;',
      'no\\u{fdd0}\\u{1ffff}character',
      'no\\u{fdd0}\\u{1ffff}character',
      'safe\\u{202e}txt.exe',
      '\\u{1b}[31mred',
    ]) {
      expect(shown).toContain(each);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the page must have none of them
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
  });

  test('allows nothing but its own style, and asks for nothing', () => {
    const page = render(richDay());
    expect(page).toMatch(
      /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-[\w+/]{43}=&#39;;/,
    );
    expect(page).not.toMatch(/<script|javascript:|@import|url\(|\sstyle=|\ssrc=|https?:/);
  });

  test('can be read by machines that read aloud', () => {
    const all = elements(render(richDay()));
    const [root] = all;
    expect(root?.attrs).toContainEqual({ name: 'lang', value: 'en' });
    expect(all.filter(({ tagName }) => tagName === 'h1')).toHaveLength(1);
    const tables = all.filter(({ tagName }) => tagName === 'table');
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables) expect(table.childNodes[0]?.nodeName).toBe('caption');
    for (const head of all.filter(({ tagName }) => tagName === 'th')) {
      expect(head.attrs.map(({ name }) => name)).toContain('scope');
    }
    const ids = all.flatMap(({ attrs }) => attrs.filter(({ name }) => name === 'id').map(({ value }) => value));
    expect(new Set(ids).size).toBe(ids.length);
    const labels = all.flatMap(({ attrs }) => attrs.filter(({ name }) => name === 'aria-labelledby'));
    for (const { value } of labels) expect(ids).toContain(value);
    expect(all.every(({ namespaceURI }) => [names.NS.HTML, names.NS.SVG].includes(namespaceURI))).toBe(true);
  });

  test('tells the day at a glance and each finding in a sentence', () => {
    const page = render(threeFindings());
    expect(page).toContain('597 of 600 events agreed; <strong>ProviderMSP</strong> stands alone');
    expect(page).toContain(
      '<mark><code class="when" title="1795343400028063346 ns">2026-11-22 10:30:00.<wbr>028063346</code></mark>',
    );
    expect(page).toContain('watched the time and recorded nothing (block 13, transaction');
    expect(page.match(/<article/g)).toHaveLength(3);
  });

  test('says whether the day is sealed, and who holds it up', () => {
    expect(render(threeFindings())).toContain('Sealed at block 123');
    expect(render(unsealedDay())).toContain('Not sealed yet');
    expect(render(unsealedDay())).not.toContain('Stalled');
    expect(render(stalledDay())).toContain('stands still because UserMSP is silent');
  });

  test('is calm on a quiet day', () => {
    const page = render(quietDay());
    expect(page).toContain('No findings.');
    expect(page).not.toContain('<article');
  });

  test('stays usable with 5,000 findings', () => {
    const page = render(crowdedDay());
    expect(page.match(/<article/g)).toHaveLength(MAX_CARDS);
    expect(page).toContain('200 of 5,000 findings are shown here');
    expect(page).toContain('The other 4,800 are in the report’s JSON and CSV.');
    expect(page.length).toBeLessThan(1_500_000);
  });
});
