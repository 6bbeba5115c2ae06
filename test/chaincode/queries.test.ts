import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type BatchEntry,
  type CollectorAnswer,
  dayStart,
  type EventAnswer,
  eventReference,
  type Page,
  type VersionAnswer,
} from '#chaincode';
import { batchOf, ENGINE, hashed, NINE } from './support/events.js';
import { collectorOf, type Identity } from './support/identities.js';
import { type Outcome, ShimLedger } from './support/shim.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const at = (index: number) => `${NINE}${String(index).padStart(9, '0')}`;

let provider: Identity;
let user: Identity;
let second: Identity;
let ledger: ShimLedger;
beforeAll(async () => {
  [provider, user, second] = await Promise.all([
    collectorOf('ProviderMSP'),
    collectorOf('UserMSP'),
    collectorOf('UserMSP', 'collector-2'),
  ]);
});
beforeEach(() => {
  ledger = new ShimLedger();
});

async function query(fn: string, ...args: string[]): Promise<Outcome> {
  const outcome = await ledger.evaluate(user, NOW, fn, ...args);
  expect([outcome.open, outcome.puts]).toEqual([0, 0]);
  return outcome;
}

async function attest(identity: Identity, entries: readonly BatchEntry[], changes = {}): Promise<void> {
  const outcome = await ledger.submit(identity, NOW, 'Attest', batchOf(entries, changes));
  expect(outcome).toMatchObject({ status: 200 });
}

/** Every page of a query, and what they held together. */
async function pages(fn: string, ...args: string[]): Promise<{ sizes: number[]; events: EventAnswer[] }> {
  const [sizes, events]: [number[], EventAnswer[]] = [[], []];
  for (let bookmark = ''; bookmark !== '' || sizes.length === 0; ) {
    const page = JSON.parse((await query(fn, ...args, bookmark)).answer) as Page<EventAnswer>;
    sizes.push(page.events.length);
    events.push(...page.events);
    bookmark = page.bookmark;
  }
  return { sizes, events };
}

describe('GetEvent', () => {
  it('gives the event and everyone who attested it', async () => {
    const { event, canonical, hash } = hashed({ attributes: { name: 'IMG1', ['__proto__']: 'kept' } });
    await attest(user, [{ b: canonical }], { from: 5 });
    await attest(second, [{ b: canonical }], { collector: 'collector-2', run: 'r2' });
    await attest(provider, [{ b: canonical }]);
    const reference = eventReference(event.time ?? '', hash);
    expect(JSON.parse((await query('GetEvent', reference)).answer)).toEqual({
      reference,
      eventHash: hash,
      event: JSON.parse(canonical),
      attestations: [
        { actor: 'ProviderMSP', collector: 'collector-1', run: 'run-1', number: 1 },
        { actor: 'UserMSP', collector: 'collector-1', run: 'run-1', number: 5 },
        { actor: 'UserMSP', collector: 'collector-2', run: 'r2', number: 1 },
      ],
    });
  });

  it("gives the collectors' own times of an event that has none", async () => {
    const { canonical, hash } = hashed({ scope: 'swarm', type: 'service', action: 'remove' });
    await attest(user, [{ b: canonical, t: at(1) }]);
    await attest(provider, [{ b: canonical, t: at(2) }]);
    const reference = eventReference(dayStart('2026-11-22'), hash);
    const { attestations } = JSON.parse((await query('GetEvent', reference)).answer) as EventAnswer;
    expect(attestations.map(({ actor, t }) => [actor, t])).toEqual([
      ['ProviderMSP', at(2)],
      ['UserMSP', at(1)],
    ]);
  });

  it('says what it does not know and what is no reference', async () => {
    const reference = eventReference('1', 'a'.repeat(64));
    expect(await query('GetEvent', reference)).toMatchObject({
      status: 500,
      message: `No event ${reference} is on the ledger.`,
    });
    expect((await query('GetEvent', 'x')).message).toContain('no event reference');
  });
});

describe('GetEvents', () => {
  it('has its first moment and not its last', async () => {
    await attest(
      user,
      [1, 2, 3, 4].map((index) => ({ b: hashed({ timeNano: at(index) }).canonical })),
    );
    const { events } = await pages('GetEvents', at(2), at(4));
    expect(events.map(({ event }) => event.time)).toEqual([at(2), at(3)]);
    expect((await pages('GetEvents', at(2), at(2))).events).toEqual([]);
  });

  it('sorts times of different lengths as numbers', async () => {
    await attest(
      user,
      ['9', '10', '100'].map((timeNano) => ({ b: hashed({ timeNano }).canonical })),
    );
    const { events } = await pages('GetEvents', '0', '1000');
    expect(events.map(({ event }) => event.time)).toEqual(['9', '10', '100']);
  });

  it('ends a page after 10,000 rows, and only between two events', async () => {
    const all = Array.from({ length: 500 }, (_, index) => hashed({ id: 'x', timeNano: at(index), attributes: {} }));
    const entries = all.map(({ canonical }) => ({ b: canonical }));
    for (let number = 1; number <= 21; number++) {
      const collector = `c${number}`;
      await attest(await collectorOf('UserMSP', collector), entries, { collector });
    }
    const { sizes, events } = await pages('GetEvents', '0', at(999_999_999));
    // 477 events are 10,017 rows.
    expect(sizes).toEqual([477, 23]);
    expect(events.every(({ attestations }) => attestations.length === 21)).toBe(true);
    expect(events.map(({ eventHash }) => eventHash)).toEqual(all.map(({ hash }) => hash));
  });

  it('ends a page after 1 MiB', async () => {
    const attributes = Object.fromEntries(
      Array.from({ length: 15 }, (_, index) => [`l${10 + index}`, 'x'.repeat(1000)]),
    );
    const all = Array.from({ length: 150 }, (_, index) => hashed({ attributes, timeNano: at(index) }));
    for (let from = 0; from < all.length; from += 50) {
      await attest(
        user,
        all.slice(from, from + 50).map(({ canonical }) => ({ b: canonical })),
      );
    }
    const { answer } = await query('GetEvents', '0', at(999_999_999), '');
    expect(Buffer.byteLength(answer)).toBeGreaterThan(1024 * 1024);
    expect(Buffer.byteLength(answer)).toBeLessThan(1024 * 1024 + 20_000);
    const { events } = await pages('GetEvents', '0', at(999_999_999));
    expect(events.map(({ eventHash }) => eventHash)).toEqual(all.map(({ hash }) => hash));
  });

  it.each([
    [['x', '1', ''], 'fromNanos is "x"'],
    [['0', '01', ''], 'toNanos is "01"'],
    [['2', '1', ''], 'after toNanos'],
    [['0', '1', 'b/'], 'bookmark "b/"'],
    [['0', '1', `a/${'9'.repeat(19)}/${'a'.repeat(64)}/UserMSP/collector-1`], 'none of this range'],
    [['0', '1'], 'Expected 3 parameters, but 2'],
  ])('refuses %j', async (args, message) => {
    const outcome = await query('GetEvents', ...args);
    expect(outcome.status).toBe(500);
    expect(outcome.message).toContain(message);
  });

  it('does not mistake a day for a range beyond int64', async () => {
    expect((await query('GetDisputedEvents', '9999-12-31', '')).message).toContain('within int64');
  });
});

describe('GetCollectors', () => {
  it("gives each collector's latest batch", async () => {
    const watches = [{ source: ENGINE, from: at(0), to: at(9) }];
    await attest(user, []);
    await attest(user, [], { n: 2, prev: 'a'.repeat(64), watches, sentAt: at(10) });
    await attest(provider, [], { run: 'r9' });
    const answer = JSON.parse((await query('GetCollectors')).answer) as CollectorAnswer[];
    expect(answer).toEqual([
      {
        actor: 'ProviderMSP',
        collector: 'collector-1',
        run: 'r9',
        n: 1,
        sentAt: `${NINE}500000000`,
        watches: [],
        gaps: [],
      },
      { actor: 'UserMSP', collector: 'collector-1', run: 'run-1', n: 2, sentAt: at(10), watches, gaps: [] },
    ]);
  });
});

describe('GetCollector', () => {
  it("gives one collector's latest batch, or null", async () => {
    await attest(user, []);
    expect(JSON.parse((await query('GetCollector', 'UserMSP', 'collector-1')).answer)).toMatchObject({
      n: 1,
      run: 'run-1',
    });
    expect((await query('GetCollector', 'UserMSP', 'collector-2')).answer).toBe('null');
  });
});

describe('GetVersion', () => {
  it('gives the version and the hash of the bundle', async () => {
    const answer = JSON.parse((await query('GetVersion')).answer) as VersionAnswer;
    expect(answer).toEqual({ version: '0.1.0', record: 1, bundle: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });
});
