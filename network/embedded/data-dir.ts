import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NAME } from '#chaincode';
import { type Access, ActorFolders, CHAINCODE, checkActor, makeLedgerFolder, replaceFile } from '../actor-folders.js';
import { NetworkError } from '../errors.js';
import { type Credentials, newCa, newIdentity, newLoopbackServer, type Role } from '../pki.js';

export { CHAINCODE } from '../actor-folders.js';

/** The one channel that the embedded ledger serves. */
export const CHANNEL = 'events';

const settingsSchema = z.object({
  version: z.literal(1),
  actors: z.array(z.string().regex(NAME)).min(1),
  port: z.int().min(0).max(65_535),
});
/** `ledger.json`: what the folder was made for. */
export type Settings = z.infer<typeof settingsSchema>;

/**
 * The folder of an embedded ledger; beside what every ledger's folder has (`ActorFolders`):
 *
 *     ledger.json  ledger.db            settings; blocks and state
 *     tlsca/  tls/                      of the server
 *     peers/<MSP>/                      each actor's peer key
 */
export class DataDir {
  readonly path: string;
  readonly #folders: ActorFolders;

  constructor(path: string) {
    this.path = path;
    this.#folders = new ActorFolders(path);
  }

  get database(): string {
    return join(this.path, 'ledger.db');
  }

  profilePath(actor: string, identity: string): string {
    return this.#folders.profilePath(actor, identity);
  }

  /** Makes the folder itself. @throws NetworkError `DATA_DIR`, also for the folder of a Fabric network */
  create(): void {
    if (existsSync(join(this.path, 'network.json'))) {
      throw new NetworkError('DATA_DIR', `${this.path} is the folder of a Fabric network; choose another.`);
    }
    makeLedgerFolder(this.path);
  }

  /** The settings of an existing ledger, `undefined` where there is none yet. @throws NetworkError `DATA_DIR` */
  readSettings(): Settings | undefined {
    const file = join(this.path, 'ledger.json');
    if (!existsSync(file)) return undefined;
    try {
      return settingsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch (cause) {
      throw new NetworkError('DATA_DIR', `${file} cannot be read; is ${this.path} the folder of a ledger?`, { cause });
    }
  }

  writeSettings(settings: Settings): void {
    replaceFile(join(this.path, 'ledger.json'), `${JSON.stringify(settings, null, 2)}\n`, 0o600);
  }

  /** Leaves block 0 where others can take it from: `genesis.block`. */
  writeGenesis(block: Buffer): void {
    replaceFile(join(this.path, 'genesis.block'), block, 0o644);
  }

  /** Issues what is still missing of an actor's CA, peer key and first identities; repeatable after a crash. */
  async ensureActor(actor: string): Promise<void> {
    const ca = await this.#folders.ensureActor(actor);
    await this.#folders.ensure(['peers', actor], () => newIdentity(ca, `peer.${actor}`, 'peer'));
  }

  /** The TLS credentials of the server, issued when missing. */
  async ensureTls(): Promise<Credentials> {
    const ca = await this.#folders.ensure(['tlsca'], () => newCa('tlsca', 'event2ledger'));
    return this.#folders.ensure(['tls'], () => newLoopbackServer(ca));
  }

  actorCa(actor: string): Credentials {
    return this.#folders.actorCa(actor);
  }

  peer(actor: string): Credentials {
    return this.#folders.read(['peers', actor]);
  }

  /** Writes the profiles of all identities; they change when the port does. */
  writeProfiles(settings: Settings): string[] {
    return settings.actors.flatMap((actor) => this.#folders.writeProfiles(actor, accessOf(settings)));
  }

  /**
   * Issues one more identity of an actor. Works whether or not the ledger is being served: certificates are checked
   * against the actor's CA alone.
   * @returns the path of its profile
   * @throws NetworkError `DATA_DIR` or `IDENTITY`
   */
  async addIdentity(actor: string, name: string, role: Role): Promise<string> {
    const settings = this.readSettings();
    if (settings === undefined) {
      throw new NetworkError(
        'DATA_DIR',
        `There is no ledger in ${this.path}; make one with "ledger serve" or "network up".`,
      );
    }
    checkActor(settings.actors, actor);
    return this.#folders.addIdentity(actor, name, role, accessOf(settings));
  }
}

function accessOf({ port }: Settings): Access {
  return {
    endpoint: `localhost:${port}`,
    tlsCaCert: '../../../tlsca/cert.pem',
    channel: CHANNEL,
    chaincode: CHAINCODE,
  };
}
