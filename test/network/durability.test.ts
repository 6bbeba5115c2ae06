import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../network/connection.js';
import { serveLedger } from '../../network/embedded/ledger.js';
import { loadProfile } from '../../network/profile.js';
import { codesOf, takeBlocks } from './support/blocks.js';
import { batchText, temporaryFolder } from './support/ledger.js';

// The built program, for a process can only be killed if it is another one.
const BUILT = new URL('../../dist/network/embedded/ledger.js', import.meta.url).href;
const SERVE = `import { serveLedger } from ${JSON.stringify(BUILT)};
await serveLedger({ dataDir: process.argv[1], batchTimeoutMs: 5 });
console.log('ready');`;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

// First: fabric-shim is loaded once in a process.
test('a process that serves a ledger keeps its own handlers for uncaught errors', async () => {
  const before = process.rawListeners('uncaughtException').length + process.rawListeners('unhandledRejection').length;
  const ledger = await serveLedger({ dataDir: join(folder.path, 'ledger') });
  await ledger.close();
  const after = process.rawListeners('uncaughtException').length + process.rawListeners('unhandledRejection').length;
  expect(after).toBe(before);
});

test('killed at any moment, it has lost nothing that it acknowledged, and starts again', async () => {
  const dataDir = join(folder.path, 'ledger');
  const acknowledged: { transactionId: string; block: bigint }[] = [];
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SERVE, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break;
    const collector = connect(loadProfile(join(dataDir, 'actors', 'UserMSP', 'collector-1', 'profile.json')));
    const work = async (worker: number) => {
      for (let n = 0; ; n += 1) {
        const text = batchText({ run: `r${round}-${worker}-${n}`, events: 20, first: round * 1000 + n + 1 });
        acknowledged.push(await collector.submit('Attest', text));
        // The others are somewhere between endorsement and commit.
        if (acknowledged.length === (round + 1) * 12) child.kill('SIGKILL');
      }
    };
    const outcomes = await Promise.allSettled([0, 1, 2, 3].map(work));
    await exited;
    collector.close();
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'UNREACHABLE', retryable: true } });
  }
  const ledger = await serveLedger({ dataDir });
  const reader = connect(loadProfile(ledger.profilePath('UserMSP', 'reconciler')));
  try {
    const height = Number(await reader.height());
    const blocks = await takeBlocks(reader, 0n, height);
    expect(blocks.flatMap(codesOf).every((code) => code === 0)).toBe(true);
    for (const { transactionId, block } of acknowledged) {
      const bytes = Buffer.from(blocks[Number(block)]?.serializeBinary() ?? []);
      expect(bytes.includes(transactionId)).toBe(true);
    }
    const page = JSON.parse(await reader.evaluate('GetCollectors'));
    expect(page).toHaveLength(1);
  } finally {
    reader.close();
    await ledger.close();
  }
});
