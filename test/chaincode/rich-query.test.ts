import { readdirSync, readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EventAnswer, eventReference, type Page } from '#chaincode';
import { batchOf, hashed, NINE } from './support/events.js';
import { collectorOf, type Identity } from './support/identities.js';
import { type Outcome, type RichQuery, ShimLedger } from './support/shim.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const NANOS = `${NINE}000000001`;
const KEYS = { _id: { $gte: 'a/', $lt: 'a0' } };

let provider: Identity;
let user: Identity;
let ledger: ShimLedger;
let asked: RichQuery[];

beforeAll(async () => {
  [provider, user] = await Promise.all([collectorOf('ProviderMSP'), collectorOf('UserMSP')]);
});
beforeEach(() => {
  ledger = new ShimLedger();
  asked = [];
});

/** A state database that finds every attestation, in key order, with bookmarks of its own. */
function findsAll(): void {
  ledger.rich = (query) => {
    asked.push(query);
    const rows = [...ledger.state].filter(([key]) => key.startsWith('a/')).sort(([a], [b]) => (a < b ? -1 : 1));
    const from = query.bookmark === '' ? 0 : Number(query.bookmark.slice('after-'.length));
    return { rows: rows.slice(from, from + query.size), bookmark: `after-${from + query.size}` };
  };
}

function query(selector: unknown, bookmark = ''): Promise<Outcome> {
  const text = typeof selector === 'string' ? selector : JSON.stringify(selector);
  return ledger.evaluate(user, NOW, 'QueryEvents', text, bookmark);
}

async function attest(identity: Identity, canonicals: readonly string[], from = 1): Promise<void> {
  const entries = canonicals.map((b) => ({ b }));
  const outcome = await ledger.submit(identity, NOW, 'Attest', batchOf(entries, { from, run: `run-${from}` }));
  expect(outcome).toMatchObject({ status: 200 });
}

/** The conditions that the state database was asked for, beside the bound on keys. */
async function conditionsOf(selector: unknown): Promise<unknown> {
  findsAll();
  expect(await query(selector)).toMatchObject({ status: 200 });
  const { $and } = JSON.parse(asked.at(-1)?.query ?? '').selector as { $and: unknown[] };
  expect($and[0]).toEqual(KEYS);
  return $and.slice(1);
}

async function refusal(selector: unknown, bookmark = ''): Promise<string> {
  findsAll();
  const { status, message } = await query(selector, bookmark);
  expect([status, asked.length]).toEqual([500, 0]);
  return message;
}

describe('a row of state', () => {
  it('is a document whose fields selectors may name, and gives the attested bytes again however it is marshalled', async () => {
    const attributes = { 'a.b': '<>&\u2028', 10: 'ten', 9: 'nine', ['__proto__']: 'kept' };
    const { canonical, event, hash } = hashed({ attributes });
    await attest(user, [canonical]);
    const [key, value] = [...ledger.state].find(([name]) => name.startsWith('a/')) ?? [];
    const row = JSON.parse(String(value));
    expect(row).toEqual({
      actor: 'UserMSP',
      collector: 'collector-1',
      event: JSON.parse(canonical),
      number: 1,
      run: 'run-1',
    });
    // As CouchDB's peer gives it: another order, other escapes.
    const { event: _, ...rest } = row;
    const backwards = Object.fromEntries(Object.entries(JSON.parse(canonical)).reverse());
    const marshalled = JSON.stringify({ ...rest, event: backwards }).replace('<', '\\u003c');
    ledger.state.set(String(key), Buffer.from(marshalled));
    const { answer } = await ledger.evaluate(user, NOW, 'GetEvent', eventReference(event.time ?? '', hash));
    expect(answer).toContain(`"event":${canonical}}`);
  });

  it('has what the shipped indexes name', async () => {
    await attest(user, [hashed().canonical]);
    const row = JSON.parse(String([...ledger.state].find(([key]) => key.startsWith('a/'))?.[1]));
    const folder = new URL('../../chaincode/META-INF/statedb/couchdb/indexes/', import.meta.url);
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const { index, ddoc, name, type } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      expect([`${ddoc}.json`, `${name}.json`, type]).toEqual([file, file, 'json']);
      for (const field of index.fields as string[]) {
        const found = field.split('.').reduce((part, step) => part?.[step], row);
        expect(typeof found, field).toBe('string');
      }
    }
  });
});

describe('QueryEvents', () => {
  it('gives the attestations that were found, by event', async () => {
    findsAll();
    const [first, second] = [hashed(), hashed({ timeNano: `${NINE}000000002` })];
    await attest(user, [first.canonical, second.canonical]);
    await attest(provider, [first.canonical], 7);
    const { answer, open, puts } = await query({});
    expect([open, puts]).toEqual([0, 0]);
    expect(JSON.parse(answer)).toEqual({
      bookmark: '',
      events: [
        {
          reference: eventReference(first.event.time ?? '', first.hash),
          eventHash: first.hash,
          event: JSON.parse(first.canonical),
          attestations: [
            { actor: 'ProviderMSP', collector: 'collector-1', run: 'run-7', number: 7 },
            { actor: 'UserMSP', collector: 'collector-1', run: 'run-1', number: 1 },
          ],
        },
        expect.objectContaining({ eventHash: second.hash }),
      ],
    });
  });

  it('pages by rows, with the bookmark of the state database', async () => {
    findsAll();
    const events = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => hashed({ timeNano: String(BigInt(NANOS) + BigInt(from + n)) }).canonical);
    await attest(user, events(0, 1000));
    await attest(user, events(1000, 200), 1001);
    const first = JSON.parse((await query({})).answer) as Page<EventAnswer>;
    expect([first.events.length, first.bookmark]).toEqual([1000, 'after-1000']);
    const last = JSON.parse((await query({}, first.bookmark)).answer) as Page<EventAnswer>;
    expect([last.events.length, last.bookmark]).toEqual([200, '']);
    expect(asked.map(({ size }) => size)).toEqual([1000, 1000]);
  });

  it('pages by bytes, and loses no row where they end a page', async () => {
    findsAll();
    const attributes = Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`label-${n}`, 'x'.repeat(1000)]));
    for (let batch = 0; batch < 3; batch++) {
      const canonicals = Array.from(
        { length: 50 },
        (_, n) => hashed({ attributes, timeNano: String(BigInt(NANOS) + BigInt(batch * 50 + n)) }).canonical,
      );
      await attest(user, canonicals, batch * 50 + 1);
    }
    const seen: string[] = [];
    let bookmark = '';
    do {
      const outcome = await query({}, bookmark);
      const page = JSON.parse(outcome.answer) as Page<EventAnswer>;
      expect([outcome.open, outcome.answer.length < 1.2 * 1024 * 1024]).toEqual([0, true]);
      seen.push(...page.events.map(({ reference }) => reference));
      bookmark = page.bookmark;
    } while (bookmark !== '');
    expect([seen.length, new Set(seen).size]).toEqual([150, 150]);
    expect(asked.length).toBeGreaterThan(2);
  });

  it('says which state database it needs where the peer has another', async () => {
    const { status, message } = await query({ type: 'container' });
    expect(status).toBe(500);
    expect(message).toMatch(/QueryEvents needs a peer whose state database is CouchDB/);
  });

  it("gives the state database's own refusal, escaped", async () => {
    ledger.rich = () => {
      throw new Error('invalid bookmark\u001b[31m');
    };
    const { status, message } = await query({ type: 'container' }, 'made-up');
    expect([status, message]).toEqual([
      500,
      expect.stringContaining('state database refused the query: "invalid bookmark\\u001b[31m"'),
    ]);
  });
});

describe('a selector', () => {
  it('names fields of events and of attestations', async () => {
    const selector = {
      type: 'container',
      actor: { $in: ['UserMSP', 'ProviderMSP'] },
      number: { $gte: 5, $ne: 7 },
      'attributes.com.docker.compose.project': 'shop',
      attributes: { image: { $exists: true } },
      detail: { $not: { $gt: 'x' } },
    };
    expect(await conditionsOf(selector)).toEqual([
      { 'event.type': { $eq: 'container' } },
      { actor: { $in: ['UserMSP', 'ProviderMSP'] } },
      { number: { $gte: 5 } },
      { number: { $ne: 7 } },
      { 'event.attributes.com\\.docker\\.compose\\.project': { $eq: 'shop' } },
      { 'event.attributes.image': { $exists: true } },
      { $nor: [{ 'event.detail': { $gt: 'x' } }] },
    ]);
  });

  it('joins selectors', async () => {
    const selector = {
      $or: [{ type: 'network', action: 'x' }, { $not: { action: 'die' } }],
      $and: [{ scope: 'local' }],
    };
    expect(await conditionsOf(selector)).toEqual([
      {
        $or: [
          { $and: [{ 'event.type': { $eq: 'network' } }, { 'event.action': { $eq: 'x' } }] },
          { $nor: [{ 'event.action': { $eq: 'die' } }] },
        ],
      },
      { 'event.scope': { $eq: 'local' } },
    ]);
  });

  it('compares times by keys', async () => {
    const first = `a/${NANOS}/`;
    const after = `a/${NINE}000000002/`;
    const cases = {
      $eq: { _id: { $gte: first, $lt: after } },
      $ne: { $nor: [{ _id: { $gte: first, $lt: after } }] },
      $gt: { _id: { $gte: after } },
      $gte: { _id: { $gte: first } },
      $lt: { _id: { $lt: first } },
      $lte: { _id: { $lt: after } },
    };
    for (const [operator, mango] of Object.entries(cases)) {
      expect(await conditionsOf({ time: { [operator]: NANOS } })).toEqual([mango]);
    }
    expect(await conditionsOf({ time: { $in: [NANOS] } })).toEqual([{ $or: [cases.$eq] }]);
    expect(await conditionsOf({ time: { $nin: [NANOS] } })).toEqual([{ $nor: [cases.$eq] }]);
    expect(await conditionsOf({ time: { $gte: '1970-01-01T00:00:01Z' } })).toEqual([
      { _id: { $gte: 'a/0000000001000000000/' } },
    ]);
  });

  it.each([
    ['', /no JSON/],
    ['[]', /no JSON object/],
    ['null', /no JSON object/],
    [{ selector: { type: 'container' } }, /names "selector"/],
    [{ _id: 'p/current' }, /names "_id"/],
    [{ $or: [{ type: 'x' }, { _id: { $gt: null } }] }, /names "_id"/],
    [{ text: 'x' }, /names "text"/],
    [{ 'event.type': 'x' }, /names "event.type"/],
    [{ constructor: 'x' }, /names "constructor"/],
    [{ type: { $regex: '(a+)+$' } }, /\$regex/],
    [{ attributes: { $allMatch: { $eq: 'x' } } }, /CouchDB cannot look for/],
    [{ attributes: 'x' }, /"attributes" is no JSON object/],
    [{ $where: '1' }, /names "\$where"/],
    [{ 'attributes.a\\': 'x' }, /CouchDB cannot look for/],
    [{ 'attributes.': 'x' }, /CouchDB cannot look for/],
    [{ type: 5 }, /no string/],
    [{ type: null }, /no string/],
    [{ number: '5' }, /no number/],
    [{ type: {} }, /no condition/],
    [{ type: { $in: [] } }, /no list of values/],
    [{ type: { $in: [['a']] } }, /no string/],
    [{ type: { $exists: 1 } }, /neither true nor false/],
    [{ time: { $exists: true } }, /"\$exists"/],
    [{ time: 'noon' }, /is not a time/],
    [{ $and: [] }, /no list of selectors/],
    [{ $not: {} }, /empty selector/],
    [{ $or: [{}] }, /empty selector/],
    [{ type: { $in: Array.from({ length: 300 }, String) } }, /more than 200/],
    [`{"type":"${'x'.repeat(9000)}"}`, /longer than 8192 bytes/],
    [`${'{"$not":'.repeat(9)}{"type":"x"}${'}'.repeat(9)}`, /deeper than 8/],
    [`{"type":${'{"$not":'.repeat(9)}{"$eq":"x"}${'}'.repeat(9)}}`, /deeper than 8/],
    ['{"__proto__":{"type":"x"}}', /names "__proto__"/],
  ])('%j is refused', async (selector, why) => {
    expect(await refusal(selector)).toMatch(why);
  });

  it('with a bookmark that is none is refused', async () => {
    expect(await refusal({}, 'a b')).toMatch(/bookmark is none/);
    expect(await refusal({}, 'x'.repeat(5000))).toMatch(/bookmark is none/);
  });

  const names = fc.constantFrom(
    'type',
    'time',
    '_id',
    'text',
    'attributes.a.b',
    '$and',
    '$or',
    '$not',
    '$eq',
    '$in',
    '$gt',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('x', NANOS, 1, null, true),
      fc.dictionary(names, tie('tree'), { maxKeys: 3 }),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }));

  test.prop([fc.dictionary(names, tree, { maxKeys: 4 })])(
    'asks only for what is ours, or is refused',
    async (selector) => {
      asked = [];
      findsAll();
      const { status } = await query(selector);
      expect(asked.length).toBe(status === 200 ? 1 : 0);
      for (const { query: sent } of asked) {
        const whole = JSON.parse(sent);
        expect(Object.keys(whole)).toEqual(['selector']);
        expect(whole.selector.$and[0]).toEqual(KEYS);
        for (const field of fieldsOf(whole.selector)) {
          expect(['_id', 'event.type', 'event.attributes.a\\.b']).toContain(field);
        }
      }
    },
  );
});

function fieldsOf(mango: unknown): string[] {
  if (Array.isArray(mango)) return mango.flatMap(fieldsOf);
  if (typeof mango !== 'object' || mango === null) return [];
  return Object.entries(mango).flatMap(([key, value]) => [...(key.startsWith('$') ? [] : [key]), ...fieldsOf(value)]);
}
