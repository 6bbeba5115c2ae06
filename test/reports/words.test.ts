import { describe, expect, test } from 'vitest';
import { humanDay, humanDuration, humanTime, joined, nanosOfSeconds, secondsOfNanos } from '../../reports/format.js';
import { dailyReport } from '../../reports/model.js';
import { plainText } from '../../reports/phrase.js';
import { findingSentence } from '../../reports/sentence.js';
import { gapsSentence, gravest, sidesOf, verdictPhrase } from '../../reports/summary.js';
import {
  altered,
  at,
  crowdedDay,
  DEVELOPER,
  invented,
  judgement,
  missing,
  moved,
  PROVIDER,
  quietDay,
  richDay,
  threeFindings,
  USER,
  unresolved,
  unsealedDay,
} from './fixtures.js';

const say = (finding: Parameters<typeof findingSentence>[0]) => plainText(findingSentence(finding));

describe('a finding in one sentence', () => {
  test('moved by an hour', () => {
    expect(say(moved())).toBe(
      'ProviderMSP’s log has the end (die) of container web-1 at 2026-11-22 10:30:00.028 UTC, 1 h 00 m 00 s later than DeveloperMSP and UserMSP.',
    );
  });

  test('an altered attribute', () => {
    expect(say(altered())).toBe(
      'ProviderMSP’s log gives exitCode as 0 for the end (die) of container worker-7; DeveloperMSP and UserMSP have 137.',
    );
  });

  test('left out, invented, three versions', () => {
    expect(say(missing())).toBe(
      'ProviderMSP has no record of the start of container cache-3; DeveloperMSP and UserMSP attest it.',
    );
    expect(say(invented())).toBe(
      'Only ProviderMSP attests the start of container ghost-9: DeveloperMSP and UserMSP have no record of it.',
    );
    expect(say(unresolved())).toBe(
      'The actors attest 3 versions of the start of container api-2, and none has a majority.',
    );
  });

  test('many that were not all read, of which the first is told alike', () => {
    const [one] = unresolved().variants;
    const folded = { ...unresolved(), variants: one === undefined ? [] : [one], folded: 12_345 };
    expect(say(folded)).toBe(
      'The actors attest 12,345 events in different words, too many to be read one by one; of the first, the start of container api-2, they say the same.',
    );
  });

  test('what an actor did on the ledger', () => {
    const batch = { actor: PROVIDER, collector: 'c-1', run: 'r1', n: '7', digest: 'd', block: '1', tx: 't' };
    const about = {
      ...missing(),
      variants: [],
      absence: [],
      source: '',
      time: at(60, 0),
      majority: [],
      dissent: [PROVIDER],
    };
    const twins = [batch, { ...batch, digest: 'e' }];
    expect(say({ ...about, class: 'equivocation', batches: twins })).toBe(
      'ProviderMSP signed two different batches under batch 7 of collector c-1, run r1.',
    );
    expect(say({ ...about, class: 'sequence', numbers: { from: '3', to: '5' }, batches: [batch] })).toBe(
      'ProviderMSP left out the batches 3 to 5 of collector c-1, run r1.',
    );
    expect(say({ ...about, class: 'sequence', numbers: { from: '8', to: '8' }, batches: twins, folded: 3 })).toBe(
      'ProviderMSP broke the chain: batch 8 of collector c-1, run r1 does not continue the one before, and 2 more findings alike.',
    );
    expect(say({ ...about, class: 'silent', source: 'ENGINE', silence: { watched: at(30, 0), to: at(90, 0) } })).toBe(
      'ProviderMSP fell silent: no watch of source ENGINE has advanced since 2026-11-22 00:01:00 UTC until 2026-11-22 00:01:30 UTC; its last one ended at 2026-11-22 00:00:30 UTC.',
    );
    expect(say({ ...invented(), verdict: 'unresolved', dissent: [], folded: 7 })).toMatch(
      /^ProviderMSP alone attests 7 events of source .*, and no majority denies them; folded into this one finding\.$/,
    );
    expect(say({ ...invented(), source: '', folded: 150 })).toBe(
      'ProviderMSP alone attests 150 events of sources that nobody else knows, folded into this one finding.',
    );
  });

  test('every class has one, and it names each dissenter', () => {
    for (const finding of richDay().findings) {
      const sentence = say(finding);
      expect(sentence).toMatch(/^[A-Z].*\.$/);
      for (const actor of finding.dissent) expect(sentence).toContain(actor);
    }
    expect(new Set(richDay().findings.map((finding) => finding.class)).size).toBe(10);
  });

  test('a hole in the watches', () => {
    const gap = richDay().findings.find((finding) => finding.class === 'gap');
    expect(gap && say(gap)).toContain('for 12 m 00 s from 2026-11-22 16:00:00 UTC; 7 events of the others lie in it.');
  });
});

describe('the day in plain words', () => {
  const verdict = (day: Parameters<typeof dailyReport>[0]) => plainText(verdictPhrase(dailyReport(day)));

  test('names who stands alone', () => {
    expect(verdict(threeFindings())).toBe(
      '597 of 600 events agreed; ProviderMSP stands alone against DeveloperMSP and UserMSP in 3.',
    );
  });

  test('is calm on a quiet day, and on an empty one', () => {
    expect(verdict(quietDay())).toBe('All 600 events agreed.');
    const coverage = { events: 0, agreed: 0, disputed: 0, pending: 0, unobservable: 0 };
    expect(verdict(judgement({ coverage }))).toBe('No event was attested.');
  });

  test('tells what is still open', () => {
    expect(verdict(unsealedDay())).toBe(
      'So far, 580 of 600 events agreed; ProviderMSP stands alone against DeveloperMSP and UserMSP in 3; 17 not yet decided.',
    );
  });
});

test('sides are grouped, the most frequent first, and a gap is on none', () => {
  const sides = sidesOf(richDay().findings);
  expect(sides.flatMap(({ classes }) => classes.map(([name]) => name))).not.toContain('gap');
  expect(gapsSentence(richDay().findings)).toMatch(/^1 gap stands against no one: /);
  expect(gapsSentence(quietDay().findings)).toBeUndefined();
  expect(sides[0]).toMatchObject({ dissent: [PROVIDER], majority: [DEVELOPER, USER], findings: 7 });
});

test('the gravest findings are chosen first and stay in order', () => {
  const { findings } = dailyReport(richDay());
  const chosen = gravest(findings, 3);
  expect(chosen.map(({ severity }) => severity)).toEqual(['high', 'high', 'high']);
  expect(findings.filter((finding) => chosen.includes(finding))).toEqual(chosen);
  expect(gravest(crowdedDay(50).findings, 200)).toHaveLength(50);
});

test('times and durations', () => {
  expect(humanTime(at(34_200))).toBe('2026-11-22 09:30:00.028 UTC');
  expect(humanTime(at(0, 0))).toBe('2026-11-22 00:00:00 UTC');
  expect(humanDay('2026-11-22')).toBe('Sunday, 22 November 2026');
  const spans = [0n, 350n, 1_500n, 1_500_000n, 12_500_000_000n, 247_000_000_000n, -3_600_999_999_999n];
  expect(spans.map(humanDuration)).toEqual([
    '0 s',
    '350 ns',
    '1.5 µs',
    '1.5 ms',
    '12.5 s',
    '4 m 07 s',
    '1 h 00 m 00 s',
  ]);
  for (const seconds of ['0', '1', '100', '0.000000001', '86400.5']) {
    expect(secondsOfNanos(nanosOfSeconds(seconds))).toBe(seconds);
  }
  expect([joined([]), joined(['A']), joined(['A', 'B', 'C'])]).toEqual(['', 'A', 'A, B and C']);
});
