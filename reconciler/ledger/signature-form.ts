/** Orders of the curves that Fabric's certificates have. */
const ORDERS: Readonly<Record<string, bigint>> = {
  prime256v1: BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  secp384r1: BigInt(
    '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
};
const [SEQUENCE, INTEGER] = [0x30, 0x02];

/**
 * Whether an ECDSA signature has the one form that Fabric's peers take: exact DER, and `s` not above half the curve's order
 * (`bccsp/utils.IsLowS`). Anybody can turn a signature into its twin with the other `s`, which is as genuine.
 * @param curve OpenSSL's name of it
 */
export function isCanonical(signature: Uint8Array, curve: string | undefined): boolean {
  const order = ORDERS[curve ?? ''];
  // Of curves that nobody uses nothing is known.
  if (order === undefined) return true;
  const [tag, length] = signature;
  if (tag !== SEQUENCE || length !== signature.length - 2 || length > 0x7f) return false;
  const r = integerAt(signature, 2);
  const s = r === undefined ? undefined : integerAt(signature, r.end);
  return s !== undefined && s.end === signature.length && s.value <= order / 2n;
}

/** A positive integer in as few bytes as it takes. */
function integerAt(bytes: Uint8Array, at: number): { readonly value: bigint; readonly end: number } | undefined {
  const [tag, length = 0] = bytes.subarray(at, at + 2);
  const digits = bytes.subarray(at + 2, at + 2 + length);
  const [first = 0, second = 0] = digits;
  if (tag !== INTEGER || length === 0 || digits.length !== length || first > 0x7f) return undefined;
  if (first === 0 && length > 1 && second < 0x80) return undefined;
  return { value: BigInt(`0x${Buffer.from(digits).toString('hex')}`), end: at + 2 + length };
}
