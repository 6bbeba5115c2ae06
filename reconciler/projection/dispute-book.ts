import {
  type Day,
  type DisputeAct,
  type DisputeAnswer,
  type DisputeCall,
  type DisputeName,
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
import { chosenActs, disputesAbout, disputesSince } from './dispute-sql.js';

/** Where an invocation stands: its block, the batch transactions before it, the ledger clock. */
export interface Moment {
  readonly block: bigint;
  readonly seq: number;
  readonly clock: bigint | undefined;
}

interface ActRow {
  readonly number: number;
  readonly seq: number;
  readonly act: string;
  readonly block: number;
  readonly clock: string | null;
}

/** An act with its number among all acts of the ledger and the latest batch transaction before it. */
export interface BookedAct {
  readonly number: number;
  readonly seq: number;
  readonly act: PlacedAct;
}

/** A dispute with what a reconciler adds to it. */
export interface BookedDispute extends DisputeName {
  readonly acts: readonly BookedAct[];
  /** The ledger clock from which the time to answer runs; undefined while the clock is. */
  readonly from: Nanos | undefined;
}

/** A dispute and the day of the finding that it is about. */
export interface DatedDispute extends DisputeName {
  readonly day: Day;
}

/** A dispute that a report tells, and the numbers of the acts that it tells of it. */
export interface ToldDispute extends DatedDispute {
  readonly told: ReadonlySet<number>;
}

/** The disputes that a report tells, and how many it could not. */
export interface Told {
  readonly disputes: readonly ToldDispute[];
  readonly omitted: number;
}

/**
 * The disputes, followed from what the actors signed and not from the contract's state: its rules are applied anew, for
 * endorsers in collusion might have waived them. Kept as rows alone.
 */
export class DisputeBook {
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      insert: db.prepare(
        `INSERT INTO dispute_acts (finding, opened_by, actor, opens, seq, block, clock, act)
         VALUES (@finding, @openedBy, @actor, @opens, @seq, @block, @clock, @act)`,
      ),
      of: db.prepare(
        'SELECT number, seq, act, block, clock FROM dispute_acts WHERE finding = ? AND opened_by = ? ORDER BY number',
      ),
      about: db.prepare(disputesAbout),
      clockAfter: db
        .prepare('SELECT clock FROM transactions WHERE seq > ? AND clock IS NOT NULL ORDER BY seq LIMIT 1')
        .pluck(),
      chosen: db.prepare(chosenActs),
      since: db.prepare(disputesSince).pluck(),
    };
  }

  /** Takes in a valid call of one of the transactions of disputes; does nothing if its signer may not do that. */
  take(call: DisputeCall, { args, signer, txId, time }: Invocation, moment: Moment, policy: Policy | undefined): void {
    if (time === undefined || ![signer.actor, signer.commonName].every((name) => NAME.test(name))) return;
    const said = readCall(call, args, signer.actor);
    if (said === undefined) return;
    const { dispute, deed } = said;
    const { actor } = signer;
    if (disputeRefusal({ ...dispute, acts: this.#acts(dispute) }, deed, actor, policy) !== undefined) return;
    const act: DisputeAct = { ...deed, actor, name: signer.commonName, tx: txId, time };
    this.#sql.insert.run({
      ...dispute,
      actor,
      opens: deed.act === 'open' ? deed.day : null,
      seq: moment.seq,
      block: Number(moment.block),
      clock: moment.clock === undefined ? null : padNanos(moment.clock.toString()),
      act: JSON.stringify(act),
    });
  }

  /** A dispute as the contract has it: what was done, in order; undefined if there is none. */
  answer({ finding, openedBy }: DisputeName): DisputeAnswer | undefined {
    const acts = this.#acts({ finding, openedBy });
    return acts.length === 0 ? undefined : { finding, openedBy, acts };
  }

  /** A dispute; undefined if there is none. */
  find({ finding, openedBy }: DisputeName): BookedDispute | undefined {
    const acts = this.#rows({ finding, openedBy }).map(({ number, seq, act, block, clock }) => ({
      number,
      seq,
      act: { ...parsedAct(act), block: block.toString(), clock: clock === null ? '' : unpadNanos(clock) } as PlacedAct,
    }));
    const opening = latestRound(acts.map(({ act }) => act))?.opening;
    const opened = acts.find(({ act }) => act === opening);
    if (opened === undefined) return undefined;
    return { finding, openedBy, acts, from: opened.act.clock || this.#clockAfter(opened.seq) };
  }

  /** All disputes about a finding. */
  about(finding: string): DatedDispute[] {
    return this.#sql.about.all(finding) as DatedDispute[];
  }

  /**
   * What the report of a day tells: what was done after the seal before, and of disputes that were opened earlier about
   * this very day, which no report before could hold against its finding, how they were opened. Of too many acts those
   * that each actor did first, one of each actor in turn, so that none can crowd out another.
   * @param after the batch transaction of the seal before, 0 if there is none
   */
  told(after: number, day: Day): Told {
    const rows = this.#sql.chosen.all({ after, day }) as (DatedDispute & { readonly number: number })[];
    const told = new Map<string, DatedDispute & { readonly told: Set<number> }>();
    for (const { number, ...dispute } of rows) {
      const name = `${dispute.finding}/${dispute.openedBy}`;
      const known = told.get(name);
      if (known === undefined) told.set(name, { ...dispute, told: new Set([number]) });
      else known.told.add(number);
    }
    return { disputes: [...told.values()], omitted: (this.#sql.since.get({ after, day }) as number) - told.size };
  }

  #clockAfter(seq: number): Nanos | undefined {
    const clock = this.#sql.clockAfter.get(seq) as string | undefined;
    return clock === undefined ? undefined : unpadNanos(clock);
  }

  #acts(dispute: DisputeName): DisputeAct[] {
    return this.#rows(dispute).map(({ act }) => parsedAct(act));
  }

  #rows({ finding, openedBy }: DisputeName): ActRow[] {
    return this.#sql.of.all(finding, openedBy) as ActRow[];
  }
}

function parsedAct(json: string): DisputeAct {
  return JSON.parse(json) as DisputeAct;
}

function readCall(call: DisputeCall, args: readonly string[], signer: string) {
  // The contract takes exactly one argument.
  if (args.length !== 1) return undefined;
  try {
    return parseDispute(call, args[0] ?? '', signer);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
