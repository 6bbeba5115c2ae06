import { randomBytes } from 'node:crypto';
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { type MadeBlock, makeBlock, sha256 } from './blocks.js';

const FABRIC_MSP = 0;
const SIGNATURE_POLICY = 1;
const IMPLICIT_META_POLICY = 3;
const ROLE_CLASSIFICATION = 0;

/**
 * Block 0: the channel's configuration, in the form in which real Fabric has it, so that whoever reads real ledgers
 * finds the actors' CAs here as well. Policies are stated for the reader; the embedded ledger itself always asks for a
 * majority of the actors. Blocks are valid when peers of a majority of the actors signed them: in this ledger all do,
 * with keys that lie in one folder.
 * @param cas PEM of each actor's CA certificate, by MSP
 */
export function genesisBlock(channel: string, cas: ReadonlyMap<string, string>): MadeBlock {
  const config = new common.Config();
  config.setSequence(0);
  config.setChannelGroup(channelGroup(cas));
  const envelope = new common.ConfigEnvelope();
  envelope.setConfig(config);
  const codes = [0];
  return makeBlock(0, new Uint8Array(), [configTransaction(channel, envelope.serializeBinary())], codes, []);
}

function configTransaction(channel: string, data: Uint8Array): Uint8Array {
  const nonce = randomBytes(24);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  channelHeader.setVersion(1);
  channelHeader.setChannelId(channel);
  channelHeader.setTxId(sha256(nonce).toString('hex'));
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setNonce(nonce);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return envelope.serializeBinary();
}

function channelGroup(cas: ReadonlyMap<string, string>): common.ConfigGroup {
  const hashing = new common.HashingAlgorithm();
  hashing.setName('SHA256');
  const structure = new common.BlockDataHashingStructure();
  structure.setWidth(0xff_ff_ff_ff);
  const group = newGroup();
  group.getValuesMap().set('Capabilities', capabilities('V3_0'));
  group.getValuesMap().set('HashingAlgorithm', value(hashing.serializeBinary()));
  group.getValuesMap().set('BlockDataHashingStructure', value(structure.serializeBinary()));
  addMetaPolicies(group, { Readers: 'ANY', Writers: 'ANY', Admins: 'MAJORITY' });
  group.getGroupsMap().set('Application', applicationGroup(cas));
  group.getGroupsMap().set('Orderer', ordererGroup(cas));
  return group;
}

/** There are no orderers; but blocks have signers, and readers look here for who they must be. */
function ordererGroup(cas: ReadonlyMap<string, string>): common.ConfigGroup {
  const consensus = new orderer.ConsensusType();
  consensus.setType('embedded');
  const group = newGroup();
  group.getValuesMap().set('ConsensusType', value(consensus.serializeBinary()));
  group.getValuesMap().set('Capabilities', capabilities('V2_0'));
  addMetaPolicies(group, { Readers: 'ANY', Writers: 'ANY', Admins: 'MAJORITY' });
  const majority = Math.floor(cas.size / 2) + 1;
  const peers = [...cas.keys()].map((actor): [string, RoleType] => [actor, msp.MSPRole.MSPRoleType.PEER]);
  group.getPoliciesMap().set('BlockValidation', rolesPolicy(majority, peers));
  for (const [actor, ca] of cas) group.getGroupsMap().set(actor, organisation(actor, ca));
  return group;
}

function applicationGroup(cas: ReadonlyMap<string, string>): common.ConfigGroup {
  const group = newGroup();
  group.getValuesMap().set('Capabilities', capabilities('V2_5'));
  addMetaPolicies(group, {
    Readers: 'ANY',
    Writers: 'ANY',
    Admins: 'MAJORITY',
    Endorsement: 'MAJORITY',
    LifecycleEndorsement: 'MAJORITY',
  });
  for (const [actor, ca] of cas) group.getGroupsMap().set(actor, organisation(actor, ca));
  return group;
}

function organisation(actor: string, ca: string): common.ConfigGroup {
  const { ADMIN, CLIENT, PEER } = msp.MSPRole.MSPRoleType;
  const group = newGroup();
  group.getValuesMap().set('MSP', value(mspConfig(actor, ca)));
  const policies = group.getPoliciesMap();
  policies.set('Readers', rolePolicy(actor, [ADMIN, PEER, CLIENT]));
  policies.set('Writers', rolePolicy(actor, [ADMIN, CLIENT]));
  policies.set('Admins', rolePolicy(actor, [ADMIN]));
  policies.set('Endorsement', rolePolicy(actor, [PEER]));
  return group;
}

function mspConfig(actor: string, ca: string): Uint8Array {
  const root = Buffer.from(ca);
  const unit = (name: string): msp.FabricOUIdentifier => {
    const identifier = new msp.FabricOUIdentifier();
    identifier.setCertificate(root);
    identifier.setOrganizationalUnitIdentifier(name);
    return identifier;
  };
  const units = new msp.FabricNodeOUs();
  units.setEnable(true);
  units.setClientOuIdentifier(unit('client'));
  units.setPeerOuIdentifier(unit('peer'));
  units.setAdminOuIdentifier(unit('admin'));
  units.setOrdererOuIdentifier(unit('orderer'));
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA2');
  crypto.setIdentityIdentifierHashFunction('SHA256');
  const fabric = new msp.FabricMSPConfig();
  fabric.setName(actor);
  fabric.setRootCertsList([root]);
  fabric.setCryptoConfig(crypto);
  fabric.setFabricNodeOus(units);
  const config = new msp.MSPConfig();
  config.setType(FABRIC_MSP);
  config.setConfig(fabric.serializeBinary());
  return config.serializeBinary();
}

type RoleType = msp.MSPRole.MSPRoleTypeMap[keyof msp.MSPRole.MSPRoleTypeMap];

/** One signature of a member with any of these roles. */
function rolePolicy(actor: string, roles: readonly RoleType[]): common.ConfigPolicy {
  return rolesPolicy(
    1,
    roles.map((role) => [actor, role]),
  );
}

/** Signatures of members with at least `needed` of these roles. */
function rolesPolicy(needed: number, roles: readonly (readonly [string, RoleType])[]): common.ConfigPolicy {
  const someOf = new common.SignaturePolicy.NOutOf();
  someOf.setN(needed);
  const envelope = new common.SignaturePolicyEnvelope();
  for (const [index, [actor, role]] of roles.entries()) {
    const signedBy = new common.SignaturePolicy();
    signedBy.setSignedBy(index);
    someOf.addRules(signedBy);
    const mspRole = new msp.MSPRole();
    mspRole.setMspIdentifier(actor);
    mspRole.setRole(role);
    const principal = new msp.MSPPrincipal();
    principal.setPrincipalClassification(ROLE_CLASSIFICATION);
    principal.setPrincipal(mspRole.serializeBinary());
    envelope.addIdentities(principal);
  }
  const rule = new common.SignaturePolicy();
  rule.setNOutOf(someOf);
  envelope.setRule(rule);
  return policy(SIGNATURE_POLICY, envelope.serializeBinary());
}

function addMetaPolicies(group: common.ConfigGroup, rules: Record<string, 'ANY' | 'MAJORITY'>): void {
  for (const [name, rule] of Object.entries(rules)) {
    const meta = new common.ImplicitMetaPolicy();
    meta.setSubPolicy(name === 'LifecycleEndorsement' ? 'Endorsement' : name);
    meta.setRule(common.ImplicitMetaPolicy.Rule[rule]);
    group.getPoliciesMap().set(name, policy(IMPLICIT_META_POLICY, meta.serializeBinary()));
  }
}

function policy(type: number, bytes: Uint8Array): common.ConfigPolicy {
  const inner = new common.Policy();
  inner.setType(type);
  inner.setValue(bytes);
  const result = new common.ConfigPolicy();
  result.setPolicy(inner);
  result.setModPolicy('Admins');
  return result;
}

function capabilities(version: string): common.ConfigValue {
  const result = new common.Capabilities();
  result.getCapabilitiesMap().set(version, new common.Capability());
  return value(result.serializeBinary());
}

function value(bytes: Uint8Array): common.ConfigValue {
  const result = new common.ConfigValue();
  result.setValue(bytes);
  result.setModPolicy('Admins');
  return result;
}

function newGroup(): common.ConfigGroup {
  const result = new common.ConfigGroup();
  result.setModPolicy('Admins');
  return result;
}
