import 'reflect-metadata';
import { createPrivateKey, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { common, msp } from '@hyperledger/fabric-protos';
import { AuthorityKeyIdentifierExtension, X509Certificate, X509CrlGenerator } from '@peculiar/x509';
import { groupAt, innermost, pathTo, valueAt } from './made-configuration.js';
import { NetworkAdmin } from './network-admin.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** An actor's membership service stands in both, and must be the same. */
const SECTIONS = ['Application', 'Orderer'];

/**
 * Revokes a certificate, as its actor's administrator does: by a list in the channel's configuration. Resolves when the
 * actor's peer has it.
 */
export async function revoke(data: string, actor: string, certificate: string): Promise<void> {
  const admin = new NetworkAdmin(data);
  const current = await admin.config(actor);
  const list = await revocationList(data, actor, certificate);
  await admin.update(updateOf(admin.profile(actor).channel, actor, current, list), [actor]);
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

/** An update of the configuration that adds a list to an actor's membership service and touches nothing else. */
function updateOf(channel: string, actor: string, current: common.Config, list: Uint8Array): common.ConfigUpdate {
  const [readSet, writeSet] = [pathTo(current, []), pathTo(current, [])];
  for (const section of SECTIONS) {
    const place = { groups: [section, actor], name: 'MSP' };
    for (const set of [readSet, writeSet]) {
      const path = pathTo(current, place.groups);
      set.getGroupsMap().set(section, groupOf(path, section));
    }
    innermost(writeSet, place.groups)
      .getValuesMap()
      .set('MSP', withList(valueAt(current, place), list));
  }
  const update = new common.ConfigUpdate();
  update.setChannelId(channel);
  update.setReadSet(readSet);
  update.setWriteSet(writeSet);
  return update;
}

function groupOf(group: common.ConfigGroup, name: string): common.ConfigGroup {
  const config = new common.Config();
  config.setChannelGroup(group);
  return groupAt(config, [name]);
}

function withList(old: common.ConfigValue, list: Uint8Array): common.ConfigValue {
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
