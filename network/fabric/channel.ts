import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHAINCODE, replaceFile } from '../actor-folders.js';
import { NetworkError } from '../errors.js';
import { chaincodeIndexes } from './chaincode-indexes.js';
import { chaincodePackage, packageId } from './chaincode-package.js';
import { CHANNEL_PROFILE, configtxYaml } from './channel-config.js';
import type { NetworkLayout } from './layout.js';
import type { Programs } from './programs.js';
import { runTool } from './tools.js';

const VERSION = '1.0';
const SEQUENCE = '1';
const STEP_WITHIN_MS = 60_000;
const STEP_PAUSE_MS = 1_000;

/** Makes block 0 and the chaincode's package, once. */
export async function makeGenesis(layout: NetworkLayout, programs: Programs, signal: AbortSignal): Promise<void> {
  if (!existsSync(layout.chaincodePackage))
    replaceFile(layout.chaincodePackage, chaincodePackage(chaincodeIndexes()), 0o644);
  if (existsSync(layout.genesisBlock)) return;
  replaceFile(join(layout.channelFolder, 'configtx.yaml'), configtxYaml(layout), 0o600);
  const made = `${layout.genesisBlock}.new`;
  const args = ['-configPath', layout.channelFolder, '-profile', CHANNEL_PROFILE];
  await runTool({
    program: programs.configtxgen,
    args: [...args, '-channelID', layout.settings.channel, '-outputBlock', made],
    signal,
  });
  renameSync(made, layout.genesisBlock);
}

/** Fabric's commands, as the administrators of the network's organisations give them. */
export class ChannelAdmin {
  readonly #layout: NetworkLayout;
  readonly #programs: Programs;
  readonly #signal: AbortSignal;

  constructor(layout: NetworkLayout, programs: Programs, signal: AbortSignal) {
    this.#layout = layout;
    this.#programs = programs;
    this.#signal = signal;
  }

  /** Has every orderer and every peer join the channel; those that are in it already stay. */
  async join(): Promise<void> {
    await Promise.all(this.#layout.organisations.map((organisation) => this.#joinOrderer(organisation)));
    await Promise.all(this.#layout.settings.actors.map((actor) => this.#joinPeer(actor)));
  }

  /** Installs the chaincode on every peer, has every actor approve it, and commits it. */
  async deploy(): Promise<void> {
    const { actors } = this.#layout.settings;
    await Promise.all(actors.map((actor) => this.#install(actor)));
    if (await this.#isCommitted()) return;
    await this.#untilDone(() => this.#approveMissing());
    await this.#untilDone(async () => {
      if (!(await this.#isCommitted())) await this.#commit();
    });
  }

  /**
   * After a start orderers have no leader for a while, and peers may be a block apart: one has not seen yet that an actor
   * approved. What fails is tried again, from what is true by then.
   */
  async #untilDone(step: () => Promise<void>): Promise<void> {
    const until = performance.now() + STEP_WITHIN_MS;
    for (;;) {
      try {
        await step();
        return;
      } catch (error) {
        if (this.#signal.aborted || performance.now() > until) throw error;
        await sleep(STEP_PAUSE_MS, undefined, { signal: this.#signal });
      }
    }
  }

  async #joinOrderer(organisation: string): Promise<void> {
    const { adminPort } = this.#layout.node('orderer', organisation);
    const tls = join(this.#layout.organisationFolder(organisation), 'admin', 'tls');
    const said = await runTool({
      program: this.#programs.osnadmin,
      args: [
        ...['channel', 'join', '--channelID', this.#layout.settings.channel],
        ...['--config-block', this.#layout.genesisBlock, '-o', `localhost:${adminPort}`],
        ...['--ca-file', this.#layout.tlsCaFile(organisation)],
        ...['--client-cert', join(tls, 'cert.pem'), '--client-key', join(tls, 'key.pem')],
      ],
      signal: this.#signal,
    });
    if (/Status: 201\b/.test(said) || said.includes('channel already exists')) return;
    throw new NetworkError('TOOL', `The orderer of ${organisation} does not join the channel: ${said.trim()}`);
  }

  async #joinPeer(actor: string): Promise<void> {
    const channels = await this.#peer(actor, ['channel', 'list']);
    if (channels.split('\n').some((line) => line.trim() === this.#layout.settings.channel)) return;
    await this.#peer(actor, ['channel', 'join', '-b', this.#layout.genesisBlock]);
  }

  async #install(actor: string): Promise<void> {
    const installed = await this.#peer(actor, ['lifecycle', 'chaincode', 'queryinstalled', '--output', 'json']);
    if (installed.includes(this.#packageId())) return;
    await this.#peer(actor, ['lifecycle', 'chaincode', 'install', this.#layout.chaincodePackage]);
  }

  async #approvals(): Promise<Readonly<Record<string, boolean>>> {
    const args = ['lifecycle', 'chaincode', 'checkcommitreadiness', ...this.#definition(), '--output', 'json'];
    const answer = JSON.parse(await this.#peer(this.#first(), args)) as { approvals?: Record<string, boolean> };
    return answer.approvals ?? {};
  }

  async #approveMissing(): Promise<void> {
    const approved = await this.#approvals();
    const missing = this.#layout.settings.actors.filter((actor) => approved[actor] !== true);
    const outcomes = await Promise.allSettled(missing.map((actor) => this.#approve(actor)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #approve(actor: string): Promise<void> {
    const args = ['approveformyorg', ...this.#definition(), '--package-id', this.#packageId()];
    await this.#peer(actor, ['lifecycle', 'chaincode', ...args, ...this.#orderer(actor)]);
  }

  async #commit(): Promise<void> {
    const first = this.#first();
    const endorsers = this.#layout.settings.actors.flatMap((actor) => [
      ...['--peerAddresses', `localhost:${this.#layout.node('peer', actor).port}`],
      ...['--tlsRootCertFiles', this.#layout.tlsCaFile(actor)],
    ]);
    const args = ['commit', ...this.#definition(), ...endorsers, ...this.#orderer(first)];
    await this.#peer(first, ['lifecycle', 'chaincode', ...args]);
  }

  async #isCommitted(): Promise<boolean> {
    const args = ['querycommitted', '--channelID', this.#layout.settings.channel, '--output', 'json'];
    return (await this.#peer(this.#first(), ['lifecycle', 'chaincode', ...args])).includes(`"${CHAINCODE}"`);
  }

  /** What all actors must approve alike. The endorsement policy is the channel's: a majority of the actors. */
  #definition(): string[] {
    const names = ['--channelID', this.#layout.settings.channel, '--name', CHAINCODE];
    return [...names, '--version', VERSION, '--sequence', SEQUENCE];
  }

  #orderer(organisation: string): string[] {
    const { port } = this.#layout.node('orderer', organisation);
    return ['-o', `localhost:${port}`, '--tls', '--cafile', this.#layout.tlsCaFile(organisation)];
  }

  #packageId(): string {
    return packageId(readFileSync(this.#layout.chaincodePackage));
  }

  #first(): string {
    return this.#layout.settings.actors[0] ?? '';
  }

  #peer(actor: string, args: readonly string[]): Promise<string> {
    const { folder, port } = this.#layout.node('peer', actor);
    const env = {
      FABRIC_CFG_PATH: folder,
      CORE_PEER_LOCALMSPID: actor,
      CORE_PEER_MSPCONFIGPATH: join(this.#layout.organisationFolder(actor), 'admin', 'msp'),
      CORE_PEER_ADDRESS: `localhost:${port}`,
      CORE_PEER_TLS_ENABLED: 'true',
      CORE_PEER_TLS_ROOTCERT_FILE: this.#layout.tlsCaFile(actor),
    };
    return runTool({ program: this.#programs.peer, args, env, signal: this.#signal });
  }
}
