import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { RECORD_VERSION, type VersionAnswer } from '../record/index.js';
import { ContractError } from './errors.js';

/** The contract's version: that of its package. */
export const CONTRACT_VERSION = '0.1.0';

const BUNDLE = 'contract.bundle.js';

// Read when the contract is loaded, not when it is asked: the file may be replaced under a running process.
const bundle = hashOf(basename(__filename) === BUNDLE ? __filename : join(__dirname, '..', BUNDLE));

/**
 * The version, with the hash of the running bundle; run unbundled (in the embedded ledger), of the bundle that was
 * built beside it.
 * @throws ContractError `BUNDLE` if there is none.
 */
export function versionAnswer(): VersionAnswer {
  if (bundle === undefined) {
    throw new ContractError('BUNDLE', `The file ${BUNDLE} was not there when the contract was loaded; build it.`);
  }
  return { version: CONTRACT_VERSION, record: RECORD_VERSION, bundle };
}

function hashOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
}
