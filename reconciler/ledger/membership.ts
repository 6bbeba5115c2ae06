import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { common, msp } from '@hyperledger/fabric-protos';
import { certificateNames, isAdmin } from '#chaincode';

/** Who signed a transaction, as far as the channel's configuration vouches for it. */
export interface Signer {
  /** The MSP ID of the organisation whose CA issued the certificate. */
  readonly actor: string;
  /** The certificate's common name. */
  readonly commonName: string;
  /** Whether the certificate is an admin's (organisational unit `admin`). */
  readonly admin: boolean;
}

interface KnownIdentity {
  readonly signer: Signer;
  readonly certificate: X509Certificate;
}

/**
 * The organisations of a channel, by the CA certificates in its configuration. Signatures count only where one of
 * these CAs issued the signer's certificate.
 */
export class Membership {
  readonly #roots = new Map<string, X509Certificate[]>();
  readonly #identities = new Map<string, KnownIdentity | undefined>();

  /** @param authorities PEM certificates of each MSP's CAs, intermediate ones included */
  constructor(readonly authorities: Readonly<Record<string, readonly string[]>>) {
    for (const [mspId, pems] of Object.entries(authorities)) {
      this.#roots.set(
        mspId,
        pems.map((pem) => new X509Certificate(pem)),
      );
    }
  }

  /**
   * Who signed `payload`, or undefined if the certificate is not one of the channel's or the signature is wrong.
   * @param creator a serialized identity, as in a signature header
   */
  signerOf(creator: Uint8Array, payload: Uint8Array, signature: Uint8Array): Signer | undefined {
    const identity = this.#identityOf(creator);
    if (identity === undefined) return undefined;
    return isGenuine(payload, identity.certificate.publicKey, signature) ? identity.signer : undefined;
  }

  #identityOf(creator: Uint8Array): KnownIdentity | undefined {
    const key = Buffer.from(creator).toString('latin1');
    if (!this.#identities.has(key)) this.#identities.set(key, this.#resolve(creator));
    return this.#identities.get(key);
  }

  #resolve(creator: Uint8Array): KnownIdentity | undefined {
    try {
      const serialized = msp.SerializedIdentity.deserializeBinary(creator);
      const actor = serialized.getMspid();
      const pem = Buffer.from(serialized.getIdBytes_asU8()).toString('utf8');
      const certificate = new X509Certificate(pem);
      const issued = this.#roots
        .get(actor)
        ?.some((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey));
      if (!issued) return undefined;
      const names = certificateNames(pem);
      return { certificate, signer: { actor, commonName: names.commonName, admin: isAdmin(names) } };
    } catch {
      // Not a certificate at all: nobody of this channel.
      return undefined;
    }
  }
}

/** Whether the signature is the key's: over the SHA-256 of the payload, or over the payload itself for Ed25519. */
function isGenuine(payload: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key, signature);
  } catch {
    // A key that signs nothing.
    return false;
  }
}

/** The CAs that a channel configuration names for its application organisations. */
export function authoritiesOf(configEnvelope: Uint8Array): Record<string, string[]> {
  const authorities: Record<string, string[]> = {};
  const group = common.ConfigEnvelope.deserializeBinary(configEnvelope).getConfig()?.getChannelGroup();
  const organisations = group?.getGroupsMap().get('Application')?.getGroupsMap();
  organisations?.forEach((organisation: common.ConfigGroup) => {
    const value = organisation.getValuesMap().get('MSP');
    if (value === undefined) return;
    const config = msp.FabricMSPConfig.deserializeBinary(
      msp.MSPConfig.deserializeBinary(value.getValue_asU8()).getConfig_asU8(),
    );
    authorities[config.getName()] = [...config.getRootCertsList_asU8(), ...config.getIntermediateCertsList_asU8()].map(
      (pem) => Buffer.from(pem).toString('utf8'),
    );
  });
  return authorities;
}
