import { fieldsOf, WIRE } from '../../network/messages/wire.js';

/** Field 1, bytes. */
const PAYLOAD_TAG = 0x0a;
const PAYLOAD = 1;

/**
 * Whether bytes in a block begin with an envelope's payload and hold no other. A block's data hash is over all envelopes one
 * behind the other, with nothing between them: whoever hands a block over could put two into one, of which a reader sees the
 * second alone, or cut a transaction from its signature, and no hash or signature would change. Orderers write each envelope
 * anew, its payload first and once, so that only one division of the same bytes has this form.
 */
export function isOneEnvelope(bytes: Uint8Array): boolean {
  if (bytes[0] !== PAYLOAD_TAG) return false;
  try {
    return [...fieldsOf(bytes)].filter(({ number, wire }) => number === PAYLOAD && wire === WIRE.bytes).length === 1;
  } catch {
    // No message at all.
    return false;
  }
}
