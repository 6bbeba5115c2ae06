import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { decode } from '../../network/messages/decode.js';

/** An organisational unit that an organisation's certificates may name. */
export interface Unit {
  readonly name: string;
  /** PEM of the CA that must have issued a certificate that names it; undefined if any of the organisation's may. */
  readonly certifier: string | undefined;
}

/** How an organisation's certificates say what they are for: Fabric's node OUs, by role. */
export type NodeUnits = Readonly<Record<'client' | 'peer' | 'admin' | 'orderer', Unit | undefined>>;

/** One organisation's membership service, as the channel's configuration has it. */
export interface Organisation {
  readonly mspId: string;
  /** PEM of its root CAs. */
  readonly roots: readonly string[];
  /** PEM of the CAs that those certified. */
  readonly intermediates: readonly string[];
  /** PEM of certificates that are admins' by being listed. */
  readonly admins: readonly string[];
  /** PEM or DER. */
  readonly revocationLists: readonly Uint8Array[];
  /** Undefined where certificates tell no roles. */
  readonly nodeUnits: NodeUnits | undefined;
  /** Units of which a certificate must name one; empty where any does. */
  readonly requiredUnits: readonly Unit[];
}

/** A group of the configuration: its policies and the groups within it. */
export interface PolicyGroup {
  readonly policies: ReadonlyMap<string, common.Policy>;
  readonly groups: ReadonlyMap<string, PolicyGroup>;
}

/** An orderer of a BFT channel: its blocks' signatures name it by number. */
export interface Consenter {
  readonly id: number;
  /** Serialised identity. */
  readonly identity: Uint8Array;
}

/** A channel's configuration, as far as it says whose word counts. */
export interface ChannelConfig {
  /** The config envelope it was read from. */
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** By MSP ID. */
  readonly organisations: ReadonlyMap<string, Organisation>;
  /** MSP IDs of the organisations whose members transact, the actors, and under which name each is in the configuration. */
  readonly actors: ReadonlyMap<string, string>;
  /** What peers must be able to do, such as `V2_5`: names of Fabric's versions. */
  readonly capabilities: ReadonlySet<string>;
  readonly policies: PolicyGroup;
  readonly consenters: readonly Consenter[];
  /** `etcdraft`, `BFT`, …; empty where the configuration names no orderers. */
  readonly ordererType: string;
}

const FABRIC_MSP = 0;

/**
 * Reads a channel's configuration from a config envelope.
 * @throws Error if it is none
 */
export function parseChannelConfig(bytes: Uint8Array): ChannelConfig {
  const config = decode(common.ConfigEnvelope, bytes).getConfig();
  const channel = config?.getChannelGroup();
  if (config === undefined || channel === undefined) throw new Error('the envelope holds no configuration');
  const sections = new Map(entriesOf<common.ConfigGroup>(channel.getGroupsMap()));
  const transacting = sections.get('Application');
  const applications = organisationsOf(transacting);
  const ordering = sections.get('Orderer');
  return {
    bytes,
    sequence: config.getSequence(),
    organisations: new Map([...organisationsOf(ordering), ...applications].map(([, one]) => [one.mspId, one])),
    actors: new Map(applications.map(([name, { mspId }]) => [mspId, name])),
    capabilities: capabilitiesOf(transacting),
    policies: policyGroup(channel),
    consenters: consentersOf(ordering),
    ordererType: ordererTypeOf(ordering),
  };
}

function policyGroup(group: common.ConfigGroup): PolicyGroup {
  const policies = entriesOf<common.ConfigPolicy>(group.getPoliciesMap()).flatMap(
    ([name, value]): [string, common.Policy][] => {
      const policy = value.getPolicy();
      return policy === undefined ? [] : [[name, policy]];
    },
  );
  const groups = entriesOf<common.ConfigGroup>(group.getGroupsMap()).map(([name, inner]): [string, PolicyGroup] => [
    name,
    policyGroup(inner),
  ]);
  return { policies: new Map(policies), groups: new Map(groups) };
}

/** By their groups' names. */
function organisationsOf(section: common.ConfigGroup | undefined): [string, Organisation][] {
  if (section === undefined) return [];
  return entriesOf<common.ConfigGroup>(section.getGroupsMap()).flatMap(([name, group]): [string, Organisation][] => {
    const value = group.getValuesMap().get('MSP');
    if (value === undefined) return [];
    const config = decode(msp.MSPConfig, value.getValue_asU8());
    // An anonymous membership service has no certificates to check.
    return config.getType() === FABRIC_MSP ? [[name, organisation(config.getConfig_asU8())]] : [];
  });
}

function organisation(bytes: Uint8Array): Organisation {
  const config = decode(msp.FabricMSPConfig, bytes);
  return {
    mspId: config.getName(),
    roots: textsOf(config.getRootCertsList_asU8()),
    intermediates: textsOf(config.getIntermediateCertsList_asU8()),
    admins: textsOf(config.getAdminsList_asU8()),
    revocationLists: config.getRevocationListList_asU8(),
    nodeUnits: nodeUnits(config.getFabricNodeOus()),
    requiredUnits: config.getOrganizationalUnitIdentifiersList().map(unit),
  };
}

/** They tell roles where they are enabled and there is one at least. */
function nodeUnits(units: msp.FabricNodeOUs | undefined): NodeUnits | undefined {
  if (!units?.getEnable()) return undefined;
  const [client, peer, admin, ordering] = [
    units.getClientOuIdentifier(),
    units.getPeerOuIdentifier(),
    units.getAdminOuIdentifier(),
    units.getOrdererOuIdentifier(),
  ].map((identifier) => (identifier === undefined ? undefined : unit(identifier)));
  return [client, peer, admin, ordering].some((one) => one !== undefined)
    ? { client, peer, admin, orderer: ordering }
    : undefined;
}

function unit(identifier: msp.FabricOUIdentifier): Unit {
  const certifier = Buffer.from(identifier.getCertificate_asU8()).toString('utf8');
  return {
    name: identifier.getOrganizationalUnitIdentifier(),
    certifier: certifier === '' ? undefined : certifier,
  };
}

function capabilitiesOf(section: common.ConfigGroup | undefined): ReadonlySet<string> {
  const value = section?.getValuesMap().get('Capabilities');
  if (value === undefined) return new Set();
  const map = decode(common.Capabilities, value.getValue_asU8()).getCapabilitiesMap();
  return new Set(entriesOf<common.Capability>(map).map(([name]) => name));
}

function consentersOf(group: common.ConfigGroup | undefined): Consenter[] {
  const value = group?.getValuesMap().get('Orderers');
  if (value === undefined) return [];
  return decode(common.Orderers, value.getValue_asU8())
    .getConsenterMappingList()
    .map((consenter) => {
      const identity = new msp.SerializedIdentity();
      identity.setMspid(consenter.getMspId());
      identity.setIdBytes(consenter.getIdentity_asU8());
      return { id: consenter.getId(), identity: identity.serializeBinary() };
    });
}

function ordererTypeOf(group: common.ConfigGroup | undefined): string {
  const value = group?.getValuesMap().get('ConsensusType');
  return value === undefined ? '' : decode(orderer.ConsensusType, value.getValue_asU8()).getType();
}

function entriesOf<T>(map: { forEach(each: (value: T, key: string) => void): void }): [string, T][] {
  const entries: [string, T][] = [];
  map.forEach((value, key) => {
    entries.push([key, value]);
  });
  return entries;
}

function textsOf(pems: readonly Uint8Array[]): string[] {
  return pems.map((pem) => Buffer.from(pem).toString('utf8'));
}
