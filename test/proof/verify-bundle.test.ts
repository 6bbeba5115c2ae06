import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { common, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleContent, framesOf } from '../../proof/bundle-file.js';
import { verifyBundle } from '../../proof/verify-bundle.js';
import { framed } from '../../reconciler/archive.js';
import { trustedGenesis } from '../../reconciler/trusted-genesis.js';
import { writeBundle } from '../../reports/bundle.js';
import { dailyReport, reportText } from '../../reports/model.js';
import { event2ledger } from '../support/command.js';
import { contentOf, SmallLedger } from './support/small-ledger.js';

const ACTORS = ['DeveloperMSP', 'ProviderMSP', 'UserMSP'];

describe('a bundle of a ledger of three actors', () => {
  let small: SmallLedger;
  let file: string;
  let content: Buffer;

  beforeAll(async () => {
    small = await SmallLedger.start(ACTORS, 3);
    await small.reconcile('UserMSP');
    file = join(small.folder, 'day.bundle');
    await writeBundle(file, reportText(small.report), small.blocks);
    content = await small.content();
  });
  afterAll(() => small?.close());

  const refusal = (bytes: Uint8Array) =>
    verifyBundle(contentOf(bytes)).then(
      () => 'verified',
      (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
    );

  /** The content with one of its blocks changed: 0 is block 0. */
  async function changed(number: number, change: (block: common.Block) => void): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const frame of framesOf(contentOf(content)())) parts.push(frame);
    const block = common.Block.deserializeBinary(parts[number + 1] ?? new Uint8Array());
    change(block);
    parts[number + 1] = Buffer.from(block.serializeBinary());
    return Buffer.concat(parts.map((part) => framed(part)));
  }

  function setMetadata(block: common.Block, index: number, bytes: Uint8Array): void {
    const entries = block.getMetadata()?.getMetadataList_asU8() ?? [];
    entries[index] = bytes;
    block.getMetadata()?.setMetadataList(entries);
  }

  it('verifies, and tells what it checked', async () => {
    const verified = await verifyBundle(await bundleContent(file), {
      trusted: trustedGenesis(join(small.ledger.dataDir, 'genesis.block')),
    });
    const blocks = Number(small.report.blocks.to) + 1;
    expect(verified).toMatchObject({
      isTrusted: true,
      genesis: small.report.ledger,
      blocks,
      configurations: 1,
      blockSignatures: (blocks - 1) * 3,
      ordererType: 'embedded',
      transactions: { invalid: 0, others: 0, outsideValidity: 0, unfollowed: 0 },
    });
    expect(verified.transactions.valid).toBeGreaterThanOrEqual(ACTORS.length * 3);
    expect(verified.transactions.endorsements).toBe(verified.transactions.valid * 3);
    expect(verified.report.findings).toMatchObject([{ class: 'missing', dissent: ['DeveloperMSP'] }]);
  });

  it('is refused where the report says something else, whatever its hash', async () => {
    const report = dailyReport({
      ...small.report,
      findings: [],
      actors: small.report.actors.map((actor) => ({ ...actor, missing: 0 })),
    });
    const rest = content.subarray(4 + content.readUInt32BE());
    expect(await refusal(Buffer.concat([framed(Buffer.from(reportText(report))), rest]))).toMatch(
      /^JUDGEMENT: Judged anew/,
    );
  });

  it('is refused where a valid transaction is said not to be, or has no code, or a code too many', async () => {
    const last = Number(small.report.blocks.to);
    const { INVALID_OTHER_REASON, MVCC_READ_CONFLICT, NOT_VALIDATED } = peer.TxValidationCode;
    for (const codes of [[INVALID_OTHER_REASON], [MVCC_READ_CONFLICT], [NOT_VALIDATED], [], [0, 0]]) {
      const bytes = await changed(last, (block) =>
        setMetadata(block, common.BlockMetadataIndex.TRANSACTIONS_FILTER, Uint8Array.from(codes)),
      );
      expect(await refusal(bytes)).toMatch(/^VALIDITY: /);
    }
  });

  it('is refused where signatures are left out, doubled or of another block', async () => {
    const at = common.BlockMetadataIndex.SIGNATURES;
    const change = async (edit: (list: common.MetadataSignature[]) => common.MetadataSignature[]) =>
      refusal(
        await changed(2, (block) => {
          const metadata = common.Metadata.deserializeBinary(
            block.getMetadata()?.getMetadataList_asU8()[at] ?? new Uint8Array(),
          );
          metadata.setSignaturesList(edit(metadata.getSignaturesList()));
          setMetadata(block, at, metadata.serializeBinary());
        }),
      );
    expect(await change((list) => list)).toBe('verified');
    expect(await change((list) => list.slice(0, 1))).toMatch(/^SIGNATURES: Block 2 .*is signed by DeveloperMSP/);
    expect(await change(() => [])).toMatch(/^SIGNATURES: .*signed by nobody/);
    expect(await change((list) => [...list, ...list.slice(0, 1)])).toMatch(/^SIGNATURES: .*more than/);
    const other = await changed(3, () => {});
    expect(other.equals(content)).toBe(true);
  });

  it('is refused under another trusted block 0, and where a block is left out', async () => {
    await expect(verifyBundle(contentOf(content), { trusted: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'GENESIS',
    });
    const parts: Buffer[] = [];
    for await (const frame of framesOf(contentOf(content)())) parts.push(frame);
    const without = (index: number) => Buffer.concat(parts.filter((_, at) => at !== index).map((part) => framed(part)));
    expect(await refusal(without(3))).toMatch(/^CHAIN: /);
    expect(await refusal(without(parts.length - 1))).toMatch(/^CHAIN: The report is of block/);
    expect(await refusal(content.subarray(0, -1))).toMatch(/^FORMAT: /);
  });

  it('verifies with the command where there is no network, and the reconciler’s database is gone', async () => {
    const away = join(small.folder, 'away');
    cpSync(file, join(away, 'day.bundle'));
    const trust = ['--trust', join(small.ledger.dataDir, 'genesis.block')];
    const binary = join(import.meta.dirname, '../../dist/event2ledger.js');
    const args = [binary, 'verify', join(away, 'day.bundle'), ...trust];
    const output = canUnshare()
      ? execFileSync('unshare', ['-n', process.execPath, ...args], { encoding: 'utf8', cwd: away })
      : execFileSync(process.execPath, args, { encoding: 'utf8', cwd: away });
    expect(output).toContain('verified, sealed');
    expect(output).toContain('Block 0 is the one you trust');
    expect(output).toMatch(/missing container create c0: DeveloperMSP/);
  });

  it('exits with 1 for what it refuses and 2 for what it cannot read', async () => {
    const altered = readFileSync(file);
    altered[200] = (altered[200] ?? 0) ^ 1;
    const bad = join(small.folder, 'altered.bundle');
    writeFileSync(bad, altered);
    expect(await event2ledger(['verify', bad])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Refused (FORMAT)'),
    });
    expect(await event2ledger(['verify', join(small.folder, 'none')])).toMatchObject({ code: 2 });
    const report = join(small.folder, 'day.json');
    writeFileSync(report, reportText(small.report));
    expect(await event2ledger(['verify', report])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('consistent with itself'),
    });
  });

  it('is written by the command, from a peer where the archive of blocks is gone', async () => {
    const out = join(small.folder, 'out');
    const args = ['report', '--db', small.dbFile, '--day', small.report.day, '--out', out, '--bundle'];
    expect(await event2ledger(args)).toMatchObject({ code: 1, stdout: expect.stringContaining('.bundle') });
    const bundle = join(out, `${small.report.day}.bundle`);
    expect(readFileSync(bundle).equals(readFileSync(file))).toBe(true);

    const archive = `${small.dbFile}.blocks`;
    cpSync(archive, `${archive}.kept`);
    rmSync(archive);
    expect(await event2ledger(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('--profile') });
    const profile = small.ledger.profilePath('ProviderMSP', 'reconciler');
    expect(await event2ledger([...args, '--profile', profile])).toMatchObject({ code: 1 });
    expect(readFileSync(bundle).equals(readFileSync(file))).toBe(true);
    cpSync(`${archive}.kept`, archive);
  });
});

function canUnshare(): boolean {
  try {
    execFileSync('unshare', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('the network is not taken away: unshare -n is not allowed here');
    return false;
  }
}
