import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type common, common as protos } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type LedgerConnection } from '../../network/connection.js';
import { type EmbeddedLedger, serveLedger } from '../../network/embedded/ledger.js';
import { loadProfile } from '../../network/profile.js';
import { dayJudgement } from '../../reconciler/day-judgement.js';
import { ChainCheck } from '../../reconciler/ledger/chain-check.js';
import { reconcile } from '../../reconciler/reconcile.js';
import { dailyReport, reportText } from '../../reports/model.js';
import { ACTORS, containerEvent, DAY, hashed, Run, WHOLE_DAY } from './support/history.js';

const SECOND = 1_000_000_000n;
const life = ['create', 'start', 'die', 'destroy'].map((action, step) =>
  hashed(containerEvent('c1', action, BigInt(step) * 60n * SECOND)),
);

describe('the reconciler on a served ledger', () => {
  const directory = mkdtempSync(join(tmpdir(), 'event2ledger-'));
  let ledger: EmbeddedLedger;
  let reader: LedgerConnection;

  beforeAll(async () => {
    ledger = await serveLedger({ dataDir: join(directory, 'ledger') });
    for (const [index, actor] of ACTORS.entries()) {
      const connection = connect(loadProfile(ledger.profilePath(actor, 'collector-1')));
      const run = new Run(actor);
      // The first actor leaves the die out. One transaction each, so that there are many blocks to stop at.
      for (const event of life.filter((_, step) => index !== 0 || step !== 2)) {
        await connection.submit('Attest', run.batch({ events: [event] }).args[0] ?? '');
      }
      await connection.submit('Attest', run.batch({ watches: [WHOLE_DAY] }).args[0] ?? '');
      connection.close();
    }
    reader = connect(loadProfile(ledger.profilePath('UserMSP', 'reconciler')));
  });

  afterAll(async () => {
    reader?.close();
    await ledger?.close();
    rmSync(directory, { recursive: true });
  });

  const reportOf = (dbFile: string) => reportText(dailyReport(dayJudgement(dbFile, DAY)));

  it('names the actor that left an event out, with the transactions as evidence', async () => {
    const dbFile = join(directory, 'straight.db');
    await reconcile({ connection: reader, dbFile });
    const { findings, sealed, sealedAt } = dayJudgement(dbFile, DAY);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      class: 'missing',
      action: 'die',
      dissent: [ACTORS[0]],
      majority: ACTORS.slice(1),
    });
    expect(findings[0]?.absence[0]?.tx).toMatch(/^[0-9a-f]{64}$/);
    expect(sealed).toBe(true);
    expect(BigInt(sealedAt?.block ?? 0)).toBe((await reader.height()) - 1n);
  });

  it('writes the same bytes again, from another identity, and when it is stopped after every block', async () => {
    const straight = join(directory, 'first.db');
    await reconcile({ connection: reader, dbFile: straight });
    const other = connect(loadProfile(ledger.profilePath('ProviderMSP', 'reconciler')));
    const halting = join(directory, 'halting.db');
    const height = Number(await other.height());
    let commits = 0;
    for (let round = 0; round < height; round++) {
      const connection = {
        ...other,
        profile: other.profile,
        height: async () => BigInt(round + 1),
        blocks: other.blocks.bind(other),
      };
      await reconcile({ connection, dbFile: halting, onProgress: () => commits++ });
    }
    other.close();
    expect(commits).toBe(height);
    expect(reportOf(halting)).toBe(reportOf(straight));
  });

  it('writes the same bytes after SIGKILL at any block, before its commit or after it', async () => {
    const straight = join(directory, 'unharmed.db');
    await reconcile({ connection: reader, dbFile: straight });
    const dbFile = join(directory, 'killed.db');
    const script = fileURLToPath(new URL('reconcile-and-die.mjs', import.meta.url));
    const profile = ledger.profilePath('UserMSP', 'reconciler');
    const height = Number(await reader.height());
    for (const [block, moment] of [
      [2, 'arrives'],
      [5, 'committed'],
      [height - 2, 'arrives'],
      [height - 1, 'committed'],
    ] as const) {
      const [, signal] = await once(
        spawn(process.execPath, [script, profile, dbFile, `${block}`, moment], { stdio: 'ignore' }),
        'exit',
      );
      expect(signal).toBe('SIGKILL');
    }
    await reconcile({ connection: reader, dbFile });
    expect(reportOf(dbFile)).toBe(reportOf(straight));
  });

  it('refuses a block whose data were altered, and one that continues another chain', async () => {
    const blocks: common.Block[] = [];
    const stop = new AbortController();
    for await (const block of reader.blocks(0n, stop.signal)) {
      blocks.push(block);
      if (blocks.length === 3) break;
    }
    stop.abort();
    const [genesis, first, second] = blocks as [common.Block, common.Block, common.Block];
    const check = new ChainCheck();
    for (const block of [genesis, first]) check.accept(block);
    const altered = protos.Block.deserializeBinary(second.serializeBinary());
    const data = altered.getData()?.getDataList_asU8() ?? [];
    const envelope = Uint8Array.from(data[0] ?? []);
    envelope[envelope.length >> 1] = (envelope[envelope.length >> 1] ?? 0) ^ 1;
    altered.getData()?.setDataList([envelope]);
    expect(() => check.accept(altered)).toThrow(expect.objectContaining({ code: 'CHAIN' }));

    const forked = (start: bigint, signal?: AbortSignal) => replaced(reader.blocks(start, signal), 2, first);
    const connection = { ...reader, profile: reader.profile, height: () => reader.height(), blocks: forked };
    const dbFile = join(directory, 'forked.db');
    await expect(reconcile({ connection, dbFile })).rejects.toMatchObject({ code: 'CHAIN' });
    // Nothing of it was kept: reading the true chain goes on.
    await reconcile({ connection: reader, dbFile });
    expect(dayJudgement(dbFile, DAY).findings).toHaveLength(1);
  });

  it('refuses to mix two ledgers in one projection', async () => {
    const dbFile = join(directory, 'mixed.db');
    await reconcile({ connection: reader, dbFile });
    const profile = { ...reader.profile, channel: 'other' };
    const connection = { ...reader, profile, height: () => reader.height(), blocks: reader.blocks.bind(reader) };
    await expect(reconcile({ connection, dbFile })).rejects.toMatchObject({ code: 'LEDGER_CHANGED' });

    const fresh = await serveLedger({ dataDir: join(directory, 'fresh') });
    const stranger = connect(loadProfile(fresh.profilePath('UserMSP', 'reconciler')));
    try {
      await expect(reconcile({ connection: stranger, dbFile })).rejects.toMatchObject({ code: 'LEDGER_CHANGED' });
    } finally {
      stranger.close();
      await fresh.close();
    }
  });
});

/** The same blocks, with the one of that number replaced. */
async function* replaced(blocks: AsyncIterable<common.Block>, number: number, by: common.Block) {
  for await (const block of blocks) yield block.getHeader()?.getNumber() === number ? by : block;
}
