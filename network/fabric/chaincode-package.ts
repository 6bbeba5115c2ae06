import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CHAINCODE } from '../actor-folders.js';

const LABEL = `${CHAINCODE}-1`;
const BLOCK = 512;

/**
 * The package that every peer installs: it holds no code, only where a peer finds its chaincode's server. Each peer fills
 * the template from its own environment, so that one package, with one ID, serves all.
 * @param indexes of CouchDB, by file name
 */
export function chaincodePackage(indexes: Readonly<Record<string, string>> = {}): Buffer {
  const connection = {
    address: '{{.address}}',
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    client_key: '{{.client_key}}',
    client_cert: '{{.client_cert}}',
    root_cert: '{{.root_cert}}',
  };
  const code = tarGz({
    'connection.json': json(connection),
    ...Object.fromEntries(
      Object.entries(indexes).map(([name, text]) => [`META-INF/statedb/couchdb/indexes/${name}`, text]),
    ),
  });
  return tarGz({ 'metadata.json': json({ type: 'ccaas', label: LABEL }), 'code.tar.gz': code });
}

/** What peers and the chaincode's server call a package: its label and the hash of its bytes. */
export function packageId(bytes: Uint8Array): string {
  return `${LABEL}:${createHash('sha256').update(bytes).digest('hex')}`;
}

function json(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** A compressed archive that depends on its files' names and contents alone. */
function tarGz(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const parts = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    return [header(name, bytes.length), bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

/** A file's header in the format ustar, of the epoch and nobody's. */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, 100);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
