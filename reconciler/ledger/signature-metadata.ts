import { fieldsOf, varint, WIRE } from '../../network/messages/wire.js';

/** A signature on a block. Of the two headers one is there: the signer's identity, or its number among the consenters. */
export interface BlockSignature {
  readonly signatureHeader: Uint8Array;
  readonly signature: Uint8Array;
  readonly identifierHeader: Uint8Array;
}

/** What a block's signatures are over besides its header, and the signatures: Fabric's `common.Metadata`. */
export interface SignatureMetadata {
  readonly value: Uint8Array;
  readonly signatures: readonly BlockSignature[];
}

const NONE = new Uint8Array();

/**
 * Reads a block's signatures by hand: of two versions of Fabric's messages in one process only one is seen, and the older
 * knows no signers by number.
 * @throws Error if it is no such message
 */
export function readSignatures(bytes: Uint8Array): SignatureMetadata {
  let value: Uint8Array = NONE;
  const signatures: BlockSignature[] = [];
  for (const [field, content] of bytesIn(bytes)) {
    if (field === 1) value = content;
    else if (field === 2) signatures.push(readSignature(content));
  }
  return { value, signatures };
}

/** The message's canonical bytes. */
export function writeSignatures({ value, signatures }: SignatureMetadata): Uint8Array {
  return message([
    [1, value],
    ...signatures.map(({ signatureHeader, signature, identifierHeader }): [number, Uint8Array, boolean] => [
      2,
      message([
        [1, signatureHeader],
        [2, signature],
        [3, identifierHeader],
      ]),
      true,
    ]),
  ]);
}

function readSignature(bytes: Uint8Array): BlockSignature {
  const fields = new Map(bytesIn(bytes));
  return {
    signatureHeader: fields.get(1) ?? NONE,
    signature: fields.get(2) ?? NONE,
    identifierHeader: fields.get(3) ?? NONE,
  };
}

/** These messages hold bytes alone; what is of another kind peers pass over. */
function* bytesIn(message: Uint8Array): Generator<[number, Uint8Array]> {
  for (const { number, wire, content } of fieldsOf(message)) {
    if (wire === WIRE.bytes) yield [number, content];
  }
}

/** Empty fields are left out, save where that they are there says something. */
function message(fields: readonly (readonly [number, Uint8Array, boolean?])[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(([field, content, always = false]) =>
      content.length === 0 && !always ? [] : [varint(field * 8 + WIRE.bytes), varint(content.length), content],
    ),
  );
}
