import { common } from '@hyperledger/fabric-protos';
import { MadeChannel, type MadeSigner, signatureHeaderOf, signedEnvelope } from './made-channel.js';

/** Where a value is: the groups below the channel's, and its name. */
export interface ValuePlace {
  readonly groups: readonly string[];
  readonly name: string;
}

export function copyOf(config: common.Config): common.Config {
  return common.Config.deserializeBinary(config.serializeBinary());
}

export function groupAt(config: common.Config, groups: readonly string[]): common.ConfigGroup {
  let group = config.getChannelGroup();
  for (const name of groups) group = group?.getGroupsMap().get(name);
  if (group === undefined) throw new Error(`there is no group ${groups.join('/')}`);
  return group;
}

export function valueAt(config: common.Config, { groups, name }: ValuePlace): common.ConfigValue {
  const value = groupAt(config, groups).getValuesMap().get(name);
  if (value === undefined) throw new Error(`there is no value ${name}`);
  return value;
}

/** The configuration after it, in which one value is another. */
export function withValue(config: common.Config, place: ValuePlace, bytes: Uint8Array): common.Config {
  const changed = copyOf(config);
  changed.setSequence(config.getSequence() + 1);
  const value = valueAt(changed, place);
  value.setValue(bytes);
  value.setVersion(value.getVersion() + 1);
  return changed;
}

/** An update that changes the value at a place to what it is in `after`, and reads the groups down to it. */
export function updateTo(before: common.Config, after: common.Config, place: ValuePlace): common.ConfigUpdate {
  const update = new common.ConfigUpdate();
  update.setChannelId(MadeChannel.NAME);
  update.setReadSet(pathTo(before, place.groups));
  const writeSet = pathTo(before, place.groups);
  innermost(writeSet, place.groups).getValuesMap().set(place.name, valueAt(after, place));
  update.setWriteSet(writeSet);
  return update;
}

/** An update with signatures over it. */
export function signedUpdate(
  update: common.ConfigUpdate,
  signers: readonly MadeSigner[],
  over: Uint8Array = update.serializeBinary(),
): common.ConfigUpdateEnvelope {
  const envelope = new common.ConfigUpdateEnvelope();
  envelope.setConfigUpdate(update.serializeBinary());
  for (const { identity, sign } of signers) {
    const header = signatureHeaderOf(identity).serializeBinary();
    const signature = new common.ConfigSignature();
    signature.setSignatureHeader(header);
    signature.setSignature(sign(Buffer.concat([header, over])));
    envelope.addSignatures(signature);
  }
  return envelope;
}

/** The transaction that an orderer makes of an update: the new configuration, and what it follows from. */
export function configurationTransaction(
  config: common.Config,
  update: common.ConfigUpdateEnvelope | undefined,
  maker: MadeSigner,
  channel?: string,
): Uint8Array {
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(config);
  if (update !== undefined) {
    envelope.setLastUpdate(signedEnvelope(common.HeaderType.CONFIG_UPDATE, update.serializeBinary(), maker));
  }
  return signedEnvelope(common.HeaderType.CONFIG, envelope.serializeBinary(), maker, channel).serializeBinary();
}

/** The groups down to one, at their versions and with nothing else in them. */
export function pathTo(config: common.Config, groups: readonly string[]): common.ConfigGroup {
  const bare = (depth: number): common.ConfigGroup => {
    const made = new common.ConfigGroup();
    made.setVersion(groupAt(config, groups.slice(0, depth)).getVersion());
    const next = groups[depth];
    if (next !== undefined) made.getGroupsMap().set(next, bare(depth + 1));
    return made;
  };
  return bare(0);
}

export function innermost(group: common.ConfigGroup, groups: readonly string[]): common.ConfigGroup {
  let found = group;
  for (const name of groups) found = found.getGroupsMap().get(name) ?? found;
  return found;
}
