import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Anchor, anchorDifference, MAX_ANCHOR_BYTES, MAX_RANGES, parseAnchor, sha256Hex } from '#chaincode';
import { anchorOf, objectsIn, rangesOf } from '../../reconciler/anchor-ranges.js';
import { dailyReport } from '../../reconciler/daily-report.js';
import type { DayJudgement, Finding } from '../../reconciler/judgement.js';
import { missing, quietDay, threeFindings } from '../reports/fixtures.js';

const sealed = (over: Partial<DayJudgement> = {}): DayJudgement => ({
  ...quietDay(),
  sealed: true,
  sealedAt: { block: '9', tx: 'a'.repeat(64), clock: '1' },
  ...over,
});
const finding = (object: string): Finding => ({ ...missing(), id: sha256Hex(`id ${object}`), object });
const anchorOfDay = (over: Partial<DayJudgement>): Anchor => anchorOf(dailyReport(sealed(over)));
const objects = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 60 });

describe('the ranges of an anchor', () => {
  test.prop([objects, fc.string({ unit: 'binary', maxLength: 200 })])(
    'keep their borders whatever is added: one finding more changes one range, which a comparison names',
    (known, added) => {
      fc.pre(!known.includes(added));
      const before = anchorOfDay({ findings: known.map(finding) });
      const after = anchorOfDay({ findings: [...known, added].map(finding) });
      const hashes = new Set(before.ranges.lists.map(({ hash }) => hash));
      const changed = after.ranges.lists.filter(({ hash }) => !hashes.has(hash));
      expect(changed).toHaveLength(1);
      const found = anchorDifference(before, after);
      expect(found).toMatchObject({ part: 'findings', class: 'missing', range: changed[0]?.range });
      const report = dailyReport(sealed({ findings: [...known, added].map(finding) }));
      expect(objectsIn(report, 'missing', found?.range ?? -1)).toContain(added);
      expect(anchorDifference(after, before)?.object).toBe(found?.object);
    },
  );

  it('stay few and small, and are what the contract takes', () => {
    const many = Array.from({ length: 5000 }, (_, index) => finding(`${index} ${'x'.repeat(1000)}`));
    const anchor = anchorOfDay({ findings: many });
    expect(anchor.ranges.lists.filter(({ list }) => list === 'missing')).toHaveLength(MAX_RANGES);
    const text = JSON.stringify(anchor);
    expect(text.length).toBeLessThan(MAX_ANCHOR_BYTES / 12);
    expect(parseAnchor(text)).toEqual(anchor);
  });

  it('name the part where no list differs, what it was made from before all else', () => {
    const anchor = anchorOfDay({});
    const { bill } = sealed();
    expect(anchorDifference(anchor, anchor)).toBeUndefined();
    expect(anchorDifference(anchor, anchorOfDay({ bill: { ...bill, agreed: '9' } }))).toEqual({ part: 'bill' });
    expect(anchorDifference(anchor, anchorOfDay({ policyHash: 'f'.repeat(64), findings: [finding('web')] }))).toEqual({
      part: 'head',
    });
    expect(anchorDifference(anchor, { ...anchor, hash: '0'.repeat(64) })).toEqual({ part: 'hash' });
  });

  it('are made of the report as it is hashed, in whatever order its findings came', () => {
    const { findings } = threeFindings();
    const turned = { ...threeFindings(), findings: [...findings].reverse() };
    expect(rangesOf(dailyReport(turned))).toEqual(rangesOf(dailyReport(threeFindings())));
  });
});
