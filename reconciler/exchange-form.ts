import type { AnchorDifference, Day, DisputeAct, Nanos } from '#chaincode';
import { texts } from './ordering.js';

/** A report tells at most so many acts in disputes, and so of no more disputes: anybody could do thousands. */
export const MOST_ACTS_TOLD = 1000;

/** Where a dispute stands. A closed set. */
export const DISPUTE_STATES = ['open', 'answered', 'overdue', 'closed'] as const;
export type DisputeState = (typeof DISPUTE_STATES)[number];

/** An act of a dispute, with its block and the ledger clock at it. */
export type PlacedAct = DisputeAct & {
  readonly block: string;
  /** Empty while the clock is undefined. */
  readonly clock: Nanos | '';
};

/** A dispute at one moment of the ledger. */
export interface DisputeStanding {
  readonly finding: string;
  /** The report's day and the finding's hash, as the one that opened the dispute gives them. */
  readonly day: Day;
  readonly hash: string;
  /** Whether the finding of that id and day has that hash here too; `unknown` where there is none. */
  readonly known: 'same' | 'other' | 'unknown';
  readonly state: DisputeState;
  readonly openedBy: string;
  /** The ledger clock up to which the others are to answer; left out while the clock is undefined. */
  readonly answerBy?: Nanos;
  /** Who has yet to answer: of those that dissent; any one of them where the finding is not known. */
  readonly awaited: readonly string[];
  /** How many acts are not told because they were done before: reports before have them, the ledger has all. */
  readonly earlier: number;
  /** In the ledger's order; in a report at least one, of those since the seal before. */
  readonly acts: readonly PlacedAct[];
  /** How many acts since the seal before are not told, for there are too many; left out if none. */
  readonly omitted?: number;
}

/** A report's hash that an actor anchored, held against this ledger's own report of that day. */
export interface ReportedAnchor {
  readonly day: Day;
  readonly actor: string;
  readonly hash: string;
  readonly same: boolean;
  /** The first difference; the part `seal` where no report of that day is sealed. */
  readonly difference?: Pick<AnchorDifference, 'part' | 'class' | 'object'>;
}

/** A dispute's fields in the order of version 1 of the report. The acts are in the ledger's order, which is kept. */
export function orderedDispute(dispute: DisputeStanding): DisputeStanding {
  return {
    finding: dispute.finding,
    day: dispute.day,
    hash: dispute.hash,
    known: dispute.known,
    state: dispute.state,
    openedBy: dispute.openedBy,
    ...(dispute.answerBy !== undefined && { answerBy: dispute.answerBy }),
    awaited: texts(dispute.awaited),
    earlier: dispute.earlier,
    acts: dispute.acts.map(orderedAct),
    ...(dispute.omitted !== undefined && { omitted: dispute.omitted }),
  };
}

function orderedAct(placed: PlacedAct): PlacedAct {
  const { block, clock, actor, name, tx, time } = placed;
  const place = { actor, name, block, tx, clock, time };
  switch (placed.act) {
    case 'open': {
      const { act, hash, day, text, answerWithin } = placed;
      return { act, ...place, hash, day, text, answerWithin };
    }
    case 'answer': {
      const { act, answer, text, reference } = placed;
      return { act, ...place, answer, text, ...(reference !== undefined && { reference }) };
    }
    case 'close': {
      const { act, text } = placed;
      return { act, ...place, ...(text !== undefined && { text }) };
    }
  }
}

/** An anchor's fields in the order of version 1 of the report. */
export function orderedAnchor({ day, actor, hash, same, difference }: ReportedAnchor): ReportedAnchor {
  return {
    day,
    actor,
    hash,
    same,
    ...(difference && {
      difference: {
        part: difference.part,
        ...(difference.class !== undefined && { class: difference.class }),
        ...(difference.object !== undefined && { object: difference.object }),
      },
    }),
  };
}
