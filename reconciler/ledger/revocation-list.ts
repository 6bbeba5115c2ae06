import { verify, type X509Certificate } from 'node:crypto';

/** One element of DER: its tag, its content, and all its bytes. */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const TIMES = [0x17, 0x18];
const PEM = /^-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/;

/**
 * By the object identifier of the signature's algorithm, in hex: ECDSA and RSA, and Ed25519, which takes no digest. Peers
 * still take lists that are signed with SHA-1.
 */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '2a8648ce3d0401': 'sha1',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2a864886f70d010105': 'sha1',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2b6570': null,
};

/** A CA's list of the certificates that it revoked. */
export class RevocationList {
  readonly #serials = new Set<string>();
  readonly #signed: Buffer;
  readonly #signature: Buffer;
  /** Undefined for an algorithm that is not known: what it signed counts for nothing. */
  readonly #digest: string | null | undefined;

  /**
   * @param bytes as in the channel's configuration: Fabric's tools put the PEM file there, and peers take DER too
   * @throws Error if it is no list
   */
  constructor(bytes: Uint8Array) {
    const [list] = elementsOf(derOf(Buffer.from(bytes)));
    const [body, algorithm, signature] = list?.tag === SEQUENCE ? elementsOf(list.content) : [];
    if (body?.tag !== SEQUENCE || signature === undefined) throw new Error('this is no list of revoked certificates');
    this.#signed = body.whole;
    this.#digest = DIGESTS[elementsOf(algorithm?.content ?? Buffer.alloc(0))[0]?.content.toString('hex') ?? ''];
    // The first octet of a bit string counts unused bits: there are none.
    this.#signature = signature.content.subarray(1);
    const parts = elementsOf(body.content);
    const lastTime = parts.findLastIndex(({ tag }) => TIMES.includes(tag));
    const revoked = parts[lastTime + 1];
    if (revoked?.tag !== SEQUENCE) return;
    for (const entry of elementsOf(revoked.content)) {
      const [serial] = elementsOf(entry.content);
      if (serial?.tag === INTEGER) this.#serials.add(BigInt(`0x${serial.content.toString('hex')}`).toString());
    }
  }

  /** Whether it lists a certificate, and the CA that issued that one signed the list. */
  revokes(certificate: X509Certificate, issuer: X509Certificate): boolean {
    if (!this.#serials.has(BigInt(`0x${certificate.serialNumber}`).toString())) return false;
    try {
      return this.#digest !== undefined && verify(this.#digest, this.#signed, issuer.publicKey, this.#signature);
    } catch {
      return false;
    }
  }
}

function derOf(bytes: Buffer): Buffer {
  const [, text] = PEM.exec(bytes.toString('latin1')) ?? [];
  return text === undefined ? bytes : Buffer.from(text, 'base64');
}

function elementsOf(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at + 1] ?? 0;
    const octets = first < 0x80 ? 0 : first & 0x7f;
    if (octets > 4) throw new Error('a length is too long');
    const length = octets === 0 ? first : bytes.readUIntBE(at + 2, octets);
    const begin = at + 2 + octets;
    const end = begin + length;
    if (end > bytes.length) throw new Error('an element is cut off');
    elements.push({ tag: bytes[at] ?? 0, content: bytes.subarray(begin, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return elements;
}
