import { test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { dayEnd, dayOf } from '#chaincode';
import { judgementOf } from '../../../reconciler/day-judgement.js';
import type { DayJudgement, Finding } from '../../../reconciler/judgement.js';
import { sealedDays } from '../../../reconciler/seal.js';
import { DAY, projectionOf } from '../support/history.js';
import { type Built, built, history } from './histories.js';
import { Oracle, type OracleEvent } from './judging-oracle.js';

const RUNS = 250;
const DAYS = [DAY, dayOf(dayEnd(DAY)), dayOf(dayEnd(dayOf(dayEnd(DAY))))];

interface Said {
  readonly coverage: DayJudgement['coverage'];
  readonly findings: readonly string[];
}

/** What the oracle says of a day, in the form of `said`. */
function expected(oracle: Oracle, day: string): Said {
  const { events, invented, waiting } = oracle.day(day);
  const count = (...verdicts: OracleEvent['verdict'][]) =>
    events.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const folded = [...invented.values()].reduce((sum, one) => sum + one, 0);
  const coverage = {
    events: events.length + folded + waiting,
    agreed: count('agreed'),
    disputed: count('missing', 'uncorroborated', 'unresolved') + folded,
    pending: count('pending') + waiting,
    unobservable: count('unobservable'),
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
  findings.push(...oracle.gaps(day).map(({ source, actor, from, to }) => ['gap', source, actor, `${from}`, `${to}`]));
  return { coverage, findings: findings.map((one) => JSON.stringify(one)).sort() };
}

function said({ coverage, findings }: DayJudgement): Said {
  const shown = (finding: Finding): unknown => {
    const { variants, dissent, absence } = finding;
    const hash = variants[0]?.eventHash;
    if (finding.class === 'gap') return ['gap', finding.source, dissent[0], finding.time, finding.gap?.to];
    if (finding.folded !== undefined) return ['invented', finding.source, finding.folded];
    if (finding.class === 'late') return ['late', hash, dissent];
    const why = absence.map(({ actor, by, tx }) => `${actor} ${by} ${tx}`);
    return [finding.class, hash, finding.verdict, finding.majority, dissent, why];
  };
  return { coverage, findings: findings.map((finding) => JSON.stringify(shown(finding))).sort() };
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

describe('the judge and a naive reading of the design', () => {
  test.prop([history], { numRuns: RUNS })('say the same of every day and seal it at the same transaction', (drawn) => {
    const ledger = built(drawn, false);
    const projection = projectionOf(ledger.transactions, drawn.blockSize);
    const seals = sealing(ledger);
    expect(sealedDays(projection)).toEqual([...seals.keys()]);
    for (const day of DAYS.filter((one) => BigInt(dayEnd(one)) > BigInt(ledger.policy.from))) {
      const seal = seals.get(day);
      const judgement = judgementOf(projection, day);
      expect(judgement.sealed).toBe(seal !== undefined);
      if (seal !== undefined) expect(judgement.sealedAt?.tx).toBe(ledger.transactions[seal]?.txId);
      expect({ day, ...said(judgement) }).toEqual({
        day,
        ...expected(new Oracle(ledger.transactions, ledger.policy, seal), day),
      });
    }
    projection.close();
  });
});
