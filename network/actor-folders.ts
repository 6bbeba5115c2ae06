import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NAME } from '#chaincode';
import { NetworkError } from './errors.js';
import { type Credentials, newCa, newIdentity, type Role } from './pki.js';
import type { ProfileFile } from './profile.js';

/** The name of the chaincode on every channel of ours. */
export const CHAINCODE = 'event2ledger';

/** The actors of a ledger whose maker names none. */
export const DEFAULT_ACTORS: readonly string[] = ['ProviderMSP', 'DeveloperMSP', 'UserMSP'];

/** The identities that every actor has from the start. */
const FIRST_IDENTITIES: readonly { readonly name: string; readonly role: Role }[] = [
  { name: 'collector-1', role: 'client' },
  { name: 'reconciler', role: 'client' },
  { name: 'admin', role: 'admin' },
];

/** How an actor's identities reach their channel: a profile without the identity. */
export type Access = Pick<ProfileFile, 'endpoint' | 'tlsCaCert' | 'alternatives' | 'channel' | 'chaincode'>;

/**
 * The part of a ledger's folder that holds certificates, keys and profiles. Keys are readable by their owner alone (0600),
 * folders too (0700).
 *
 *     ca/<MSP>/                     each actor's CA
 *     actors/<MSP>/<identity>/      profile.json, cert.pem, key.pem
 */
export class ActorFolders {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  profilePath(actor: string, identity: string): string {
    return join(this.path, 'actors', actor, identity, 'profile.json');
  }

  actorCa(actor: string): Credentials {
    return this.read(['ca', actor]);
  }

  /** Issues what is still missing of an actor's CA and first identities; repeatable after a crash. */
  async ensureActor(actor: string): Promise<Credentials> {
    const ca = await this.ensure(['ca', actor], () => newCa(`ca.${actor}`, actor));
    for (const { name, role } of FIRST_IDENTITIES) {
      await this.ensure(['actors', actor, name], () => newIdentity(ca, name, role));
    }
    return ca;
  }

  /** Writes the profiles of all identities of an actor; they change when its endpoints do. */
  writeProfiles(actor: string, access: Access): string[] {
    return readdirSync(join(this.path, 'actors', actor), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(this.path, 'actors', actor, entry.name, 'cert.pem')))
      .map((entry) => this.#writeProfile(actor, entry.name, access))
      .sort();
  }

  /**
   * Issues one more identity of an actor.
   * @returns the path of its profile
   * @throws NetworkError `IDENTITY`
   */
  async addIdentity(actor: string, name: string, role: Role, access: Access): Promise<string> {
    if (!NAME.test(name)) {
      throw new NetworkError('IDENTITY', `"${name}" is no name; use up to 64 letters, digits, dots and dashes.`);
    }
    if (existsSync(join(this.path, 'actors', actor, name))) {
      throw new NetworkError('IDENTITY', `${actor} already has an identity "${name}"; choose another name.`);
    }
    await this.ensure(['actors', actor, name], () => newIdentity(this.actorCa(actor), name, role));
    return this.#writeProfile(actor, name, access);
  }

  #writeProfile(actor: string, name: string, access: Access): string {
    const file = this.profilePath(actor, name);
    const { endpoint, tlsCaCert, alternatives, channel, chaincode } = access;
    const profile: ProfileFile = {
      mspId: actor,
      name,
      endpoint,
      tlsCaCert,
      ...(alternatives === undefined ? {} : { alternatives }),
      certificate: 'cert.pem',
      privateKey: 'key.pem',
      channel,
      chaincode,
    };
    replaceFile(file, `${JSON.stringify(profile, null, 2)}\n`, 0o600);
    return file;
  }

  /** The certificate and key in a folder, made if they are not there yet. */
  async ensure(parts: readonly string[], make: () => Promise<Credentials>): Promise<Credentials> {
    const folder = join(this.path, ...parts);
    // The certificate is written last: where it is, the key is too.
    if (existsSync(join(folder, 'cert.pem'))) return this.read(parts);
    const made = await make();
    for (let depth = 1; depth <= parts.length; depth += 1) privateDir(join(this.path, ...parts.slice(0, depth)));
    replaceFile(join(folder, 'key.pem'), made.key, 0o600);
    replaceFile(join(folder, 'cert.pem'), `${made.certificate}\n`, 0o644);
    return made;
  }

  /** @throws NetworkError `DATA_DIR` */
  read(parts: readonly string[]): Credentials {
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

/** Makes the folder of a ledger. @throws NetworkError `DATA_DIR` */
export function makeLedgerFolder(path: string): void {
  try {
    privateDir(path);
  } catch (cause) {
    throw new NetworkError('DATA_DIR', `The folder ${path} cannot be made: ${(cause as Error).message}.`, { cause });
  }
}

/** @throws NetworkError `IDENTITY` if the actor is none of the ledger's */
export function checkActor(actors: readonly string[], actor: string): void {
  if (actors.includes(actor)) return;
  throw new NetworkError('IDENTITY', `"${actor}" is no actor of this ledger; choose one of ${actors.join(', ')}.`);
}

/** A folder of the owner's alone. One that was there keeps its mode: it may be the user's own. */
export function privateDir(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/**
 * Whoever reads the file sees the old or the new content, never half of one.
 * @throws the file system's error; nothing is left behind then
 */
export function replaceFile(file: string, content: string | Uint8Array, mode: number): void {
  // A rename would put a file in the place of a device such as /dev/null.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) throw new Error(`${file} is no file`);
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(temporary, content, { mode, flag: 'wx' });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
