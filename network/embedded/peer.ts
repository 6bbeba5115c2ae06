import type { Committer } from './committer.js';
import type { ContractHost } from './contract-host.js';
import type { Endorser } from './endorser.js';
import type { Members } from './members.js';
import type { Store } from './store.js';

/** What the services stand on. */
export interface Peer {
  readonly channel: string;
  readonly chaincode: string;
  readonly endpoint: string;
  readonly members: Members;
  readonly store: Store;
  readonly contract: ContractHost;
  readonly endorser: Endorser;
  readonly committer: Committer;
}
