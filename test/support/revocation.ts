import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { common, msp } from '@hyperledger/fabric-protos';
import { AuthorityKeyIdentifierExtension, X509Certificate, X509CrlGenerator } from '@peculiar/x509';
import { connect } from '../../network/connection.js';
import { fabricEnvironment } from '../../network/fabric/tools.js';
import { loadProfile } from '../../network/profile.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** An actor's membership service stands in both, and must be the same. */
const SECTIONS = ['Application', 'Orderer'];

/**
 * Revokes a certificate, as its actor's administrator does: by a list in the channel's configuration. Resolves when the
 * actor's peer has it.
 */
export async function revoke(data: string, actor: string, certificate: string): Promise<void> {
  const profile = loadProfile(join(data, 'actors', actor, 'admin', 'profile.json'));
  const ledger = connect(profile);
  try {
    const height = await ledger.height();
    const list = await revocationList(data, actor, certificate);
    const file = join(data, 'channel', 'update.tx');
    writeFileSync(file, updateOf(profile.channel, actor, await latestConfig(ledger.blocks(0n), height), list));
    submit(data, actor, profile.channel, file);
    for await (const _ of ledger.blocks(height)) break;
  } finally {
    ledger.close();
  }
}

async function revocationList(data: string, actor: string, certificate: string): Promise<Uint8Array> {
  const folder = join(data, 'ca', actor);
  const ca = new X509Certificate(readFileSync(join(folder, 'cert.pem'), 'utf8'));
  const der = createPrivateKey(readFileSync(join(folder, 'key.pem'))).export({ type: 'pkcs8', format: 'der' });
  const crl = await X509CrlGenerator.create(
    {
      issuer: ca.subjectName,
      thisUpdate: new Date(Date.now() - 60_000),
      nextUpdate: new Date(Date.now() + 86_400_000),
      signingAlgorithm: ALGORITHM,
      signingKey: await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']),
      extensions: [await AuthorityKeyIdentifierExtension.create(ca)],
      entries: [{ serialNumber: new NodeCertificate(certificate).serialNumber, revocationDate: new Date() }],
    },
    webcrypto,
  );
  return new Uint8Array(crl.rawData);
}

async function latestConfig(blocks: AsyncIterable<common.Block>, height: bigint): Promise<common.ConfigGroup> {
  let group: common.ConfigGroup | undefined;
  for await (const block of blocks) {
    const [first = new Uint8Array()] = block.getData()?.getDataList_asU8() ?? [];
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(first).getPayload_asU8());
    const header = payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array();
    if (common.ChannelHeader.deserializeBinary(header).getType() === common.HeaderType.CONFIG) {
      group = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig()?.getChannelGroup();
    }
    if (BigInt(block.getHeader()?.getNumber() ?? 0) === height - 1n) break;
  }
  if (group === undefined) throw new Error('the channel has no configuration');
  return group;
}

/** An update of the configuration that adds a list to an actor's membership service and touches nothing else. */
function updateOf(channel: string, actor: string, current: common.ConfigGroup, list: Uint8Array): Uint8Array {
  const update = new common.ConfigUpdate();
  update.setChannelId(channel);
  update.setReadSet(sections(current, actor, () => undefined));
  update.setWriteSet(sections(current, actor, (organisation) => withList(organisation, list)));
  const envelope = new common.ConfigUpdateEnvelope();
  envelope.setConfigUpdate(update.serializeBinary());
  const header = new common.ChannelHeader();
  header.setType(common.HeaderType.CONFIG_UPDATE);
  header.setChannelId(channel);
  const outer = new common.Header();
  outer.setChannelHeader(header.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(outer);
  payload.setData(envelope.serializeBinary());
  const signed = new common.Envelope();
  signed.setPayload(payload.serializeBinary());
  return signed.serializeBinary();
}

/** The groups from the channel down to the actor, at their versions, with what else belongs into the last one. */
function sections(
  current: common.ConfigGroup,
  actor: string,
  value: (organisation: common.ConfigGroup) => common.ConfigValue | undefined,
): common.ConfigGroup {
  const at = (group: common.ConfigGroup) => {
    const same = new common.ConfigGroup();
    same.setVersion(group.getVersion());
    return same;
  };
  const channel = at(current);
  for (const name of SECTIONS) {
    const section = current.getGroupsMap().get(name);
    const organisation = section?.getGroupsMap().get(actor);
    if (section === undefined || organisation === undefined) throw new Error(`${actor} is not in ${name}`);
    const inner = at(organisation);
    const changed = value(organisation);
    if (changed !== undefined) inner.getValuesMap().set('MSP', changed);
    const outer = at(section);
    outer.getGroupsMap().set(actor, inner);
    channel.getGroupsMap().set(name, outer);
  }
  return channel;
}

function withList(organisation: common.ConfigGroup, list: Uint8Array): common.ConfigValue {
  const old = organisation.getValuesMap().get('MSP') ?? new common.ConfigValue();
  const config = msp.MSPConfig.deserializeBinary(old.getValue_asU8());
  const fabric = msp.FabricMSPConfig.deserializeBinary(config.getConfig_asU8());
  fabric.setRevocationListList([...fabric.getRevocationListList_asU8(), list]);
  config.setConfig(fabric.serializeBinary());
  const changed = new common.ConfigValue();
  changed.setVersion(old.getVersion() + 1);
  changed.setModPolicy(old.getModPolicy());
  changed.setValue(config.serializeBinary());
  return changed;
}

function submit(data: string, actor: string, channel: string, file: string): void {
  const { ports } = JSON.parse(readFileSync(join(data, 'network.json'), 'utf8')) as { ports: Record<string, number> };
  const tlsCa = join(data, 'tlsca', actor, 'cert.pem');
  const organisation = join(data, 'organizations', actor);
  const orderer = ['-o', `localhost:${ports[`orderer.${actor}`]}`, '--tls', '--cafile', tlsCa];
  execFileSync('peer', ['channel', 'update', '-f', file, '-c', channel, ...orderer], {
    env: fabricEnvironment({
      FABRIC_CFG_PATH: join(organisation, 'peer'),
      CORE_PEER_LOCALMSPID: actor,
      CORE_PEER_MSPCONFIGPATH: join(organisation, 'admin', 'msp'),
      CORE_PEER_ADDRESS: `localhost:${ports[`peer.${actor}`]}`,
      CORE_PEER_TLS_ROOTCERT_FILE: tlsCa,
    }),
    stdio: 'pipe',
  });
}
