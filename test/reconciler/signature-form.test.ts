import { createSign, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isCanonical } from '../../reconciler/ledger/signature-form.js';

const ORDERS = {
  prime256v1: BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  secp384r1: BigInt(
    '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
};

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const bytes = (digits[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), digits]) : digits;
  return Buffer.concat([Buffer.of(2, bytes.length), bytes]);
}

function der(r: bigint, s: bigint): Buffer {
  const content = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}

describe.each(['prime256v1', 'secp384r1'] as const)('a signature of %s', (curve) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const message = Buffer.from('what was signed');
  const raw = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const half = raw.length / 2;
  const r = BigInt(`0x${raw.subarray(0, half).toString('hex')}`);
  const s = BigInt(`0x${raw.subarray(half).toString('hex')}`);
  const other = ORDERS[curve] - s;

  it('counts in one of its two genuine forms', () => {
    const forms = [der(r, s), der(r, other)];
    expect(forms.map((form) => verify('sha256', message, publicKey, form))).toEqual([true, true]);
    expect(forms.map((form) => isCanonical(form, curve))).toEqual([s < other, other < s]);
  });

  it('counts in exact DER alone', () => {
    const exact = der(r, s < other ? s : other);
    expect(isCanonical(exact, curve)).toBe(true);
    const [, length = 0] = exact;
    expect(isCanonical(Buffer.concat([exact, Buffer.of(0)]), curve)).toBe(false);
    expect(isCanonical(exact.subarray(0, -1), curve)).toBe(false);
    expect(isCanonical(Buffer.concat([Buffer.of(0x30, 0x81, length), exact.subarray(2)]), curve)).toBe(false);
    expect(isCanonical(new Uint8Array(), curve)).toBe(false);
  });
});

it('of a curve that nobody uses nothing is asked', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
  expect(isCanonical(createSign('sha256').update('x').sign(privateKey), 'secp521r1')).toBe(true);
});
