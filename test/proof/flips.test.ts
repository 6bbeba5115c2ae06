import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleContent } from '../../proof/bundle-file.js';
import { VerifyError } from '../../proof/errors.js';
import { verifyBundle } from '../../proof/verify-bundle.js';
import { writeBundle } from '../../reports/bundle.js';
import { reportText } from '../../reports/model.js';
import { Seeded } from '../campaign/random.js';
import { contentOf, SmallLedger } from './support/small-ledger.js';

const SEED = Number(process.env.E2L_TEST_SEED ?? 20_261_122);

/** Of the changed content, what came of it: the code it was refused with, or whatever else. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    await verifyBundle(contentOf(bytes));
    return 'verified';
  } catch (error) {
    return error instanceof VerifyError ? 'refused' : `failed: ${String(error)}`;
  }
}

/** The places at which a change of one bit was not refused. */
async function unrefused(content: Buffer, flips: Iterable<readonly [at: number, bit: number]>): Promise<string[]> {
  const wrong: string[] = [];
  for (const [at, bit] of flips) {
    content[at] = (content[at] ?? 0) ^ bit;
    const came = await outcome(content);
    content[at] = (content[at] ?? 0) ^ bit;
    if (came !== 'refused') wrong.push(`byte ${at}, bit ${bit}: ${came}`);
  }
  return wrong;
}

describe('a bundle in which a bit was changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'e2l-flips-'));
  let small: SmallLedger;
  let content: Buffer;
  let random: Seeded;

  beforeAll(async () => {
    random = new Seeded(SEED);
    small = await SmallLedger.start(['AliceMSP', 'BobMSP'], 1);
    await small.reconcile('BobMSP');
    content = await small.content();
  });
  afterAll(async () => {
    await small?.close();
    rmSync(folder, { recursive: true });
  });

  it('is refused, at whatever byte of what it holds', { timeout: 600_000 }, async () => {
    const flips = Array.from(content, (_, at) => [at, 1 << random.whole(0, 7)] as const);
    expect(await outcome(content)).toBe('verified');
    expect(await unrefused(content, flips), `seed ${SEED}`).toEqual([]);
  });

  it('is refused, at whatever bit of the report and of the last block’s signatures and codes', {
    timeout: 600_000,
  }, async () => {
    const report = 4 + content.readUInt32BE();
    const places = [
      ...Array.from({ length: Math.min(report, 1500) }, (_, at) => at),
      ...Array.from({ length: 300 }, (_, at) => content.length - 300 + at),
    ];
    const flips = places.flatMap((at) => Array.from({ length: 8 }, (_, bit) => [at, 1 << bit] as const));
    expect(await unrefused(content, flips)).toEqual([]);
  });

  it('is refused, at whatever byte of its file', { timeout: 600_000 }, async () => {
    const file = join(folder, 'day.bundle');
    await writeBundle(file, reportText(small.report), small.blocks);
    const bytes = readFileSync(file);
    const fd = openSync(file, 'r+');
    const wrong: number[] = [];
    for (const at of bytes.keys()) {
      const flipped = Buffer.of((bytes[at] ?? 0) ^ (1 << random.whole(0, 7)));
      writeSync(fd, flipped, 0, 1, at);
      const refused = await bundleContent(file).then(
        () => false,
        (error: unknown) => error instanceof VerifyError && error.code === 'FORMAT',
      );
      writeSync(fd, bytes, at, 1, at);
      if (!refused) wrong.push(at);
    }
    closeSync(fd);
    await bundleContent(file);
    expect(wrong, `seed ${SEED}`).toEqual([]);
  });
});

describe('a larger bundle in which a bit was changed', () => {
  it('is refused, at random places', { timeout: 600_000 }, async () => {
    const random = new Seeded(SEED + 1);
    const small = await SmallLedger.start(['DeveloperMSP', 'ProviderMSP', 'UserMSP'], 24);
    try {
      await small.reconcile('UserMSP');
      const content = await small.content();
      const flips = Array.from(
        { length: 300 },
        () => [random.whole(0, content.length - 1), 1 << random.whole(0, 7)] as const,
      );
      expect(await outcome(content)).toBe('verified');
      expect(await unrefused(content, flips), `seed ${SEED + 1}`).toEqual([]);
    } finally {
      await small.close();
    }
  });
});
