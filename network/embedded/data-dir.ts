import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NAME } from '#chaincode';
import { NetworkError } from '../errors.js';
import type { ProfileFile } from '../profile.js';
import { type Credentials, newCa, newIdentity, newLoopbackServer, type Role } from './pki.js';

/** Names of the one channel and the one chaincode that the embedded ledger serves. */
export const CHANNEL = 'events';
export const CHAINCODE = 'event2ledger';

/** The identities that every actor has from the start. */
const FIRST_IDENTITIES: readonly { readonly name: string; readonly role: Role }[] = [
  { name: 'collector-1', role: 'client' },
  { name: 'reconciler', role: 'client' },
  { name: 'admin', role: 'admin' },
];

const settingsSchema = z.object({
  version: z.literal(1),
  actors: z.array(z.string().regex(NAME)).min(1),
  port: z.int().min(0).max(65_535),
});
/** `ledger.json`: what the folder was made for. */
export type Settings = z.infer<typeof settingsSchema>;

/**
 * The folder of an embedded ledger. Keys are readable by their owner alone (0600), folders too (0700).
 *
 *     ledger.json  ledger.db            settings; blocks and state
 *     tlsca/  tls/                      of the server
 *     ca/<MSP>/  peers/<MSP>/           each actor's CA and peer key
 *     actors/<MSP>/<identity>/          profile.json, cert.pem, key.pem
 */
export class DataDir {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get database(): string {
    return join(this.path, 'ledger.db');
  }

  profilePath(actor: string, identity: string): string {
    return join(this.path, 'actors', actor, identity, 'profile.json');
  }

  /** Makes the folder itself. @throws NetworkError `DATA_DIR` */
  create(): void {
    try {
      privateDir(this.path);
    } catch (cause) {
      throw new NetworkError('DATA_DIR', `The folder ${this.path} cannot be made: ${(cause as Error).message}.`, {
        cause,
      });
    }
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

  /** Issues what is still missing of an actor's CA, peer key and first identities; repeatable after a crash. */
  async ensureActor(actor: string): Promise<void> {
    const ca = await this.#ensure(['ca', actor], () => newCa(`ca.${actor}`, actor));
    await this.#ensure(['peers', actor], () => newIdentity(ca, `peer.${actor}`, 'peer'));
    for (const { name, role } of FIRST_IDENTITIES) {
      await this.#ensure(['actors', actor, name], () => newIdentity(ca, name, role));
    }
  }

  /** The TLS credentials of the server, issued when missing. */
  async ensureTls(): Promise<Credentials> {
    const ca = await this.#ensure(['tlsca'], () => newCa('tlsca', 'event2ledger'));
    return this.#ensure(['tls'], () => newLoopbackServer(ca));
  }

  actorCa(actor: string): Credentials {
    return this.#read(['ca', actor]);
  }

  peer(actor: string): Credentials {
    return this.#read(['peers', actor]);
  }

  /** Writes the profiles of all identities; they change when the port does. */
  writeProfiles(settings: Settings): string[] {
    return settings.actors.flatMap((actor) =>
      readdirSync(join(this.path, 'actors', actor), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(this.path, 'actors', actor, entry.name, 'cert.pem')))
        .map((entry) => this.#writeProfile(settings, actor, entry.name))
        .sort(),
    );
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
      throw new NetworkError('DATA_DIR', `There is no ledger in ${this.path}; make one with "ledger serve".`);
    }
    if (!settings.actors.includes(actor)) {
      const known = settings.actors.join(', ');
      throw new NetworkError('IDENTITY', `"${actor}" is no actor of this ledger; choose one of ${known}.`);
    }
    if (!NAME.test(name)) {
      throw new NetworkError('IDENTITY', `"${name}" is no name; use up to 64 letters, digits, dots and dashes.`);
    }
    const folder = join(this.path, 'actors', actor, name);
    if (existsSync(folder)) {
      throw new NetworkError('IDENTITY', `${actor} already has an identity "${name}"; choose another name.`);
    }
    await this.#ensure(['actors', actor, name], () => newIdentity(this.actorCa(actor), name, role));
    return this.#writeProfile(settings, actor, name);
  }

  #writeProfile(settings: Settings, actor: string, name: string): string {
    const file = this.profilePath(actor, name);
    const profile: ProfileFile = {
      mspId: actor,
      name,
      endpoint: `localhost:${settings.port}`,
      tlsCaCert: '../../../tlsca/cert.pem',
      certificate: 'cert.pem',
      privateKey: 'key.pem',
      channel: CHANNEL,
      chaincode: CHAINCODE,
    };
    replaceFile(file, `${JSON.stringify(profile, null, 2)}\n`, 0o600);
    return file;
  }

  async #ensure(parts: readonly string[], make: () => Promise<Credentials>): Promise<Credentials> {
    const folder = join(this.path, ...parts);
    // The certificate is written last: where it is, the key is too.
    if (existsSync(join(folder, 'cert.pem'))) return this.#read(parts);
    const made = await make();
    for (let depth = 1; depth <= parts.length; depth += 1) privateDir(join(this.path, ...parts.slice(0, depth)));
    replaceFile(join(folder, 'key.pem'), made.key, 0o600);
    replaceFile(join(folder, 'cert.pem'), `${made.certificate}\n`, 0o644);
    return made;
  }

  #read(parts: readonly string[]): Credentials {
    const folder = join(this.path, ...parts);
    try {
      return {
        certificate: readFileSync(join(folder, 'cert.pem'), 'utf8'),
        key: readFileSync(join(folder, 'key.pem'), 'utf8'),
      };
    } catch (cause) {
      throw new NetworkError('DATA_DIR', `${folder} lacks its certificate or key; is this the folder of a ledger?`, {
        cause,
      });
    }
  }
}

function privateDir(path: string): void {
  // A folder that was there keeps its mode: it may be the user's own; what holds keys is always made here.
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** Whoever reads the file sees the old or the new content, never half of one. */
function replaceFile(file: string, content: string, mode: number): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, content, { mode, flag: 'wx' });
  renameSync(temporary, file);
}
