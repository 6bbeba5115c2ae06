import {
  type DisputeAct,
  type DisputeAnswer,
  type DisputeCall,
  disputeRefusal,
  latestRound,
  NAME,
  type Nanos,
  type Policy,
  padNanos,
  parseDispute,
  RecordError,
  unpadNanos,
} from '#chaincode';
import type { PlacedAct } from '../exchange-form.js';
import type { Invocation } from '../ledger/block.js';
import type { Db } from './database.js';

/** Where an invocation stands: its block, the batch transactions before it, the ledger clock. */
export interface Moment {
  readonly block: bigint;
  readonly seq: number;
  readonly clock: bigint | undefined;
}

interface ActRow {
  readonly act: string;
  readonly block: number;
  readonly clock: string | null;
}

/** A dispute with what a reconciler adds to it. */
export interface BookedDispute {
  readonly finding: string;
  readonly acts: readonly PlacedAct[];
  /** The ledger clock from which the time to answer runs; undefined while the clock is. */
  readonly from: Nanos | undefined;
}

/**
 * The disputes, followed from what the actors signed and not from the contract's state: its rules are applied anew, for
 * endorsers in collusion might have waived them. Kept as rows alone.
 */
export class DisputeBook {
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      insert: db.prepare('INSERT INTO dispute_acts (finding, seq, block, clock, act) VALUES (?, ?, ?, ?, ?)'),
      of: db.prepare('SELECT act, block, clock FROM dispute_acts WHERE finding = ? ORDER BY number'),
      opened: db.prepare(
        "SELECT seq FROM dispute_acts WHERE finding = ? AND act ->> '$.act' = 'open' ORDER BY number DESC LIMIT 1",
      ),
      clockAfter: db
        .prepare('SELECT clock FROM transactions WHERE seq > ? AND clock IS NOT NULL ORDER BY seq LIMIT 1')
        .pluck(),
      touched: db.prepare('SELECT DISTINCT finding FROM dispute_acts WHERE seq >= ? ORDER BY finding').pluck(),
    };
  }

  /** Takes in a valid call of one of the transactions of disputes; does nothing if its signer may not do that. */
  take(call: DisputeCall, { args, signer, txId, time }: Invocation, moment: Moment, policy: Policy | undefined): void {
    const said = readCall(call, args);
    if (said === undefined || time === undefined || ![signer.actor, signer.commonName].every((name) => NAME.test(name)))
      return;
    const { finding, deed } = said;
    const before = this.#acts(finding);
    if (disputeRefusal(before, deed, signer.actor, policy) !== undefined) return;
    const act: DisputeAct = { ...deed, actor: signer.actor, name: signer.commonName, tx: txId, time };
    const clock = moment.clock === undefined ? null : padNanos(moment.clock.toString());
    this.#sql.insert.run(finding, moment.seq, Number(moment.block), clock, JSON.stringify(act));
  }

  /** A dispute as the contract has it: what was done, in order; undefined if there is none. */
  answer(finding: string): DisputeAnswer | undefined {
    const acts = this.#rows(finding).map(({ act }) => JSON.parse(act) as DisputeAct);
    return acts.length === 0 ? undefined : { finding, acts };
  }

  /** A dispute; undefined if there is none. */
  find(finding: string): BookedDispute | undefined {
    const acts = this.#acts(finding);
    const opening = latestRound(acts)?.opening as PlacedAct | undefined;
    if (opening === undefined) return undefined;
    const from = opening.clock === '' ? this.#clockAfterOpening(finding) : opening.clock;
    return { finding, acts, from };
  }

  /** The findings in whose disputes something was done after a batch transaction. */
  touched(after: number): string[] {
    return this.#sql.touched.all(after) as string[];
  }

  #clockAfterOpening(finding: string): Nanos | undefined {
    const { seq } = this.#sql.opened.get(finding) as { seq: number };
    const clock = this.#sql.clockAfter.get(seq) as string | undefined;
    return clock === undefined ? undefined : unpadNanos(clock);
  }

  #acts(finding: string): PlacedAct[] {
    return this.#rows(finding).map(({ act, block, clock }) => ({
      ...(JSON.parse(act) as DisputeAct),
      block: block.toString(),
      clock: clock === null ? '' : unpadNanos(clock),
    }));
  }

  #rows(finding: string): ActRow[] {
    return this.#sql.of.all(finding) as ActRow[];
  }
}

function readCall(call: DisputeCall, args: readonly string[]) {
  // The contract takes exactly one argument.
  if (args.length !== 1) return undefined;
  try {
    return parseDispute(call, args[0] ?? '');
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
