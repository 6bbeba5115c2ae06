import { common, peer } from '@hyperledger/fabric-protos';
import type { MessageShape } from '../../network/messages/shape.js';
import { type MessageType, SHAPES } from '../../network/messages/shapes.js';
import { fieldsOf, varint, WIRE } from '../../network/messages/wire.js';

/** After how many of a nested message's fields its first part ends. */
export type Cut = (fields: number) => number;

/** In the middle. */
export const HALVES: Cut = (fields) => fields >> 1;

/**
 * A message in which each nested one that comes once stands in two parts, at every depth: the same to Go's `proto.Unmarshal`, which
 * puts them together.
 */
export function inParts(type: MessageType<unknown>, bytes: Uint8Array, cut: Cut = HALVES): Uint8Array {
  const shape = SHAPES.get(type);
  if (shape === undefined) throw new TypeError('no shape is known of this kind of message');
  return Buffer.concat(partsOf(bytes, shape, cut));
}

/** What a transaction's client alone signs of it, each message in it in parts. */
export function payloadInParts(bytes: Uint8Array, cut: Cut = HALVES): Uint8Array {
  const payload = common.Payload.deserializeBinary(bytes);
  const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
  for (const action of transaction.getActionsList()) {
    action.setPayload(inParts(peer.ChaincodeActionPayload, action.getPayload_asU8(), cut));
  }
  payload.setData(transaction.serializeBinary());
  return inParts(common.Payload, payload.serializeBinary(), cut);
}

function partsOf(bytes: Uint8Array, shape: MessageShape, cut: Cut): Uint8Array[] {
  return [...fieldsOf(bytes)].flatMap(({ number, wire, content }) => {
    const field = shape[number];
    const written = (...contents: Uint8Array[]) =>
      Buffer.concat([
        varint(number * 8 + wire),
        ...(wire === WIRE.bytes ? [varint(Buffer.concat(contents).length)] : []),
        ...contents,
      ]);
    if (field?.kind === 'many') return [written(...partsOf(content, field.of, cut))];
    if (field?.kind !== 'one') return [written(content)];
    const inner = partsOf(content, field.of, cut);
    const at = cut(inner.length);
    return [written(...inner.slice(0, at)), written(...inner.slice(at))];
  });
}
