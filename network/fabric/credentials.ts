import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ActorFolders, privateDir, replaceFile } from '../actor-folders.js';
import { type Credentials, newCa, newIdentity, newLoopbackServer, type Role } from '../pki.js';
import type { NetworkLayout, NodeKind } from './layout.js';

const UNITS = ['client', 'peer', 'admin', 'orderer'] as const;

/**
 * Issues what is still missing of the certificates of every organisation, and lays them out as Fabric's membership
 * service wants them; repeatable after a crash.
 */
export async function ensureCredentials(layout: NetworkLayout): Promise<void> {
  const folders = new ActorFolders(layout.path);
  for (const organisation of layout.organisations) {
    const isActor = layout.settings.actors.includes(organisation);
    const ca = isActor
      ? await folders.ensureActor(organisation)
      : await folders.ensure(['ca', organisation], () => newCa(`ca.${organisation}`, organisation));
    const tlsCa = await folders.ensure(['tlsca', organisation], () => newCa(`tlsca.${organisation}`, organisation));
    await new Organisation(layout, folders, organisation, ca, tlsCa).ensure(isActor);
  }
}

class Organisation {
  readonly #folders: ActorFolders;
  readonly #name: string;
  readonly #folder: string;
  readonly #ca: Credentials;
  readonly #tlsCa: Credentials;

  constructor(layout: NetworkLayout, folders: ActorFolders, name: string, ca: Credentials, tlsCa: Credentials) {
    this.#folders = folders;
    this.#name = name;
    this.#folder = layout.organisationFolder(name);
    this.#ca = ca;
    this.#tlsCa = tlsCa;
  }

  async ensure(isActor: boolean): Promise<void> {
    this.#writeMsp(join(this.#folder, 'msp'));
    await this.#node('orderer');
    if (isActor) {
      await this.#node('peer');
      await this.#tls('chaincode');
    }
    // An actor's administrator is the one who approves policies.
    const admin = isActor
      ? this.#folders.read(['actors', this.#name, 'admin'])
      : await this.#issue(['admin'], 'admin', 'admin');
    this.#writeMsp(join(this.#folder, 'admin', 'msp'), admin);
    await this.#tls('admin');
  }

  async #node(kind: 'orderer' | 'peer'): Promise<void> {
    const identity = await this.#issue([kind, 'identity'], `${kind}.${this.#name}`, kind);
    this.#writeMsp(join(this.#folder, kind, 'msp'), identity);
    await this.#tls(kind);
  }

  #issue(parts: readonly string[], name: string, role: Role): Promise<Credentials> {
    return this.#folders.ensure(['organizations', this.#name, ...parts], () => newIdentity(this.#ca, name, role));
  }

  #tls(what: NodeKind | 'admin'): Promise<Credentials> {
    return this.#folders.ensure(['organizations', this.#name, what, 'tls'], () =>
      newLoopbackServer(this.#tlsCa, `${what}.${this.#name}`),
    );
  }

  /** The folder that Fabric calls an MSP: the organisation's own, or with an identity's certificate and key. */
  #writeMsp(folder: string, identity?: Credentials): void {
    const write = (part: string, file: string, content: string, mode = 0o644) => {
      mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
      replaceFile(join(folder, part, file), content, mode);
    };
    privateDir(folder);
    write('cacerts', 'ca.pem', this.#ca.certificate);
    write('tlscacerts', 'tlsca.pem', this.#tlsCa.certificate);
    write('.', 'config.yaml', nodeUnits());
    if (identity === undefined) return;
    write('signcerts', 'cert.pem', identity.certificate);
    write('keystore', 'key.pem', identity.key, 0o600);
  }
}

/** Which organisational unit makes a certificate a client's, a peer's, an administrator's, an orderer's. */
function nodeUnits(): string {
  const identifiers = UNITS.map((unit) => [
    `${unit.charAt(0).toUpperCase()}${unit.slice(1)}OUIdentifier`,
    { Certificate: 'cacerts/ca.pem', OrganizationalUnitIdentifier: unit },
  ]);
  return stringify({ NodeOUs: { Enable: true, ...Object.fromEntries(identifiers) } });
}
