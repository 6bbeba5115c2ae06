import { printable } from '../cli/printable.js';
import { blockAt, type LedgerConnection } from '../network/connection.js';
import { ReconcilerError } from './errors.js';
import type { DayJudgement } from './judgement.js';
import { blockHash } from './ledger/block.js';

/**
 * Insists that a connection leads to the ledger that a day was judged on, before anything about that day is put there: what
 * is on a ledger stands for good, and about another one's day it says nothing.
 * @throws ReconcilerError `LEDGER_CHANGED`; NetworkError
 */
export async function mustBeLedgerOf(
  connection: LedgerConnection,
  { day, ledger, channel, chaincode }: Pick<DayJudgement, 'day' | 'ledger' | 'channel' | 'chaincode'>,
): Promise<void> {
  const { profile } = connection;
  const isSame =
    profile.channel === channel &&
    profile.chaincode === chaincode &&
    blockHash(await blockAt(connection, 0n)) === ledger;
  if (isSame) return;
  throw new ReconcilerError(
    'LEDGER_CHANGED',
    `The report of ${day} is of ${printable(chaincode)} on ${printable(channel)}, ledger ${ledger}, and ${printable(profile.endpoint)} serves another; give a --profile of that ledger.`,
  );
}
