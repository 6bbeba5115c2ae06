import { common } from '@hyperledger/fabric-protos';
import { printable } from '../../cli/printable.js';
import { decode } from '../../network/messages/decode.js';
import { genuineSigners, isSatisfied, policyPath } from './channel-policy.js';
import { type ConfigElement, type ConfigElements, elementsOf, firstDifference, overlaid } from './config-elements.js';
import { hasSigned, type Identity } from './identity.js';
import type { Membership } from './membership.js';

/** A transaction that puts a configuration in force, as it stands in a block. */
export interface ConfigTransaction {
  readonly envelope: common.Envelope;
  readonly header: common.ChannelHeader;
  /** Serialised identity of the orderer that made it. */
  readonly creator: Uint8Array;
  /** The config envelope. */
  readonly data: Uint8Array;
}

const NONE = new Uint8Array();

/** @returns undefined if an envelope holds something else. @throws Error if it cannot be decoded */
export function configTransaction(bytes: Uint8Array): ConfigTransaction | undefined {
  const envelope = decode(common.Envelope, bytes);
  const payload = decode(common.Payload, envelope.getPayload_asU8());
  const header = decode(common.ChannelHeader, payload.getHeader()?.getChannelHeader_asU8() ?? NONE);
  if (header.getType() !== common.HeaderType.CONFIG) return undefined;
  const signature = decode(common.SignatureHeader, payload.getHeader()?.getSignatureHeader_asU8() ?? NONE);
  return { envelope, header, creator: signature.getCreator_asU8(), data: payload.getData_asU8() };
}

/**
 * What speaks against a new configuration, by the one in force before it: Fabric's `configtx.Validate`. The update in it must
 * be of this channel, read the versions that are in force, change elements by one version each, be signed as each changed
 * element's policy asks of those who change it, and give exactly the new configuration.
 * @param before by which identities, signatures and policies count
 * @returns the end of a sentence; undefined if nothing does
 * @throws Error if it cannot be decoded
 */
export function faultOfConfiguration(
  transaction: ConfigTransaction,
  channel: string,
  before: Membership,
): string | undefined {
  const { envelope, header, creator, data } = transaction;
  const maker = before.identityOf(creator);
  if (
    maker === undefined ||
    !maker.isValid ||
    !hasSigned(maker, envelope.getPayload_asU8(), envelope.getSignature_asU8())
  ) {
    return 'it is not signed by a member that made it';
  }
  if (header.getChannelId() !== channel) return `it is of the channel ${quoted(header.getChannelId())}`;
  const proposed = decode(common.ConfigEnvelope, data);
  const update = updateEnvelope(proposed.getLastUpdate());
  if (update === undefined) return 'nobody asked for it: no update is in it';
  return faultOfUpdate(update, proposed.getConfig()?.getChannelGroup(), channel, before);
}

function faultOfUpdate(
  envelope: common.ConfigUpdateEnvelope,
  proposed: common.ConfigGroup | undefined,
  channel: string,
  before: Membership,
): string | undefined {
  const update = decode(common.ConfigUpdate, envelope.getConfigUpdate_asU8());
  if (update.getChannelId() !== channel) return `its update is of the channel ${quoted(update.getChannelId())}`;
  const current = elementsOf(decode(common.ConfigEnvelope, before.config.bytes).getConfig()?.getChannelGroup());
  const read = elementsOf(update.getReadSet());
  for (const [key, { version }] of read) {
    const found = current.get(key)?.version;
    if (found !== version) return `its update goes by version ${version} of ${key}, not by ${found ?? 'none'}`;
  }
  const written = elementsOf(update.getWriteSet());
  const changed = new Map([...written].filter(([key, one]) => !isRead(read.get(key), one)));
  if (changed.size === 0) return 'its update changes nothing';
  const signers = signersOf(envelope, before);
  for (const [key, element] of changed) {
    const fault = faultOfChange(key, element, current, before, signers);
    if (fault !== undefined) return fault;
  }
  const result = overlaid(current, changed);
  for (const key of written.keys()) if (!result.has(key)) return `its update writes ${key}, which no group then names`;
  const difference = firstDifference(result, elementsOf(proposed));
  return difference === undefined ? undefined : `${difference} is not what the update makes of it`;
}

/** Whether what is written is there only to say where it is: of the version that was read. */
function isRead(read: ConfigElement | undefined, written: ConfigElement): boolean {
  return read?.version === written.version;
}

function faultOfChange(
  key: string,
  { version, modPolicy }: ConfigElement,
  current: ConfigElements,
  { config }: Membership,
  signers: readonly Identity[],
): string | undefined {
  if (modPolicy === '') return `its update leaves ${key} without a policy`;
  const existing = current.get(key);
  // Whether something may be added is for the policy of the group that then names it.
  if (existing === undefined) return version === 0 ? undefined : `its update makes ${key} anew at version ${version}`;
  if (version !== existing.version + 1) {
    return `its update makes version ${version} of ${key}, after version ${existing.version}`;
  }
  const path = policyPath(existing.modPolicy, existing.groups);
  if (path !== undefined && isSatisfied(config.policies, path, signers)) return undefined;
  const names = signers.map(({ mspId, names: { commonName } }) => printable(`${mspId}/${commonName}`, 100)).join(', ');
  return `${key} may be changed by ${quoted(existing.modPolicy)} alone, and the update is signed by ${names || 'nobody'}`;
}

function signersOf(envelope: common.ConfigUpdateEnvelope, before: Membership): Identity[] {
  const update = envelope.getConfigUpdate_asU8();
  const signed = envelope.getSignaturesList().map((each) => {
    const header = each.getSignatureHeader_asU8();
    const identity = decode(common.SignatureHeader, header).getCreator_asU8();
    return { identity, data: Buffer.concat([header, update]), signature: each.getSignature_asU8() };
  });
  return genuineSigners(before, signed);
}

function updateEnvelope(envelope: common.Envelope | undefined): common.ConfigUpdateEnvelope | undefined {
  if (envelope === undefined) return undefined;
  const payload = decode(common.Payload, envelope.getPayload_asU8());
  const header = decode(common.ChannelHeader, payload.getHeader()?.getChannelHeader_asU8() ?? NONE);
  if (header.getType() !== common.HeaderType.CONFIG_UPDATE) return undefined;
  return decode(common.ConfigUpdateEnvelope, payload.getData_asU8());
}

function quoted(text: string): string {
  return `"${printable(text, 200)}"`;
}
