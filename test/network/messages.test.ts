import { fc, test } from '@fast-check/vitest';
import { common, peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { asPeersRead } from '../../network/messages/as-peers-read.js';
import { decode } from '../../network/messages/decode.js';
import { SHAPES } from '../../network/messages/shapes.js';

describe('messages are read', () => {
  test.prop([fc.constantFrom(...SHAPES), fc.uint8Array({ maxLength: 60 })])(
    'into a form that stays as it is, or refused, whatever bytes come',
    ([type, shape], bytes) => {
      let plain: Uint8Array;
      try {
        plain = asPeersRead(bytes, shape);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        return;
      }
      expect(Buffer.from(asPeersRead(plain, shape))).toEqual(Buffer.from(plain));
      // What is not refused the library can decode.
      expect(type.deserializeBinary(plain)).toBeDefined();
    },
  );

  it('of no kind whose fields are not known', () => {
    expect(() => decode(common.Block, new Uint8Array())).toThrow(TypeError);
  });

  it('without a copy where they are plain', () => {
    const bytes = Buffer.from('0a03616263', 'hex');
    expect(asPeersRead(bytes, SHAPES.get(common.Envelope) ?? [])).toBe(bytes);
  });

  it('with groups as deep as Go goes, and no deeper', () => {
    const nested = (depth: number) => Buffer.from([...Array(depth).fill(0x4b), ...Array(depth).fill(0x4c)]);
    expect(decode(peer.Transaction, nested(10_001)).getActionsList()).toEqual([]);
    expect(() => decode(peer.Transaction, nested(10_002))).toThrow(/too deep/);
  });
});
