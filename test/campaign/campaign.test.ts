import { expect, it } from 'vitest';
import { campaign } from './campaign.js';
import { planOf } from './plan.js';
import { Seeded } from './random.js';
import { summaryOf } from './summary.js';

const MINUTE = 60_000;
/** A share that fits into every run of the tests; `npm run campaign -- --kills 500 --seed S` for more. */
const KILLS = Number(process.env.E2L_CAMPAIGN_KILLS ?? 25);
const SEED = Number(process.env.E2L_CAMPAIGN_SEED ?? Date.now() % 1_000_000);

it(`loses nothing but what it declares, and repeats nothing, over ${KILLS} SIGKILLs under load and faults`, {
  timeout: MINUTE * (5 + KILLS / 10),
}, async () => {
  console.log(`seed ${SEED}; again: npm run campaign -- --kills ${KILLS} --seed ${SEED}`);
  const result = await campaign(KILLS, SEED, (text) => console.log(text));
  console.log(summaryOf(result));
  const { victim, references, expected, unreadable, surelyLost, mayBeLost } = result;
  expect(expected.length).toBeGreaterThan(KILLS);
  expect(result.skipped).toBe(0);
  for (const witness of [victim, ...references]) {
    expect(witness).toMatchObject({
      lost: [],
      inSeveral: [],
      falselyWatched: [],
      duplicates: [],
      invented: [],
      twoContents: [],
      broken: [],
    });
    expect(witness.runs).toHaveLength(1);
  }
  const lines = unreadable.map(({ hash }) => hash);
  for (const reference of references) {
    expect(reference.inGaps.map(({ hash }) => hash)).toEqual(lines);
    expect(reference.attested.size).toBe(expected.length);
  }
  // Lost is what the engine had forgotten before it could be read, and nothing else.
  const lost = new Set(victim.inGaps.map(({ hash }) => hash).filter((hash) => !lines.includes(hash)));
  expect([...surelyLost].filter((hash) => !lost.has(hash))).toEqual([]);
  expect([...lost].filter((hash) => !mayBeLost.has(hash))).toEqual([]);
  if (KILLS >= 25) expect(surelyLost.size).toBeGreaterThan(0);
  expect(victim.attested.size).toBe(expected.length - lost.size);
  // Blind is no dissent: of the victim's word nothing is missing, and all that was published is agreed.
  // A container that was paused before the engine's clock was set back, and unpaused after, has no legal life.
  expect(result.findings.filter((finding) => finding.class !== 'gap' && finding.class !== 'lifecycle')).toEqual([]);
  expect(result.findings.filter((finding) => finding.class === 'lifecycle').flatMap(({ dissent }) => dissent)).toEqual(
    [],
  );
  expect(result.coverage).toMatchObject({ events: expected.length, agreed: expected.length, disputed: 0 });
});

it('does the same for the same seed, and every fault within 25 kills', () => {
  const plan = planOf(25, new Seeded(SEED).stream('plan'));
  expect(plan).toEqual(planOf(25, new Seeded(SEED).stream('plan')));
  expect(plan).not.toEqual(planOf(25, new Seeded(SEED + 1).stream('plan')));
  expect(new Set(plan.map(({ fault }) => fault)).size).toBe(6);
  const [once, again] = [new Seeded(SEED), new Seeded(SEED)];
  const first = once.stream('p1');
  // What another one draws in between changes nothing.
  again.next();
  again.stream('p2').next();
  const second = again.stream('p1');
  expect(Array.from({ length: 50 }, () => first.next())).toEqual(Array.from({ length: 50 }, () => second.next()));
});
