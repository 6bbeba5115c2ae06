import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { streamChannel } from '../../exchange/channel.js';
import { withOffer } from '../../exchange/other-side.js';
import { ExchangeError } from '../../exchange/protocol/errors.js';
import { decodeHello, encodeHello, sessionKey } from '../../exchange/protocol/hello.js';
import { type ItemSet, itemSetOf } from '../../exchange/protocol/item-set.js';
import { DEFAULT_LIMITS } from '../../exchange/protocol/limits.js';
import { answer, ask, type Host, type Offer, type Scope } from '../../exchange/session.js';
import { firstItems, numbered, without } from './exchanging.js';

const HOST: Host = { ledger: 'ab'.repeat(32), channel: 'shop', block: '7', actors: ['UserMSP'] };
const SCOPE: Scope = { actor: 'UserMSP', source: 'engine-1', from: '0', to: '1795400000000000000' };

const offering =
  (set: ItemSet): Offer =>
  () => ({ host: HOST, set });

/** Numbers that follow from a seed in place of random ones. */
function drawn(seed: string) {
  let count = 0;
  return (bytes: number) => createHash('sha256').update(`${seed} ${count++}`).digest().subarray(0, bytes);
}

/** Two channels that lead to each other, and what each writes. */
function joined(silenceMs?: number) {
  const [there, back] = [new PassThrough(), new PassThrough()];
  return { near: streamChannel(back, there, silenceMs), far: streamChannel(there, back, silenceMs), there, back };
}

const withCode = (code: string) => expect.objectContaining({ name: 'ExchangeError', code });

describe('a session', () => {
  const all = firstItems(3_000);
  const lacking = without(all, new Set([5, 1_000]));

  it('tells what differs, who answered, and what it cost; then the next one', async () => {
    const asked: Scope[] = [];
    const offer: Offer = (scope) => {
      asked.push(scope);
      return { host: HOST, set: all };
    };
    const results = await withOffer(offer, drawn('b'), async (channel) => [
      await ask(channel, SCOPE, lacking, drawn('a')),
      await ask(channel, { actor: 'ProviderMSP' }, all, drawn('c')),
    ]);
    expect(results.map(({ mine, theirs }) => [mine.count, theirs.items()])).toEqual([
      [0, [numbered(5), numbered(1_000)]],
      [0, []],
    ]);
    expect(results[0]?.host).toEqual(HOST);
    expect(asked).toEqual([SCOPE, { actor: 'ProviderMSP' }]);
  });

  it('has another key whichever side draws another number', () => {
    const hello = (byte: number, text = '{}') => encodeHello({ nonce: Buffer.alloc(32, byte), text });
    const keys = [
      sessionKey(hello(1), hello(2)),
      sessionKey(hello(3), hello(2)),
      sessionKey(hello(1), hello(3)),
      sessionKey(hello(2), hello(1)),
      sessionKey(hello(1, '{"actor":"A"}'), hello(2)),
    ];
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(keys.length);
    expect(decodeHello(hello(1, 'é'))).toEqual({ nonce: Buffer.alloc(32, 1), text: 'é' });
  });

  it('tells the other side why it gives up', async () => {
    const few = { ...DEFAULT_LIMITS, differences: 10 };
    const { near, far } = joined();
    const answering = answer(far, offering(all), drawn('b'), few).catch((error) => error);
    const asking = ask(near, SCOPE, firstItems(0), drawn('a')).catch((error) => error);
    expect(await answering).toEqual(withCode('LIMIT'));
    const told = await asking;
    expect(told).toEqual(withCode('PEER'));
    expect((told as Error).message).toContain('beyond its limits');
  });

  it.each([
    ['a scope that is none', encodeHello({ nonce: Buffer.alloc(32), text: '{"actor":7}' })],
    ['a scope with more in it', encodeHello({ nonce: Buffer.alloc(32), text: '{"actor":"A","file":"x"}' })],
    ['no JSON', encodeHello({ nonce: Buffer.alloc(32), text: 'actor' })],
    ['a hello that is too long', encodeHello({ nonce: Buffer.alloc(32), text: ' '.repeat(20_000) })],
    ['a hello that is too short', encodeHello({ nonce: Buffer.alloc(3), text: '' })],
    ['another version', Buffer.from('\u0001e2lx\u0002')],
    ['another message', Buffer.of(2, 0)],
  ])('refuses %s', async (_, message) => {
    const { near, far } = joined();
    const answering = answer(far, offering(all), drawn('b')).catch((error) => error);
    await near.send(message);
    expect(await answering).toEqual(withCode('PROTOCOL'));
  });

  it('refuses what is no exchange, and shows it harmlessly', async () => {
    const { near, back } = joined();
    back.write('\u001b[31mWelcome to this host\n');
    const error = await ask(near, SCOPE, all, drawn('a')).catch((one) => one);
    expect(error).toEqual(withCode('PROTOCOL'));
    expect((error as Error).message).toContain('\\u{1b}[31mWelcome');
  });

  it.each([
    ['at once', Buffer.alloc(0)],
    ['within a length', Buffer.alloc(2)],
    ['within a message', Buffer.from([0, 0, 0, 9, 1])],
  ])('says that the other side ended: %s', async (_, bytes) => {
    const { near, back } = joined();
    back.end(bytes);
    expect(await ask(near, SCOPE, all, drawn('a')).catch((one) => one)).toEqual(withCode('CHANNEL'));
  });

  it('does not wait for ever for a side that says nothing', async () => {
    const { near } = joined(1);
    expect(await ask(near, SCOPE, all, drawn('a')).catch((one) => one)).toEqual(withCode('CHANNEL'));
  });

  it('passes on what fails on the answering side', async () => {
    const broken = new Error('The disk is gone.');
    const offer: Offer = () => {
      throw broken;
    };
    const asking = withOffer(offer, drawn('b'), (channel) => ask(channel, SCOPE, itemSetOf([]), drawn('a')));
    await expect(asking).rejects.toSatisfy((error) => error === broken || error instanceof ExchangeError);
  });
});
