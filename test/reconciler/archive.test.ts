import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { common } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { archivedBlock, BlockArchive, framed, frameOf } from '../../reconciler/archive.js';
import { DirectWriter } from '../../reconciler/direct-write.js';
import { reconcile } from '../../reconciler/reconcile.js';
import { SmallLedger } from '../proof/support/small-ledger.js';
import { ACTORS } from './support/history.js';

const folder = mkdtempSync(join(tmpdir(), 'e2l-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

const frame = (text: string) => framed(Buffer.from(text));
const pieces = (text: string) => frameOf([Buffer.from(text)]);

test.prop([
  fc.record({ number: fc.nat(), envelopes: fc.array(fc.uint8Array({ maxLength: 300 })) }),
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array(),
])('a block is kept as its messages are written', ({ number, envelopes }, signatures, codes) => {
  const block = new common.Block();
  const header = new common.BlockHeader();
  header.setNumber(number);
  const data = new common.BlockData();
  data.setDataList(envelopes);
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList([signatures, new Uint8Array(), codes]);
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  expect(Buffer.from(archivedBlock(block, signatures, codes))).toEqual(Buffer.from(block.serializeBinary()));
});

describe('an archive of blocks', () => {
  const file = join(folder, 'x.blocks');
  const aside = (number: number) => `${file}.aside-${number}`;
  beforeEach(() => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
  });

  it('keeps what stands there already, and what comes after it', () => {
    const old = Buffer.concat([frame('zero'), frame('one'), frame('two')]);
    writeFileSync(file, old);
    expect(new BlockArchive(file).append(0, [pieces('zero'), pieces('one')])).toBe(undefined);
    expect(readFileSync(file).equals(old)).toBe(true);
  });

  it('completes a frame that was cut off', () => {
    const whole = Buffer.concat([frame('zero'), frame('one')]);
    writeFileSync(file, whole.subarray(0, whole.length - 2));
    expect(new BlockArchive(file).append(frame('zero').length, [pieces('one')])).toBe(undefined);
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  it('sets aside another block, with all after it, each time in a file of its own', () => {
    const archive = new BlockArchive(file);
    writeFileSync(file, Buffer.concat([frame('zero'), frame('ONE'), frame('TWO')]));
    expect(archive.append(0, [pieces('zero'), pieces('one')])).toBe(aside(1));
    expect(readFileSync(aside(1)).equals(Buffer.concat([frame('ONE'), frame('TWO')]))).toBe(true);
    expect(readFileSync(file).equals(Buffer.concat([frame('zero'), frame('one')]))).toBe(true);

    expect(archive.append(0, [pieces('other')])).toBe(aside(2));
    expect(readFileSync(aside(2)).equals(Buffer.concat([frame('zero'), frame('one')]))).toBe(true);
    expect(readFileSync(file).equals(frame('other'))).toBe(true);
  });

  it('says what to do where it cannot be read or written', () => {
    mkdirSync(file);
    expect(() => new BlockArchive(file).append(0, [pieces('zero')])).toThrow(/cannot be written to .* make room/);
  });

  test.prop([
    fc.uint8Array({ maxLength: 64 }),
    fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 4 }),
  ])('loses no byte of what was there, whatever it was', (old, contents) => {
    const frames = contents.map((content) => framed(Buffer.from(content)));
    const parts = contents.map((content) => frameOf([Buffer.from(content.slice(0, 1)), Buffer.from(content.slice(1))]));
    const whole = Buffer.concat(frames);
    for (const number of [1, 2]) rmSync(aside(number), { force: true });
    writeFileSync(file, old);
    const put = new BlockArchive(file).append(0, parts);
    const now = readFileSync(file);
    expect(now.subarray(0, whole.length).equals(whole)).toBe(true);
    if (put === undefined) expect(now.subarray(0, old.length).equals(old)).toBe(true);
    else {
      const kept = readFileSync(put);
      expect(kept.length).toBeGreaterThan(0);
      const before = Buffer.from(old).subarray(0, old.length - kept.length);
      expect(Buffer.concat([before, kept]).equals(old)).toBe(true);
      expect(now.equals(whole)).toBe(true);
      expect(whole.subarray(0, before.length).equals(before)).toBe(true);
    }
  });
});

describe('a database that was lost beside its archive', () => {
  let small: SmallLedger;
  let kept: Buffer;
  beforeAll(async () => {
    small = await SmallLedger.start(ACTORS, 2);
    await small.reconcile('UserMSP');
    kept = readFileSync(`${small.dbFile}.blocks`);
  });
  afterAll(() => small?.close());

  const lose = () => {
    for (const end of ['', '-wal', '-shm']) rmSync(`${small.dbFile}${end}`, { force: true });
  };
  const readAgain = async (from = small) => {
    const aside: string[] = [];
    const onSetAside = (name: string) => aside.push(name);
    await reconcile({ connection: from.as('UserMSP'), dbFile: small.dbFile, blocksPerCommit: 2, onSetAside });
    return aside;
  };

  it.each([0, 1, 700])('finds its evidence again, %i bytes cut off its end', async (bytes) => {
    lose();
    truncateSync(`${small.dbFile}.blocks`, kept.length - bytes);
    expect(await readAgain()).toEqual([]);
    expect(readFileSync(`${small.dbFile}.blocks`).equals(kept)).toBe(true);
  });

  it('has the evidence of another ledger set aside under a name that is told', async () => {
    lose();
    const other = await SmallLedger.start(ACTORS, 1);
    try {
      const aside = `${small.dbFile}.blocks.aside-1`;
      expect(await readAgain(other)).toEqual([aside]);
      expect(readFileSync(aside).equals(kept)).toBe(true);
      expect(existsSync(`${small.dbFile}.blocks.aside-2`)).toBe(false);
    } finally {
      await other.close();
    }
  });
});

describe('what is too long for the system to be bothered with', () => {
  const file = join(folder, 'long.blocks');
  const part = (seed: number, length: number) => Buffer.alloc(length, `${seed},`);
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  });

  test.prop(
    [
      fc.array(
        fc.array(fc.oneof(fc.nat(5000), fc.integer({ min: 1_000_000, max: 5_000_000 })), {
          minLength: 1,
          maxLength: 4,
        }),
        { minLength: 1, maxLength: 3 },
      ),
    ],
    { numRuns: 15 },
  )('stands one behind the other, to the byte', (times) => {
    rmSync(file, { force: true });
    const archive = new BlockArchive(file);
    let expected = Buffer.alloc(0);
    for (const [time, lengths] of times.entries()) {
      const frames = lengths.map((length, at) => frameOf([part(time, length), part(at, 3)]));
      expect(archive.append(expected.length, frames)).toBe(undefined);
      expected = Buffer.concat([expected, ...frames.flatMap(({ parts }) => parts)]);
      expect(readFileSync(file).equals(expected)).toBe(true);
    }
  });

  it.each([
    ['cannot be opened', join(folder, 'not there')],
    ['takes nothing', '/dev/full'],
  ])('is left to the usual way where a file %s past the cache', (_, direct) => {
    const fd = openSync(file, 'w+');
    const writer = new DirectWriter();
    expect(writer.write(direct, fd, 0, [part(1, 2_000_000)])).toBe(false);
    // Nor is it tried again.
    expect(writer.write(file, fd, 0, [part(1, 2_000_000)])).toBe(false);
    closeSync(fd);
  });

  it('is completed where it was cut off within a page', () => {
    const archive = new BlockArchive(file);
    const frame = frameOf([part(1, 3_000_001)]);
    archive.append(0, [frame]);
    truncateSync(file, 2_000_003);
    expect(archive.append(0, [frame, frame])).toBe(undefined);
    const whole = Buffer.concat(frame.parts);
    expect(readFileSync(file).equals(Buffer.concat([whole, whole]))).toBe(true);
  });
});
