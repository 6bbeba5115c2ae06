import { fc, test } from '@fast-check/vitest';
import { common } from '@hyperledger/fabric-protos';
import { expect } from 'vitest';
import { isOneEnvelope } from '../../reconciler/ledger/envelopes.js';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
/** What orderers leave behind the known fields of an envelope, should a client have sent it. */
const unknown = fc.constantFrom<number[]>(
  [],
  [0x18, 0x96, 0x01],
  [0x1a, 1, 0x0a],
  [0x1d, 1, 2, 3, 4],
  [0x1b, 0x08, 7, 0x1c],
);
const envelope = fc.tuple(bytes, bytes, unknown);
const envelopes = fc.array(envelope, { minLength: 1, maxLength: 3 });

function encoded(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  const envelope = new common.Envelope();
  envelope.setPayload(payload);
  envelope.setSignature(signature);
  return envelope.serializeBinary();
}

/** The envelopes' fields, one behind the other. */
function fieldsOf(made: readonly (readonly [Uint8Array, Uint8Array, number[]])[]): Uint8Array[] {
  return made.flatMap(([payload, signature, more]) => {
    const whole = encoded(payload, signature);
    const first = encoded(payload, new Uint8Array()).length;
    return [whole.subarray(0, first), whole.subarray(first), Uint8Array.from(more)].filter(({ length }) => length > 0);
  });
}

function whole([payload, signature, more]: readonly [Uint8Array, Uint8Array, number[]]): Buffer {
  return Buffer.concat([encoded(payload, signature), Buffer.from(more)]);
}

/** Every way to put these together again, in order. */
function* divisions(parts: readonly Uint8Array[]): Generator<Uint8Array[]> {
  for (let cuts = 0; cuts < 1 << (parts.length - 1); cuts += 1) {
    const items: Uint8Array[][] = [[]];
    for (const [index, part] of parts.entries()) {
      items.at(-1)?.push(part);
      if (index < parts.length - 1 && cuts & (1 << index)) items.push([]);
    }
    yield items.map((item) => Buffer.concat(item));
  }
}

test.prop([envelopes])('the same bytes are envelopes in one division only: that of the orderers', (made) => {
  const right = made.map(whole);
  const taken = [...divisions(fieldsOf(made))].filter((items) => items.every(isOneEnvelope));
  expect(taken.map((items) => items.map((item) => Buffer.from(item)))).toEqual([right]);
});

test.prop([fc.tuple(envelope, envelope), fc.nat()])(
  'two are cut apart at their border and nowhere else',
  (made, place) => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = made.map(whole);
    const all = Buffer.concat([first, second]);
    const at = 1 + (place % (all.length - 1));
    expect([all.subarray(0, at), all.subarray(at)].every(isOneEnvelope)).toBe(at === first.length);
    expect([first, second].every(isOneEnvelope)).toBe(true);
  },
);

test.prop([fc.uint8Array({ maxLength: 64 })])('whatever bytes come, an answer is given', (any) => {
  expect(typeof isOneEnvelope(any)).toBe('boolean');
});
