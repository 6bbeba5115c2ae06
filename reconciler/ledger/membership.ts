import { msp } from '@hyperledger/fabric-protos';
import { isAdmin } from '#chaincode';
import { decode } from '../../network/messages/decode.js';
import type { ChannelConfig } from './channel-config.js';
import { hasSigned, type Identity, MembershipService } from './identity.js';

/** Who signed a transaction, as far as the channel's configuration vouches for it. */
export interface Signer {
  /** The MSP ID of the organisation whose CA issued the certificate. */
  readonly actor: string;
  /** The certificate's common name. */
  readonly commonName: string;
  /** Whether the certificate is an admin's (organisational unit `admin`). */
  readonly admin: boolean;
}

const MAX_KNOWN = 4096;

/**
 * The organisations of a channel, by the CA certificates in its configuration. Signatures count only where one of
 * these CAs issued the signer's certificate.
 */
export class Membership {
  readonly #config: ChannelConfig;
  readonly #services: ReadonlyMap<string, MembershipService>;
  readonly #identities = new Map<string, Identity | undefined>();

  /** @throws Error if a certificate or a revocation list of the configuration cannot be read */
  constructor(config: ChannelConfig) {
    this.#config = config;
    this.#services = new Map(
      [...config.organisations].map(([mspId, organisation]) => [mspId, new MembershipService(organisation)]),
    );
  }

  get config(): ChannelConfig {
    return this.#config;
  }

  /**
   * Who signed `payload`, or undefined if the certificate is no actor's or the signature is wrong. Whether a certificate
   * had expired or was revoked is the committing peers' to decide: what they committed as valid counts.
   * @param creator a serialized identity, as in a signature header
   */
  signerOf(creator: Uint8Array, payload: Uint8Array, signature: Uint8Array): Signer | undefined {
    const identity = this.identityOf(creator);
    if (identity === undefined || !this.#config.actors.has(identity.mspId)) return undefined;
    if (!hasSigned(identity, payload, signature)) return undefined;
    return { actor: identity.mspId, commonName: identity.names.commonName, admin: isAdmin(identity.names) };
  }

  /** The identity that a serialized one is; undefined if it is none of this channel's. */
  identityOf(serialized: Uint8Array): Identity | undefined {
    const key = Buffer.from(serialized.buffer, serialized.byteOffset, serialized.byteLength).toString('latin1');
    if (!this.#identities.has(key)) {
      if (this.#identities.size >= MAX_KNOWN) this.#identities.clear();
      this.#identities.set(key, this.#resolve(serialized));
    }
    return this.#identities.get(key);
  }

  #resolve(serialized: Uint8Array): Identity | undefined {
    try {
      const identity = decode(msp.SerializedIdentity, serialized);
      const pem = Buffer.from(identity.getIdBytes_asU8()).toString('utf8');
      return this.#services.get(identity.getMspid())?.identify(pem);
    } catch {
      // Not a certificate at all: nobody of this channel.
      return undefined;
    }
  }
}
