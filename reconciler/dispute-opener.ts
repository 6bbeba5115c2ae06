import { type DisputeAnswer, type FindingDisputesAnswer, latestRound } from '#chaincode';
import { UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import type { LedgerConnection } from '../network/connection.js';

/**
 * The actor whose dispute about a finding is meant where none is named: that of the only one that is open; of several the
 * actor's own, if one is given that can mean no other.
 * @param own the actor that closes, for it can close its own dispute alone
 * @throws UsageError if several may be meant, NetworkError if there is none
 */
export async function openerOf(ledger: LedgerConnection, finding: string, own?: string): Promise<string> {
  const { disputes } = JSON.parse(await ledger.evaluate('GetDispute', finding)) as FindingDisputesAnswer;
  const open = disputes.filter(isOpen);
  // Of closed ones the contract says what to do.
  const meant = open.length > 0 ? open : disputes;
  const [first, ...others] = meant.map(({ openedBy }) => openedBy);
  if (first === undefined) throw new UsageError('Nobody disputes this finding; open a dispute first.');
  if (others.length === 0) return first;
  if (own !== undefined && meant.some(({ openedBy }) => openedBy === own)) return own;
  const names = [first, ...others].map((name) => printable(name, 80)).join(', ');
  throw new UsageError(`Several actors dispute this finding: ${names}; say with --of whose dispute you mean.`);
}

function isOpen({ acts }: DisputeAnswer): boolean {
  return latestRound(acts)?.isClosed === false;
}
