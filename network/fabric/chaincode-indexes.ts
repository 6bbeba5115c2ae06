import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** The contract's indexes for CouchDB, by file name, in an order that every machine has. */
export function chaincodeIndexes(): Record<string, string> {
  const contract = dirname(require.resolve('#contract'));
  const folder = join(contract, '..', '..', 'META-INF', 'statedb', 'couchdb', 'indexes');
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}
