import stringify from 'fast-json-stable-stringify';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BatchEntry, batchDigest, dayStart, NO_PREVIOUS } from '#chaincode';
import { batchOf, ENGINE, hashed, NINE } from './support/events.js';
import { collectorOf, type Identity, issue } from './support/identities.js';
import { ShimLedger } from './support/shim.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const events = Array.from({ length: 20 }, (_, index) => hashed({ timeNano: `${NINE}00000${1000 + index}` }));
const removal = hashed({ scope: 'swarm', type: 'service', action: 'remove' });
const entries: BatchEntry[] = events.map(({ canonical }) => ({ b: canonical }));
const watches = [{ source: ENGINE, from: '1', to: '2' }];
const gaps = [{ source: ENGINE, from: '2', to: '3', reason: 'engine "restarted"' }];

let provider: Identity;
let ledger: ShimLedger;
beforeAll(async () => {
  provider = await collectorOf('ProviderMSP');
});
beforeEach(() => {
  ledger = new ShimLedger();
});

describe('Attest', () => {
  it('reads nothing and puts once per attestation, plus once each for the batch and the collector', async () => {
    const outcome = await ledger.submit(provider, NOW, 'Attest', batchOf(entries));
    expect(outcome).toMatchObject({ status: 200, reads: [], ranges: [], puts: entries.length + 2 });
    expect(outcome.writes.size).toBe(entries.length + 2);
  });

  it('answers with the digest of the batch', async () => {
    const text = batchOf(entries);
    expect((await ledger.submit(provider, NOW, 'Attest', text)).answer).toBe(batchDigest(text));
  });

  it('writes the rows of the design, as stable JSON', async () => {
    const [first] = events;
    if (first === undefined) throw new Error('no event');
    const timeless = { b: removal.canonical, t: `${NINE}000000009` };
    const text = batchOf([{ b: first.canonical }, timeless], { from: 7, watches, gaps });
    const { writes } = await ledger.submit(provider, NOW, 'Attest', text);
    const sentAt = `${NINE}500000000`;
    expect(Object.fromEntries(writes)).toEqual({
      [`a/${first.event.time}/${first.hash}/ProviderMSP/collector-1`]: stringify({
        run: 'run-1',
        number: 7,
        actor: 'ProviderMSP',
        collector: 'collector-1',
        event: first.event,
      }),
      [`a/${dayStart('2026-11-22')}/${removal.hash}/ProviderMSP/collector-1`]: stringify({
        run: 'run-1',
        number: 8,
        actor: 'ProviderMSP',
        collector: 'collector-1',
        event: removal.event,
        t: timeless.t,
      }),
      'b/ProviderMSP/collector-1/run-1/1': stringify({
        from: 7,
        count: 2,
        digest: batchDigest(text),
        prev: NO_PREVIOUS,
        sentAt,
      }),
      'c/ProviderMSP/collector-1': stringify({ run: 'run-1', n: 1, sentAt, watches, gaps }),
    });
  });

  it('pads early times so that keys sort', async () => {
    const { canonical, hash } = hashed({ timeNano: '7' });
    const { writes } = await ledger.submit(provider, NOW, 'Attest', batchOf([{ b: canonical }]));
    expect([...writes.keys()]).toContain(`a/0000000000000000007/${hash}/ProviderMSP/collector-1`);
  });

  it('writes the same again when it is sent again', async () => {
    const text = batchOf(entries);
    const once = await ledger.submit(provider, NOW, 'Attest', text);
    const twice = await ledger.submit(provider, NOW, 'Attest', text);
    expect(twice.writes).toEqual(once.writes);
  });

  it('takes an empty batch', async () => {
    expect(await ledger.submit(provider, NOW, 'Attest', batchOf([]))).toMatchObject({ status: 200, puts: 2 });
  });
});

describe('Attest refuses, and stores nothing,', () => {
  async function refused(identity: Identity, message: string | RegExp, ...args: string[]): Promise<void> {
    const outcome = await ledger.submit(identity, NOW, 'Attest', ...args);
    expect(outcome.status).toBe(500);
    expect(outcome.message).toMatch(message);
    expect([outcome.puts, ledger.state.size]).toEqual([0, 0]);
  }

  it("a batch that names another certificate's collector, and says both names", async () => {
    await refused(
      provider,
      /"collector-2".*"collector-1" of ProviderMSP/,
      batchOf(entries, { collector: 'collector-2' }),
    );
  });

  it('a certificate whose name could leave its key', async () => {
    const sly = await issue('ProviderMSP', [{ CN: ['x/../UserMSP'] }]);
    await refused(sly, /common name "x\/\.\.\/UserMSP" cannot be used/, batchOf(entries));
  });

  it('a certificate whose MSP could leave its key', async () => {
    await refused({ ...provider, mspId: 'a/b' }, /MSP ID "a\/b" cannot be used/, batchOf(entries));
  });

  it('an event that is not in canonical form, by the number of its entry, however late it comes', async () => {
    const bad = entries.with(-1, { b: `${entries.at(-1)?.b} ` });
    await refused(provider, /^Entry 19 \(number 60\): The event is not in canonical form/, batchOf(bad, { from: 41 }));
  });

  it('an entry that should have a "t"', async () => {
    await refused(provider, /^Entry 0 \(number 1\) needs "t"/, batchOf([{ b: removal.canonical }]));
  });

  it('too many entries', () => refused(provider, '1001 entries', batchOf(Array(1001).fill(entries[0]))));
  it('too many bytes', () => refused(provider, 'send at most 1048576', batchOf([{ b: 'x'.repeat(1024 * 1024) }])));
  it('what is no JSON', () => refused(provider, 'no JSON', 'x'));
  it('an argument too few', () => refused(provider, 'Expected 1 parameters, but 0'));
  it('an argument too many', () => refused(provider, 'Expected 1 parameters, but 2', batchOf(entries), 'x'));
});

describe('a transaction that there is not', () => {
  it.each(['Delete', 'attest', 'constructor', 'beforeTransaction', ''])('%j is refused by name', async (fn) => {
    const outcome = await ledger.submit(provider, NOW, fn, 'x');
    expect(outcome).toMatchObject({
      status: 500,
      message: `There is no transaction "${fn}" in this contract.`,
      puts: 0,
    });
  });

  it.each(['event2ledger:Attest', ':Attest'])('%j is refused, for Attest has one spelling', async (fn) => {
    const outcome = await ledger.submit(provider, NOW, fn, batchOf(entries));
    expect(outcome).toMatchObject({ status: 500, puts: 0 });
    expect(outcome.message).toContain('plain name');
  });

  it('cannot move a terminal with its name', async () => {
    const { message } = await ledger.submit(provider, NOW, `\u001b[2J\u202e${'x'.repeat(500)}`);
    expect(message).toMatch(/^There is no transaction "[\x20-\x7e]{1,110}…" in this contract\.$/);
  });
});
