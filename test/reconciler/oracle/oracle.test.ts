import { test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { dayEnd, dayOf } from '#chaincode';
import { judgementOf } from '../../../reconciler/day-judgement.js';
import { findingId } from '../../../reconciler/judge/findings.js';
import type { Finding, SaidDay } from '../../../reconciler/judgement.js';
import { lastSaid, sealedDays } from '../../../reconciler/kept-days.js';
import { DAY, projectionOf } from '../support/history.js';
import type { OracleEvent } from './event-oracle.js';
import { type Built, built, type History, history } from './histories.js';
import { Oracle, type OracleRange } from './judging-oracle.js';

const RUNS = 250;
const DAYS = [DAY, dayOf(dayEnd(DAY)), dayOf(dayEnd(dayOf(dayEnd(DAY))))];

interface Said {
  readonly coverage: SaidDay['coverage'];
  readonly findings: readonly string[];
  readonly stalled: readonly string[] | undefined;
}

/**
 * What the oracle says of a day, in the form of `said`.
 * @param range the transactions on whose conduct the day's report tells
 */
function expected(oracle: Oracle, day: string, range: OracleRange | undefined): Said {
  const { events, invented, floods, waiting, unobservable } = oracle.day(day);
  const count = (...verdicts: OracleEvent['verdict'][]) =>
    events.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const folded = [...invented.values(), ...[...floods.values()].flat()].reduce((sum, one) => sum + one, 0);
  const coverage = {
    events: events.length + folded + waiting + unobservable,
    agreed: count('agreed'),
    disputed: count('missing', 'uncorroborated', 'unresolved') + folded,
    pending: count('pending') + waiting,
    unobservable: count('unobservable') + unobservable,
  };
  const findings = events.flatMap((event) => {
    const { hash, verdict, attesters, late } = event;
    const absence = event.lacking.map(({ actor, by, tx }) => `${actor} ${by} ${oracle.transactions[tx]?.txId}`);
    const found: unknown[] = [];
    if (verdict === 'missing') {
      found.push(['missing', hash, 'stands', attesters, event.lacking.map(({ actor }) => actor), absence]);
    }
    if (verdict === 'uncorroborated') {
      const deniers = event.lacking.filter(({ by }) => by === 'watch').map(({ actor }) => actor);
      found.push(['uncorroborated', hash, 'uncorroborated', deniers, attesters, absence]);
    }
    if (verdict === 'unresolved') found.push(['uncorroborated', hash, 'unresolved', [], [], absence]);
    if ((verdict === 'missing' || verdict === 'agreed') && late.length > 0) found.push(['late', hash, late]);
    return found;
  });
  findings.push(...[...invented].map(([source, events]) => ['invented', source, events]));
  for (const [actor, [denied, open]] of floods) {
    if (denied > 0) findings.push(['flood', [actor], denied]);
    if (open > 0) findings.push(['flood', [], open]);
  }
  findings.push(...oracle.gaps(day).map(({ source, actor, from, to }) => ['gap', source, actor, `${from}`, `${to}`]));
  findings.push(...oracle.disorders(day).map(([actor, ...hashes]) => ['order', actor, hashes]));
  findings.push(...oracle.lives(day).map((hash) => ['lifecycle', hash, []]));
  if (range !== undefined) {
    findings.push(...oracle.equivocations(range).map((name) => ['equivocation', ...name]));
    findings.push(...oracle.sequences(range).map((name) => ['sequence', ...name]));
    findings.push(...oracle.silences(range).map((name) => ['silent', ...name]));
  }
  return { coverage, findings: findings.map((one) => JSON.stringify(one)).sort(), stalled: oracle.stalled() };
}

function said({ stalled, ...judgement }: SaidDay): Said {
  return { ...shownOf(judgement), stalled };
}

function shownOf({ coverage, findings }: Pick<SaidDay, 'coverage' | 'findings'>): Omit<Said, 'stalled'> {
  return { coverage, findings: Array.from(findings, (finding) => JSON.stringify(shown(finding))).sort() };
}

function shown(finding: Finding): unknown {
  const { class: name, source, variants, dissent, absence, batches } = finding;
  const hash = variants[0]?.eventHash;
  const [actor] = dissent;
  const { collector, run, n } = batches?.[0] ?? {};
  if (name === 'gap') return ['gap', source, actor, finding.time, finding.gap?.to];
  if (name === 'silent') return ['silent', source, actor, finding.time];
  if (name === 'equivocation') return ['equivocation', actor, collector, run, n];
  if (name === 'sequence') return ['sequence', actor, collector, run, finding.numbers?.from, finding.numbers?.to];
  if (name === 'order') return ['order', actor, variants.map(({ eventHash }) => eventHash)];
  if (name === 'lifecycle') return ['lifecycle', hash, dissent];
  // A flood is named after its actor and day, an invented source after its first event.
  if (finding.folded !== undefined && floodIds(finding).includes(finding.id)) return ['flood', dissent, finding.folded];
  if (finding.folded !== undefined) return ['invented', source, finding.folded];
  if (name === 'late') return ['late', hash, dissent];
  const why = absence.map(({ actor: who, by, tx }) => `${who} ${by} ${tx}`);
  return [name, hash, finding.verdict, finding.majority, dissent, why];
}

function floodIds({ variants, time }: Finding): string[] {
  const flood = `flood/${variants[0]?.actors[0]}/${dayOf(time)}`;
  return [findingId('', flood), findingId('', flood, 'unresolved')];
}

/** Goes through the transactions and seals day after day; gives for each the index of the sealing one. */
function sealing({ policy, transactions }: Built): Map<string, number> {
  const sealed = new Map<string, number>();
  for (const index of transactions.keys()) {
    const oracle = new Oracle(transactions, policy, index);
    for (let day = oracle.nextDay([...sealed.keys()].at(-1)); day !== undefined && oracle.maySeal(day); ) {
      sealed.set(day, index);
      day = oracle.nextDay(day);
    }
  }
  return sealed;
}

/** The transactions on whose conduct a day's report tells: from seal to seal; the first open day has those since. */
function conductOf(day: string, seals: ReadonlyMap<string, number>, oracle: Oracle): OracleRange | undefined {
  const days = [...seals.keys()];
  const before = days[(seals.has(day) ? days.indexOf(day) : days.length) - 1];
  const after = before === undefined ? -1 : (seals.get(before) as number);
  if (seals.has(day)) return { after, upTo: oracle.last };
  return oracle.openDay(days.at(-1)) === day ? { after, upTo: oracle.last } : undefined;
}

function judgesAlike(drawn: History, lives: boolean): void {
  const ledger = built(drawn, lives);
  const projection = projectionOf(ledger.transactions, drawn.blockSize);
  const seals = sealing(ledger);
  expect(sealedDays(projection)).toEqual([...seals.keys()]);
  for (const day of DAYS.filter((one) => BigInt(dayEnd(one)) > BigInt(ledger.policy.from))) {
    const seal = seals.get(day);
    const judgement = judgementOf(projection, day);
    expect(judgement.sealed).toBe(seal !== undefined);
    if (seal !== undefined) expect(judgement.sealedAt?.tx).toBe(ledger.transactions[seal]?.txId);
    const oracle = new Oracle(ledger.transactions, ledger.policy, seal);
    expect({ day, ...said(judgement) }).toEqual({ day, ...expected(oracle, day, conductOf(day, seals, oracle)) });
    const ids = judgement.findings.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  }
  projection.close();
}

/** What is said of the sealed days at the last seal, amendments taken in, is what they look like from there. */
function amendsAlike(drawn: History): void {
  const ledger = built(drawn, false);
  const { transactions, policy } = ledger;
  const projection = projectionOf(transactions, drawn.blockSize);
  const seals = sealing(ledger);
  const last = [...seals.values()].at(-1);
  for (const [day, seal] of seals) {
    const [then, now] = [new Oracle(transactions, policy, seal), new Oracle(transactions, policy, last)];
    // That a source has come to exist says nothing new of a day by itself.
    if (then.sources().length !== now.sources().length) continue;
    const said = lastSaid(projection, day).judgement;
    const { after } = conductOf(day, seals, then) as OracleRange;
    const { stalled: _, ...rest } = expected(now, day, { after, upTo: seal });
    expect({ day, ...shownOf(said) }).toEqual({ day, ...rest });
  }
  projection.close();
}

describe('the judge and a naive reading of the design', () => {
  test.prop([history], { numRuns: RUNS })('say the same of every day and seal it at the same transaction', (drawn) =>
    judgesAlike(drawn, false),
  );

  test.prop([history], { numRuns: RUNS })('say the same of containers whose events share lives', (drawn) =>
    judgesAlike(drawn, true),
  );

  test.prop([history], { numRuns: RUNS })('say the same of sealed days when more has come', amendsAlike);
});
