import { describe, expect, it } from 'vitest';
import type { HashedEvent } from '#chaincode';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { ACTORS, containerEvent, hashed, judge, Run, WHOLE_DAY, watch } from './support/history.js';

const [DEVELOPER = '', PROVIDER = '', USER = ''] = ACTORS;
const SECOND = 1_000_000_000n;

const honest = [hashed(containerEvent('c1', 'start', 10n * SECOND)), hashed(containerEvent('c1', 'die', 70n * SECOND))];
const ghosts = (count: number, source?: (index: number) => string): HashedEvent[] =>
  Array.from({ length: count }, (_, index) =>
    hashed(containerEvent(`ghost-${index}`, 'start', BigInt(index) * 1_000_000n), source?.(index)),
  );

/** The provider attests more than the others, in as many batches as it needs. */
function flooded(fakes: readonly HashedEvent[]): Invocation[] {
  const provider = new Run(PROVIDER);
  const batches: Invocation[] = [];
  for (let from = 0; from < fakes.length; from += 1000)
    batches.push(provider.batch({ events: fakes.slice(from, from + 1000) }));
  const rest = provider.batch({ events: honest, watches: [WHOLE_DAY] });
  const others = [DEVELOPER, USER].map((actor) => new Run(actor).batch({ events: honest, watches: [WHOLE_DAY] }));
  return [...batches, rest, ...others];
}

describe('what would be too long', () => {
  it('folds what one actor alone attests beyond the quota, and leaves what was agreed alone', () => {
    const judgement = judge(flooded(ghosts(12)), { quota: 5 });
    expect(judgement.findings.map(({ class: name, folded }) => [name, folded])).toEqual([
      ...Array.from({ length: 5 }, () => ['uncorroborated', undefined]),
      ['uncorroborated', 7],
    ]);
    expect(judgement.coverage).toEqual({ events: 14, agreed: 2, disputed: 12, pending: 0, unobservable: 0 });
    expect(judgement.running.map(({ object }) => object)).not.toContain('ghost-7');
    expect(judgement.sealed).toBe(true);
  });

  it('calls nothing a flood that others may still attest', () => {
    const provider = new Run(PROVIDER).batch({ events: [...honest, ...ghosts(12)], watches: [WHOLE_DAY] });
    const others = [DEVELOPER, USER].map((actor) => new Run(actor).batch({ events: honest }));
    const judgement = judge([provider, ...others], { quota: 5 });
    expect(judgement.findings).toEqual([]);
    expect(judgement.coverage).toMatchObject({ events: 14, agreed: 2, pending: 12 });
  });

  it('accuses nobody of a flood that no majority denies: the others may have left it out', () => {
    const [one, two] = ['A', 'B'] as const;
    const policy = { actors: [one, two], sources: { '*': { witnesses: [one, two] } }, quota: 5 };
    const full = new Run(one).batch({ events: [...honest, ...ghosts(12)], watches: [WHOLE_DAY] });
    const rest = new Run(two).batch({ events: honest, watches: [WHOLE_DAY] });
    const { findings, actors, coverage } = judge([full, rest], policy);
    expect(findings).toHaveLength(6);
    expect(findings.filter(({ folded }) => folded !== undefined)).toMatchObject([
      { class: 'uncorroborated', verdict: 'unresolved', majority: [], dissent: [], folded: 7 },
    ]);
    expect(actors.map(({ uncorroborated }) => uncorroborated)).toEqual([0, 0]);
    expect(coverage).toMatchObject({ agreed: 2, disputed: 12 });
  });

  it('pairs nothing of a flood with what its actor left out', () => {
    const fakes = Array.from({ length: 8 }, (_, index) =>
      hashed(containerEvent('c1', 'die', BigInt(100 + index) * SECOND)),
    );
    const provider = new Run(PROVIDER);
    const own = provider.batch({ events: [...honest.slice(0, 1), ...fakes], watches: [WHOLE_DAY] });
    const others = [DEVELOPER, USER].map((actor) => new Run(actor).batch({ events: honest, watches: [WHOLE_DAY] }));
    const { findings } = judge([own, ...others], { quota: 2 });
    expect(findings.filter((finding) => finding.class === 'differs')).toHaveLength(1);
    expect(findings.filter(({ folded }) => folded !== undefined)).toMatchObject([{ folded: 6, dissent: [PROVIDER] }]);
  });

  it('takes a hundred thousand invented events in, as findings up to the quota and one more', () => {
    const judgement = judge(flooded(ghosts(100_000)));
    expect(judgement.findings).toHaveLength(10_001);
    expect(judgement.coverage).toMatchObject({ events: 100_002, agreed: 2, disputed: 100_000 });
  });

  it('folds sources that nobody else knows, beyond the first hundred', () => {
    const judgement = judge(flooded(ghosts(250, (index) => `NOWHERE-${index}`)));
    expect(judgement.findings).toHaveLength(101);
    expect(judgement.findings.find(({ source }) => source === '')).toMatchObject({ folded: 150, dissent: [PROVIDER] });
    expect(judgement.coverage).toMatchObject({ disputed: 250 });
  });

  it('folds the holes of one actor, beyond the first hundred', () => {
    const watches = Array.from({ length: 180 }, (_, index) => watch(index * 100, index * 100 + 50));
    const provider = new Run(PROVIDER).batch({ watches: [...watches, watch(20_000, 86_400)] });
    const others = [DEVELOPER, USER].map((actor) => new Run(actor).batch({ events: honest, watches: [WHOLE_DAY] }));
    const { findings } = judge([provider, ...others]);
    const gaps = findings.filter((finding) => finding.class === 'gap');
    expect(gaps).toHaveLength(101);
    expect(gaps.filter(({ folded }) => folded !== undefined)).toMatchObject([{ folded: 80, dissent: [PROVIDER] }]);
  });
});

describe('an actor that attests both contents of one event', () => {
  const actors = ['A', 'B', 'C', 'D', 'X'];
  const policy = { actors, sources: { '*': { witnesses: actors } } };
  const start = honest[0] as HashedEvent;
  const die = honest[1] as HashedEvent;
  const moved = hashed(containerEvent('c1', 'die', 3670n * SECOND));
  const each = (logs: Record<string, readonly HashedEvent[]>) =>
    Object.entries(logs).map(([actor, events]) => new Run(actor).batch({ events, watches: [WHOLE_DAY] }));
  const judged = (logs: Record<string, readonly HashedEvent[]>) => judge(each(logs), policy);

  it('stands with the dissenters where the others are a majority without it', () => {
    const full = [start, die];
    const { findings, coverage } = judged({ A: [start, moved], B: full, C: full, D: full, X: [...full, moved] });
    expect(findings).toMatchObject([
      { class: 'differs', verdict: 'stands', majority: ['B', 'C', 'D'], dissent: ['A', 'X'] },
    ]);
    expect(coverage).toMatchObject({ agreed: 1, disputed: 1 });
  });

  it('gives no majority to either', () => {
    const full = [start, die];
    const { findings, coverage } = judged({ A: [start, moved], B: full, C: full, D: [start], X: [...full, moved] });
    expect(findings).toMatchObject([{ class: 'differs', verdict: 'unresolved', majority: [], dissent: [] }]);
    expect(findings[0]?.variants.map(({ actors: who }) => who)).toEqual([
      ['B', 'C', 'X'],
      ['A', 'X'],
    ]);
    expect(coverage).toMatchObject({ agreed: 1, disputed: 1 });
  });

  it('does not keep two contents apart of which none has a majority', () => {
    const { findings } = judged({ A: [start, moved], B: [start, die], C: [start], D: [start], X: [start, die, moved] });
    expect(findings).toMatchObject([{ class: 'differs', verdict: 'unresolved', majority: [], dissent: [] }]);
    expect(findings[0]?.variants).toHaveLength(2);
  });

  it('is no matter where a majority denies that there was anything: two that invent do not make a variant', () => {
    const full = [start];
    const { findings } = judged({ A: [start, moved], B: [start, die], C: full, D: full, X: full });
    expect(findings.map(({ class: name, dissent, majority }) => [name, dissent, majority])).toEqual([
      ['uncorroborated', ['B'], ['A', 'C', 'D', 'X']],
      ['uncorroborated', ['A'], ['B', 'C', 'D', 'X']],
    ]);
  });
});
