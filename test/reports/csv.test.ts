import { describe, expect, test } from 'vitest';
import { printable } from '../../cli/printable.js';
import { reportCsv } from '../../reports/csv.js';
import { dailyReport } from '../../reports/model.js';
import { HOSTILE, hostileDay, moved, quietDay, richDay, threeFindings } from './fixtures.js';

/** Reads RFC 4180, strictly. */
function readCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) throw new Error('this is not RFC 4180');
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') rows.push([]);
  }
  const [head = [], ...body] = rows.slice(0, -1);
  return body.map((row) => {
    expect(row).toHaveLength(head.length);
    return Object.fromEntries(head.map((name, index) => [name, row[index] ?? '']));
  });
}

const read = (day: Parameters<typeof dailyReport>[0]) => readCsv([...reportCsv(dailyReport(day))].join(''));

describe('the CSV', () => {
  test('has a row for each finding and each actor with a part in it', () => {
    const rows = read(threeFindings());
    expect(rows.map(({ class: name, actor, side }) => `${name} ${actor} ${side}`)).toEqual([
      'missing DeveloperMSP majority',
      'missing ProviderMSP dissent',
      'missing UserMSP majority',
      'differs DeveloperMSP majority',
      'differs ProviderMSP dissent',
      'differs UserMSP majority',
      'uncorroborated DeveloperMSP majority',
      'uncorroborated ProviderMSP dissent',
      'uncorroborated UserMSP majority',
    ]);
    expect(rows[4]).toMatchObject({
      attested_time: '2026-11-22T10:30:00.028063346Z',
      time: '2026-11-22T09:30:00.028063346Z',
    });
    expect(rows[1]).toMatchObject({ absent_by: 'watch', blocks: '13', event_hashes: '' });
    expect(rows[0]).toMatchObject({ numbers: '70', blocks: '12' });
  });

  test('calls the actor of a gap blind, and nobody a dissenter for it', () => {
    const rows = read(richDay()).filter(({ class: name }) => name === 'gap');
    const sides = rows.map(({ side }) => side);
    expect(sides).toContain('blind');
    expect(sides).not.toContain('dissent');
  });

  test('has only its head on a quiet day, and a row for every finding on a rich one', () => {
    expect(read(quietDay())).toEqual([]);
    const found = new Set(read(richDay()).map(({ finding }) => finding));
    expect(found.size).toBe(richDay().findings.length);
  });

  test('gives hostile text back, printable and never as a formula', () => {
    const rows = read(hostileDay());
    const reasons = new Set(rows.map((row) => row.gap_reason));
    for (const text of HOSTILE) {
      expect(reasons).toContain(printable(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text));
    }
    for (const row of rows) for (const value of Object.values(row)) expect(value).not.toMatch(/^[=+\-@\t\r]/);
  });

  test('keeps a finding that names nobody', () => {
    const nobody = { ...moved(), majority: [], dissent: [], variants: [], absence: [], diff: [] };
    expect(read({ ...quietDay(), findings: [nobody] })).toMatchObject([{ actor: '', class: 'differs' }]);
  });
});
