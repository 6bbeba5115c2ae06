import { hash } from 'node:crypto';
import { refuse } from './bytes.js';
import { KEY_BYTES } from './keyed-set.js';
import { MESSAGE } from './messages.js';

const MAGIC = Buffer.from('e2lx');
const VERSION = 1;
const HEAD_BYTES = 1 + MAGIC.length + 1;
/** The longest text of a hello, in bytes. */
const MAX_TEXT_BYTES = 16 * 1024;
const SESSION_PREFIX = 'event2ledger/exchange/v1\n';

/** The first message of a side: its random number, and what it has to say of the sets, as JSON. */
export interface Hello {
  /** 32 bytes that nobody could know before. */
  readonly nonce: Buffer;
  readonly text: string;
}

export function encodeHello({ nonce, text }: Hello): Buffer {
  return Buffer.concat([Buffer.of(MESSAGE.hello), MAGIC, Buffer.of(VERSION), nonce, Buffer.from(text)]);
}

/** @throws ExchangeError `PROTOCOL` */
export function decodeHello(message: Buffer): Hello {
  if (message[0] !== MESSAGE.hello || !message.subarray(1, HEAD_BYTES - 1).equals(MAGIC)) refuse('it is no hello');
  if (message[HEAD_BYTES - 1] !== VERSION) refuse(`its version is not ${VERSION}`);
  const text = message.subarray(HEAD_BYTES + KEY_BYTES);
  if (message.length < HEAD_BYTES + KEY_BYTES || text.length > MAX_TEXT_BYTES)
    refuse('its hello is too short or too long');
  return { nonce: Buffer.from(message.subarray(HEAD_BYTES, HEAD_BYTES + KEY_BYTES)), text: text.toString('utf8') };
}

/** The key of an exchange: neither side alone decides it, and neither knows it before both have spoken. */
export function sessionKey(asking: Buffer, answering: Buffer): Buffer {
  const said = [asking, answering].map((hello) => hash('sha256', hello, 'buffer'));
  return hash('sha256', Buffer.concat([Buffer.from(SESSION_PREFIX), ...said]), 'buffer');
}
