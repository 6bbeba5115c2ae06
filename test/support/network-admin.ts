import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { common } from '@hyperledger/fabric-protos';
import { connect } from '../../network/connection.js';
import { fabricEnvironment } from '../../network/fabric/tools.js';
import { loadProfile, type Profile } from '../../network/profile.js';
import { configTransaction } from '../../reconciler/ledger/config-update.js';
import { eventually } from './eventually.js';

/** What the administrators of a real network's actors do, with Fabric's own commands. */
export class NetworkAdmin {
  /** @param data the network's folder */
  constructor(readonly data: string) {}

  profile(actor: string): Profile {
    return loadProfile(join(this.data, 'actors', actor, 'admin', 'profile.json'));
  }

  /** The configuration in force. */
  async config(actor: string): Promise<common.Config> {
    const ledger = connect(this.profile(actor));
    try {
      const height = await ledger.height();
      let found: common.Config | undefined;
      for await (const block of ledger.blocks(0n)) {
        const [first = new Uint8Array()] = block.getData()?.getDataList_asU8() ?? [];
        const transaction = configTransaction(first);
        if (transaction !== undefined) found = common.ConfigEnvelope.deserializeBinary(transaction.data).getConfig();
        if (BigInt(block.getHeader()?.getNumber() ?? 0) === height - 1n) break;
      }
      if (found === undefined) throw new Error('the channel has no configuration');
      return found;
    } finally {
      ledger.close();
    }
  }

  /** Has actors' administrators sign an update, the last of whom submits it. Resolves when that one's peer has it. */
  async update(update: common.ConfigUpdate, actors: readonly string[]): Promise<void> {
    const [last = '', ...others] = [...actors].reverse();
    const { channel } = this.profile(last);
    const file = join(this.data, 'channel', 'update.tx');
    writeFileSync(file, unsigned(update, channel));
    for (const actor of others) this.peer(actor, 'channel', 'signconfigtx', '-f', file);
    const ledger = connect(this.profile(last));
    try {
      const height = await ledger.height();
      this.peer(last, 'channel', 'update', '-f', file, '-c', channel, ...this.#orderer(last));
      for await (const _ of ledger.blocks(height)) break;
    } finally {
      ledger.close();
    }
  }

  /** Has all actors approve that the contract has an endorsement policy of its own, and commits it as the second definition. */
  async redefine(actors: readonly string[], policy: string): Promise<void> {
    const [first = ''] = actors;
    const { channel, chaincode } = this.profile(first);
    const names = ['--channelID', channel, '--name', chaincode, '--version', '1.0', '--sequence', '2'];
    const definition = [...names, '--signature-policy', policy];
    const installed = JSON.parse(this.peer(first, 'lifecycle', 'chaincode', 'queryinstalled', '--output', 'json')) as {
      installed_chaincodes: { package_id: string }[];
    };
    const id = ['--package-id', installed.installed_chaincodes[0]?.package_id ?? ''];
    for (const actor of actors) {
      this.peer(actor, 'lifecycle', 'chaincode', 'approveformyorg', ...definition, ...id, ...this.#orderer(actor));
    }
    const endorsers = actors.flatMap((actor) => [
      ...['--peerAddresses', this.#address('peer', actor), '--tlsRootCertFiles', this.#tlsCa(actor)],
    ]);
    // A peer may be a block behind, and not have seen what another's actor approved.
    await eventually('all approvals at every peer', async () =>
      actors.every((actor) => this.#isReady(actor, definition)),
    );
    this.peer(first, 'lifecycle', 'chaincode', 'commit', ...definition, ...endorsers, ...this.#orderer(first));
  }

  #isReady(actor: string, definition: readonly string[]): boolean {
    const args = ['checkcommitreadiness', ...definition, '--output', 'json'];
    const { approvals } = JSON.parse(this.peer(actor, 'lifecycle', 'chaincode', ...args)) as {
      approvals: Record<string, boolean>;
    };
    return Object.values(approvals).every((isApproved) => isApproved);
  }

  peer(actor: string, ...args: readonly string[]): string {
    const organisation = join(this.data, 'organizations', actor);
    return execFileSync('peer', args, {
      env: fabricEnvironment({
        FABRIC_CFG_PATH: join(organisation, 'peer'),
        FABRIC_LOGGING_SPEC: 'error',
        CORE_PEER_LOCALMSPID: actor,
        CORE_PEER_MSPCONFIGPATH: join(organisation, 'admin', 'msp'),
        CORE_PEER_ADDRESS: this.#address('peer', actor),
        CORE_PEER_TLS_ENABLED: 'true',
        CORE_PEER_TLS_ROOTCERT_FILE: this.#tlsCa(actor),
      }),
      stdio: 'pipe',
      encoding: 'utf8',
    });
  }

  #orderer(actor: string): string[] {
    return ['-o', this.#address('orderer', actor), '--tls', '--cafile', this.#tlsCa(actor)];
  }

  #address(kind: 'peer' | 'orderer', actor: string): string {
    const { ports } = JSON.parse(readFileSync(join(this.data, 'network.json'), 'utf8')) as {
      ports: Record<string, number>;
    };
    return `localhost:${ports[`${kind}.${actor}`]}`;
  }

  #tlsCa(actor: string): string {
    return join(this.data, 'tlsca', actor, 'cert.pem');
  }
}

function unsigned(update: common.ConfigUpdate, channel: string): Uint8Array {
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
  const made = new common.Envelope();
  made.setPayload(payload.serializeBinary());
  return made.serializeBinary();
}
