import { type NumberedPolicy, type PoliciesAnswer, parsePolicy, policyText } from '#chaincode';
import type { LedgerConnection } from '../../network/connection.js';
import { CollectorError } from '../errors.js';

/** Seconds between batches while no policy says otherwise. */
const DEFAULT_HEARTBEAT = 15;

/** The policies in force, as the ledger gave them last. */
export class Policies {
  readonly #connection: LedgerConnection;
  #inForce: readonly NumberedPolicy[] = [];

  constructor(connection: LedgerConnection) {
    this.#connection = connection;
  }

  /**
   * Asks the ledger again.
   * @throws NetworkError; CollectorError `LEDGER` if the answer cannot be read.
   */
  async refresh(): Promise<void> {
    this.#inForce = readPolicies(await this.#connection.evaluate('GetPolicies'));
  }

  /** In the order in which they came into force. */
  get inForce(): readonly NumberedPolicy[] {
    return this.#inForce;
  }

  /** Seconds between batches at the most. */
  get heartbeat(): number {
    return this.#inForce.at(-1)?.policy.heartbeat ?? DEFAULT_HEARTBEAT;
  }
}

function readPolicies(answer: string): NumberedPolicy[] {
  try {
    const { inForce } = JSON.parse(answer) as PoliciesAnswer;
    return inForce.map(({ number, hash, policy }) => ({
      number,
      hash,
      policy: parsePolicy(policyText(policy)).policy,
    }));
  } catch (cause) {
    throw new CollectorError('LEDGER', "The ledger's answer to GetPolicies cannot be read; are the versions alike?", {
      cause,
    });
  }
}
