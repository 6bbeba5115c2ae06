import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { reportMarkdown } from '../../reports/markdown.js';
import { md, mdCode } from '../../reports/markdown-text.js';
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

const render = (day: Parameters<typeof dailyReport>[0]) => reportMarkdown(dailyReport(day));

/** What is left when code spans are taken out as CommonMark takes them: a run of backticks to the next equal run. */
function outsideCode(line: string): string {
  return line.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, '');
}

/** The number of cells of a table's row: pipes that no backslash escapes. */
function cells(line: string): number {
  return (line.match(/(?<!\\)\|/g) ?? []).length - 1;
}

describe('the Markdown', () => {
  test.each(Object.entries({ quietDay, threeFindings, richDay, hostileDay }))(
    'has tables of even width: %s',
    (_, day) => {
      for (const block of render(day()).split('\n\n')) {
        const lines = block.trimEnd().split('\n');
        if (!block.startsWith('|')) continue;
        expect(lines[1]).toMatch(/^\|( --- \|)+$/);
        expect(new Set(lines.map(cells)).size).toBe(1);
      }
    },
  );

  test('keeps hostile text in code spans', () => {
    const outside = render(hostileDay()).split('\n').map(outsideCode).join('\n');
    expect(outside).not.toMatch(/[<>]|https?:|www\.|\]\(|alert|cmd|evil|`/);
  });

  property.prop([fc.oneof(fc.string({ unit: fc.constantFrom(...'`` |\\<a\n\r\t') }), fc.string({ unit: 'binary' }))])(
    'a code span holds any text on one line',
    (text) => {
      const span = mdCode(text);
      expect(span).not.toMatch(/[\r\n|]/);
      if (text !== '') expect(outsideCode(span)).toBe('');
    },
  );

  property.prop([fc.string({ unit: fc.constantFrom(...'`*_[]()<>&#|~!\\-=1. a\n') })])(
    'escaped text has no unescaped mark of Markdown or HTML',
    (text) => {
      const rest = md(text).replace(/\\[\\`*_{}[\]()<>&#+!|~=.-]|^\d+\\[.)]/g, '');
      expect(rest).not.toMatch(/[`*[\]<>&|~\n]/);
    },
  );

  test('tells what the page tells', () => {
    const text = render(threeFindings());
    expect(text).toContain(
      '597 of 600 events agreed; **ProviderMSP** stands alone against **DeveloperMSP** and **UserMSP** in 3.',
    );
    expect(text).toContain('| `time` **≠** | 2026-11-22 09:30:00.028063346 | 2026-11-22 10:30:00.028063346 |');
    expect(text).toContain('watched the time and recorded nothing');
    expect(text).toContain(dailyReport(threeFindings()).hash);
    expect(render(quietDay())).toContain('No findings.');
    expect(render(unsealedDay())).toContain('**Not sealed yet');
    expect(render(stalledDay())).toContain('for the silence of **UserMSP**');
  });

  test('leaves amounts as they are, and makes no list of them', () => {
    expect([md('0.834005'), md('1. x'), md('2)'), md('- x')]).toEqual(['0.834005', '1\\. x', '2\\)', '\\- x']);
  });

  test('says how many findings it leaves out', () => {
    expect(render(crowdedDay(300))).toContain('**100 of 300 findings are shown here**');
    expect(render(crowdedDay(300)).match(/^### /gm)).toHaveLength(100);
  });

  test('every hostile text appears somewhere', () => {
    const text = render(hostileDay());
    expect(HOSTILE.length).toBeGreaterThan(20);
    expect(text).toContain('``` `code` ``more`` ```');
    expect(text).toContain('`a\\u{7c}b`');
  });
});
