import { test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { judgementOf } from '../../../reconciler/day-judgement.js';
import { LiveJudge } from '../../../reconciler/follow/live-judge.js';
import { openDays } from '../../../reconciler/follow/open-days.js';
import type { Finding } from '../../../reconciler/judgement.js';
import { Projection } from '../../../reconciler/projection/projection.js';
import { Sealer } from '../../../reconciler/seal.js';
import { sealedDays } from '../../../reconciler/seal-store.js';
import { built, type History, history } from '../oracle/histories.js';
import { blocksOf, IDENTITY } from '../support/history.js';

const RUNS = Number(process.env.E2L_TEST_RUNS ?? 150);

/** What stands in the table of an open day, in the order of its report. */
function rows({ db }: Projection, day: string): Finding[] {
  const texts = db.prepare('SELECT finding FROM open_findings WHERE day = ?').pluck().all(day) as string[];
  return texts.map((text) => JSON.parse(text) as Finding);
}

function byId(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Judges block by block, anew from time to time as after a restart, and holds each step against the judgement in full. */
function holdsAgainstFull(drawn: History, lives: boolean): void {
  const { transactions } = built(drawn, lives);
  const projection = new Projection(':memory:');
  const sealer = new Sealer(projection);
  let live = new LiveJudge(projection);
  for (const [index, block] of blocksOf(transactions, drawn.blockSize).entries()) {
    if (index % 7 === 6) live = new LiveJudge(projection);
    projection.db.transaction(() => {
      projection.apply(block, IDENTITY, () => sealer.afterBatch());
      projection.flush();
      live.update(true);
    })();
    if (projection.policies.inForce.length === 0) continue;
    for (const { day } of openDays(projection, sealedDays(projection).at(-1) ?? '')) {
      expect(byId(rows(projection, day))).toEqual(byId(judgementOf(projection, day).findings));
    }
  }
  projection.close();
}

describe('judging block by block', () => {
  test.prop([history], { numRuns: RUNS })('finds what judging the day in full finds', (drawn) => {
    holdsAgainstFull(drawn, false);
  });

  test.prop([history], { numRuns: RUNS })('finds the same of the lives of containers', (drawn) => {
    holdsAgainstFull(drawn, true);
  });
});
