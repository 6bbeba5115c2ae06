import { AttestationContract } from './attestation-contract.js';

export { AttestationContract } from './attestation-contract.js';
export { CONTRACT_VERSION } from './version.js';

/** What fabric-shim's loader looks for. It adds a contract of its own to this array: give others a copy. */
export const contracts = [AttestationContract];
