import type { CampaignResult, Verdict } from './campaign.js';

/** What a campaign has shown, for people. */
export function summaryOf(result: CampaignResult): string {
  const { seed, kills, earlyKills, seconds, published, expected, unreadable, victim, skipped, coverage } = result;
  const faults = Object.entries(result.faults).map(([fault, count]) => `${count} ${fault}`);
  return [
    `Seed ${seed}: ${kills} SIGKILLs in ${seconds} s, ${earlyKills} of them before the collector listened, and ${result.midwayKills} more after an overrun; ${faults.join(', ')}.`,
    `Published: ${published} events, ${expected.length} of them recorded by the policy, and ${unreadable.length} unreadable ` +
      `lines; the engine skipped ${skipped}. Out of its memory while the collector was dead: ${result.surelyLost.size} at the ` +
      `least, ${result.mayBeLost.size} at the most.`,
    ...[victim, ...result.references].flatMap((witness, index) => [
      `${index === 0 ? 'Killed collector' : 'Reference'}: ${accountOf(witness)}`,
      ...witness.needless.map(({ reason, from, to }) => `  needless: ${reason} (${from} to ${to})`),
    ]),
    `Judged: ${coverage.agreed} of ${coverage.events} events agreed, ${coverage.disputed} disputed, ` +
      `${coverage.pending} pending; ${result.findings.length} findings${classesOf(result.findings)}.`,
    `Again: npm run campaign -- --kills ${kills} --seed ${seed}`,
  ].join('\n');
}

function accountOf(witness: Verdict): string {
  return (
    `${witness.attested.size} attested in ${witness.batches} batches ` +
    `(${witness.transactions - witness.batches} sent again) of ${witness.runs.length} run(s); ` +
    `lost ${witness.lost.length}, in gaps ${witness.inGaps.length} (in several ${witness.inSeveral.length}), ` +
    `gaps ${witness.gaps.length} (needless ${witness.needless.length}), ` +
    `duplicates ${witness.duplicates.length}, numbers with two contents ${witness.twoContents.length}, ` +
    `watched falsely ${witness.falselyWatched.length}, invented ${witness.invented.length}, ` +
    `broken chains ${witness.broken.length}.`
  );
}

function classesOf(findings: CampaignResult['findings']): string {
  const classes = new Map<string, number>();
  for (const { class: name, dissent } of findings) {
    const what = `${name} (${dissent.join()})`;
    classes.set(what, (classes.get(what) ?? 0) + 1);
  }
  return classes.size === 0 ? '' : `: ${[...classes].map(([what, count]) => `${count} ${what}`).join(', ')}`;
}
