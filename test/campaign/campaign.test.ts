import { expect, it } from 'vitest';
import { campaign } from './campaign.js';
import { summaryOf } from './summary.js';

const MINUTE = 60_000;
/** A share that fits into every run of the tests; `npm run campaign -- --kills 500 --seed S` for more. */
const KILLS = Number(process.env.E2L_CAMPAIGN_KILLS ?? 25);
const SEED = Number(process.env.E2L_CAMPAIGN_SEED ?? Date.now() % 1_000_000);

it(`loses nothing and repeats nothing over ${KILLS} SIGKILLs under load`, {
  timeout: MINUTE * (5 + KILLS / 10),
}, async () => {
  console.log(`seed ${SEED}`);
  const result = await campaign(KILLS, SEED, (text) => console.log(text));
  console.log(summaryOf(result));
  for (const witness of [result.victim, result.reference]) {
    expect(witness).toMatchObject({
      lost: [],
      inGaps: [],
      falselyWatched: [],
      duplicates: [],
      invented: [],
      gaps: [],
      twoContents: [],
      broken: [],
    });
    expect(witness.attested.size).toBe(result.expected);
  }
  expect(result.expected).toBeGreaterThan(KILLS);
  expect(result.skipped).toBe(0);
  expect(result.findings).toEqual([]);
  expect(result.coverage).toMatchObject({ events: result.expected, agreed: result.expected, disputed: 0 });
});
