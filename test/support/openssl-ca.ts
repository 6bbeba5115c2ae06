import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';

/** What a CA's key is, as `openssl req -newkey` takes it, and the digest of what it signs; Ed25519 takes none. */
export interface OpensslKind {
  readonly key: readonly string[];
  readonly digest?: string;
}

export const P256: OpensslKind = { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], digest: 'sha256' };

/** `describe` for suites that need openssl; where it cannot be run, the suite is left out and says why. */
export function describeWithOpenssl(name: string, suite: () => void): void {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
  } catch {
    const reason = 'openssl cannot be run';
    console.warn(`left out: ${name}: ${reason}`);
    describe(name, () => it.skip(`left out: ${reason}`, () => {}));
    return;
  }
  describe(name, suite);
}

/** A CA as operators have it: openssl's own, in a folder. */
export class OpensslCa {
  readonly certificate: string;

  /** @param parent who certifies it; itself if left out */
  constructor(
    readonly folder: string,
    readonly name: string,
    readonly kind: OpensslKind = P256,
    parent?: OpensslCa,
  ) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.#file('index.txt'), '');
    writeFileSync(this.#file('number'), '1000\n');
    writeFileSync(
      this.#file('openssl.cnf'),
      `[ca]\ndefault_ca = it\n[it]\ndatabase = ${this.#file('index.txt')}\ncrlnumber = ${this.#file('number')}\n` +
        `default_md = ${kind.digest ?? 'default'}\ndefault_crl_days = 30\n[list]\nauthorityKeyIdentifier = keyid\n` +
        '[req]\ndistinguished_name = names\n[names]\n' +
        '[authority]\nbasicConstraints = critical,CA:true\nkeyUsage = critical,keyCertSign,cRLSign\n' +
        'subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n' +
        '[identity]\nbasicConstraints = critical,CA:false\nkeyUsage = critical,digitalSignature\n' +
        'subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n',
    );
    if (parent === undefined) {
      this.#openssl('req', '-x509', ...this.#newKey(kind, 'ca'), '-extensions', 'authority', '-out', 'ca.pem');
    } else {
      this.#openssl('req', '-new', ...this.#newKey(kind, 'ca'), '-out', 'ca.csr');
      parent.#sign(this.#file('ca.csr'), 'authority', this.#file('ca.pem'));
    }
    this.certificate = readFileSync(this.#file('ca.pem'), 'utf8');
  }

  /** Certificate and key of a member with these organisational units, both PEM. */
  issue(name: string, ...units: readonly string[]): { readonly certificate: string; readonly key: string } {
    const subject = `${units.map((unit) => `/OU=${unit}`).join('')}/CN=${name}`;
    this.#openssl('req', '-new', ...this.#newKey(P256, name, subject), '-out', `${name}.csr`);
    this.#sign(this.#file(`${name}.csr`), 'identity', this.#file(`${name}.pem`));
    return {
      certificate: readFileSync(this.#file(`${name}.pem`), 'utf8'),
      key: readFileSync(this.#file(`${name}.key`), 'utf8'),
    };
  }

  /** A list in which a member that it issued is revoked, DER. */
  revoke(name: string): Uint8Array {
    const signs = ['-keyfile', 'ca.key', '-cert', 'ca.pem'];
    this.#openssl('ca', '-batch', '-revoke', `${name}.pem`, ...signs);
    this.#openssl('ca', '-gencrl', '-crlexts', 'list', ...signs, '-out', 'list.pem');
    execFileSync('openssl', ['crl', '-in', 'list.pem', '-outform', 'DER', '-out', 'list.der'], {
      cwd: this.folder,
      stdio: 'pipe',
    });
    return readFileSync(this.#file('list.der'));
  }

  #sign(request: string, extensions: string, out: string): void {
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'openssl.cnf'];
    const digest = this.kind.digest === undefined ? [] : [`-${this.kind.digest}`];
    const args = ['x509', '-req', '-in', request, ...by, '-extensions', extensions, '-days', '30', ...digest];
    execFileSync('openssl', [...args, '-out', out], { cwd: this.folder, stdio: 'pipe' });
  }

  #newKey({ key, digest }: OpensslKind, name: string, subject = `/CN=${this.name}`): string[] {
    const made = ['-newkey', ...key, '-nodes', '-keyout', `${name}.key`, '-subj', subject];
    return digest === undefined ? made : [...made, `-${digest}`];
  }

  #openssl(command: string, ...args: readonly string[]): void {
    execFileSync('openssl', [command, '-config', 'openssl.cnf', ...args], { cwd: this.folder, stdio: 'pipe' });
  }

  #file(name: string): string {
    return join(this.folder, name);
  }
}
