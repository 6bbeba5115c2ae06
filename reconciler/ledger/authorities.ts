import { X509Certificate } from 'node:crypto';

const SECOND = 1_000;

/** An organisation's CAs, as a tree: its leaves issue the organisation's certificates. */
export class Authorities {
  readonly #roots: readonly X509Certificate[];
  readonly #intermediates: readonly X509Certificate[];
  /** By fingerprint: those that issued another CA, and so no identity. */
  readonly #inner: ReadonlySet<string>;

  /** PEM. @throws Error if a certificate cannot be read */
  constructor(roots: readonly string[], intermediates: readonly string[]) {
    this.#roots = roots.map((pem) => new X509Certificate(pem));
    this.#intermediates = intermediates.map((pem) => new X509Certificate(pem));
    const above = this.#intermediates.flatMap((one) => this.#chainsOf(one, [one]).flat());
    this.#inner = new Set(above.map(({ fingerprint256 }) => fingerprint256));
  }

  /**
   * The CAs from the one that issued a certificate up to its root; undefined if none did, or if it is not clear which.
   * As Fabric's `msp.getValidationChain`: one chain alone, and of a CA that issued no other.
   */
  chainOf(certificate: X509Certificate): readonly X509Certificate[] | undefined {
    const [chain, ...others] = this.#chainsOf(certificate, [certificate]);
    const [issuer] = chain ?? [];
    if (issuer === undefined || others.length > 0 || this.#inner.has(issuer.fingerprint256)) return undefined;
    return chain;
  }

  /** @param below the certificates that lead here, so that no ring of CAs is gone through twice */
  #chainsOf(certificate: X509Certificate, below: readonly X509Certificate[]): X509Certificate[][] {
    // Fabric looks at certificates as of a second after the one in question begins: no clock decides.
    const moment = Date.parse(below[0]?.validFrom ?? '') + SECOND;
    const isIssuer = (authority: X509Certificate) =>
      authority.ca &&
      isValidAt(authority, moment) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey);
    const ends = this.#roots.filter(isIssuer).map((root) => [root]);
    const goOn = this.#intermediates
      .filter((one) => !below.some(({ raw }) => raw.equals(one.raw)) && isIssuer(one))
      .flatMap((one) => this.#chainsOf(one, [...below, one]).map((chain) => [one, ...chain]));
    return [...ends, ...goOn];
  }
}

function isValidAt({ validFrom, validTo }: X509Certificate, moment: number): boolean {
  return moment >= Date.parse(validFrom) && moment <= Date.parse(validTo);
}
