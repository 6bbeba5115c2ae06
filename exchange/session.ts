import { z } from 'zod';
import { isNanos, type Nanos } from '#chaincode';
import { printable } from '../cli/printable.js';
import type { Channel } from './channel.js';
import { refuse } from './protocol/bytes.js';
import { ExchangeError } from './protocol/errors.js';
import { decodeHello, encodeHello, type Hello, sessionKey } from './protocol/hello.js';
import type { ItemSet } from './protocol/item-set.js';
import { DEFAULT_LIMITS, type ExchangeLimits } from './protocol/limits.js';
import { MESSAGE } from './protocol/messages.js';
import { type Differences, type ExchangeCost, ExchangeParty } from './protocol/party.js';

const nanos = z.string().refine(isNanos);
const scopeSchema = z.strictObject({
  actor: z.string().min(1).max(256),
  source: z.string().min(1).max(1024).optional(),
  from: nanos.optional(),
  to: nanos.optional(),
});

/** Which events are compared: what an actor attested, of one source or of all, from a time on, up to one (exclusive). */
export interface Scope {
  readonly actor: string;
  readonly source?: string | undefined;
  readonly from?: Nanos | undefined;
  readonly to?: Nanos | undefined;
}

const hostSchema = z.strictObject({
  ledger: z.string().max(128),
  channel: z.string().max(256),
  block: z.string().max(32),
  actors: z.array(z.string().max(256)).max(100),
  sources: z.array(z.string().max(4096)).max(100).optional(),
});

/** What the answering side says of the database that it answers from. */
export interface Host {
  /** Hash of block 0. */
  readonly ledger: string;
  readonly channel: string;
  /** Number of the last block that was read. */
  readonly block: string;
  /** Who has attested something. */
  readonly actors: readonly string[];
  /**
   * Where one source is asked about: of which ones the actor has said anything, or if of none, of which anybody has; some of them,
   * and the one that is asked about if it is there.
   */
  readonly sources?: readonly string[] | undefined;
}

/** What the answering side has of a scope. */
export type Offer = (scope: Scope) => { readonly host: Host; readonly set: ItemSet };

/** What an exchange has found, as the asking side sees it. */
export interface SessionResult extends Differences {
  readonly host: Host;
  /** Without the hellos. */
  readonly cost: ExchangeCost;
}

const REASON_BYTES = 600;
const REFUSALS = {
  PROTOCOL: 'your messages cannot be read',
  LIMIT: 'the exchange has grown beyond its limits',
  UNEXPLAINED: 'the two sets contradict what was said of them',
} as const;

/** Random bytes, passed in. */
export type Random = (bytes: number) => Buffer;

/**
 * Finds how our set differs from the other side's of the same scope.
 * @throws ExchangeError
 */
export async function ask(
  channel: Channel,
  scope: Scope,
  set: ItemSet,
  random: Random,
  limits: ExchangeLimits = DEFAULT_LIMITS,
): Promise<SessionResult> {
  return guarded(channel, async () => {
    const asking = encodeHello({ nonce: random(32), text: JSON.stringify(scope) });
    await channel.send(asking);
    const answering = await due(channel);
    const host = said(hostSchema, decodeHello(answering));
    const party = new ExchangeParty(set, sessionKey(asking, answering), limits);
    await channel.send(party.open());
    const differences = await talk(channel, party);
    return { ...differences, host, cost: party.cost };
  });
}

/**
 * Answers one exchange after the other, until the other side ends.
 * @returns how many there were
 * @throws ExchangeError
 */
export async function answer(
  channel: Channel,
  offer: Offer,
  random: Random,
  limits: ExchangeLimits = DEFAULT_LIMITS,
): Promise<number> {
  return guarded(channel, async () => {
    for (let exchanges = 0; ; exchanges++) {
      const asking = await channel.receive();
      if (asking === undefined) return exchanges;
      const { host, set } = offer(said(scopeSchema, decodeHello(asking)));
      const answering = encodeHello({ nonce: random(32), text: JSON.stringify(host) });
      await channel.send(answering);
      await talk(channel, new ExchangeParty(set, sessionKey(asking, answering), limits));
    }
  });
}

async function talk(channel: Channel, party: ExchangeParty): Promise<Differences> {
  while (party.differences === undefined) {
    const message = party.receive(await due(channel));
    if (message !== undefined) await channel.send(message);
  }
  return party.differences;
}

async function due(channel: Channel): Promise<Buffer> {
  const message = await channel.receive();
  if (message === undefined) {
    throw new ExchangeError('CHANNEL', 'The other side ended before the exchange was over; see what it says there.');
  }
  if (message[0] === MESSAGE.refusal) {
    const reason = printable(message.subarray(1, 1 + REASON_BYTES).toString('utf8'));
    throw new ExchangeError('PEER', `The other side gave up: ${reason}`);
  }
  return message;
}

/** Tells the other side why we give up, as far as that is its business. */
async function guarded<T>(channel: Channel, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const code = error instanceof ExchangeError ? error.code : undefined;
    if (code !== 'PEER' && code !== 'CHANNEL') {
      const reason =
        code !== undefined && code in REFUSALS ? REFUSALS[code as keyof typeof REFUSALS] : 'it cannot go on';
      await channel.send(Buffer.concat([Buffer.of(MESSAGE.refusal), Buffer.from(`${reason}.`)]));
    }
    channel.close();
    throw error;
  }
}

function said<T>(schema: z.ZodType<T>, { text }: Hello): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse('its hello holds no JSON');
  }
  const result = schema.safeParse(value);
  return result.success ? result.data : refuse('its hello does not say what is due');
}
