import type { CampaignResult } from './campaign.js';

/** What a campaign has shown, for people. */
export function summaryOf(result: CampaignResult): string {
  const { seed, kills, earlyKills, seconds, published, expected, victim, reference, skipped, coverage } = result;
  return [
    `Seed ${seed}: ${kills} SIGKILLs in ${seconds} s, ${earlyKills} of them before the collector listened.`,
    `Published: ${published} events, ${expected} of them recorded by the policy; the engine skipped ${skipped}.`,
    ...[victim, reference].map(
      (witness, index) =>
        `${index === 0 ? 'Killed collector' : 'Reference'}: ${witness.attested.size} attested in ${witness.batches} batches ` +
        `(${witness.transactions - witness.batches} sent again) of ${witness.runs.length} run(s); ` +
        `lost ${witness.lost.length}, in gaps ${witness.inGaps.length}, gaps ${witness.gaps.length}, ` +
        `duplicates ${witness.duplicates.length}, numbers with two contents ${witness.twoContents.length}, ` +
        `watched falsely ${witness.falselyWatched.length}, invented ${witness.invented.length}, ` +
        `broken chains ${witness.broken.length}.`,
    ),
    `Judged: ${coverage.agreed} of ${coverage.events} events agreed, ${coverage.disputed} disputed, ` +
      `${coverage.pending} pending; ${result.findings.length} findings${classesOf(result.findings)}.`,
  ].join('\n');
}

function classesOf(findings: CampaignResult['findings']): string {
  const classes = new Map<string, number>();
  for (const { class: name, dissent } of findings) {
    const what = `${name} (${dissent.join()})`;
    classes.set(what, (classes.get(what) ?? 0) + 1);
  }
  return classes.size === 0 ? '' : `: ${[...classes].map(([what, count]) => `${count} ${what}`).join(', ')}`;
}
