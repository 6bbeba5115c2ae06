import { asPeersRead } from './as-peers-read.js';
import { type MessageType, SHAPES } from './shapes.js';

/**
 * Decodes one of Fabric's messages as peers and orderers do. Whatever a client, an endorser or an admin may have written goes
 * through here: how it is read decides what is valid.
 * @throws Error for what peers cannot decode
 */
export function decode<T>(type: MessageType<T>, bytes: Uint8Array): T {
  const shape = SHAPES.get(type);
  if (shape === undefined) throw new TypeError('no shape is known of this kind of message');
  return type.deserializeBinary(asPeersRead(bytes, shape));
}
