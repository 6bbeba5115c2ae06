import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startConsortium } from '../support/consortium.js';
import { describeWithFabric } from '../support/fabric.js';
import type { LedgerKind } from '../support/ledger-kinds.js';
import { collectLyingTraces, DAY } from '../support/lying-traces.js';

/** What names the ledger itself, and a collector's run, whose name is random. */
const MASKED = new Set(['ledger', 'channel', 'block', 'tx', 'blocks', 'sealedAt', 'hash', 'run']);

/** The bytes of a report with nothing but what its ledger is called taken out. */
function masked(text: string): string {
  return JSON.stringify(
    JSON.parse(text, (name, value: unknown) => (MASKED.has(name) ? null : value)),
    undefined,
    1,
  );
}

async function reportOn(kind: LedgerKind): Promise<string> {
  const consortium = await startConsortium({}, kind);
  try {
    const collected = await collectLyingTraces(consortium);
    for (const { code, stderr } of Object.values(collected)) expect(code, stderr).toBe(0);
    await consortium.reconcile();
    const { report, dir } = await consortium.report(DAY);
    expect(report.sealed).toBe(true);
    expect(report.findings).toHaveLength(5);
    return readFileSync(join(dir, `${DAY}.json`), 'utf8');
  } finally {
    await consortium.close();
  }
}

describeWithFabric('the report of the same traces', () => {
  it('has the same bytes on raft, on BFT and on the embedded ledger', { timeout: 180_000 }, async () => {
    const embedded = await reportOn('embedded');
    const raft = await reportOn('raft');
    const bft = await reportOn('bft');
    expect(masked(raft)).toBe(masked(embedded));
    expect(masked(bft)).toBe(masked(embedded));
    // What is masked is what differs.
    expect(new Set([embedded, raft, bft]).size).toBe(3);
  });
});
