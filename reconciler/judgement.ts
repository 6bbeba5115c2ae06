import type { CanonicalEvent, Day, Nanos } from '#chaincode';
import type { DisputeStanding, ReportedAnchor } from './exchange-form.js';

/** The version of the judging rules; two reconcilers of one version write the same bytes. */
export const JUDGE_VERSION = '1';

/** What a finding says. A closed set, in the order in which reports list it. */
export const FINDING_CLASSES = [
  'missing',
  'differs',
  'uncorroborated',
  'late',
  'gap',
  'silent',
  'equivocation',
  'sequence',
  'order',
  'lifecycle',
] as const;
export type FindingClass = (typeof FINDING_CLASSES)[number];

export type Severity = 'high' | 'medium' | 'low';

/** Where on the ledger an attestation stands. Numbers are decimal strings. */
export interface Evidence {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly number: string;
  readonly block: string;
  readonly tx: string;
  /** The collector's own time, for an event that carries none. */
  readonly t?: Nanos;
}

/** One content of an event and who attested it. */
export interface Variant {
  readonly eventHash: string;
  readonly reference: string;
  readonly actors: readonly string[];
  readonly event: CanonicalEvent;
  readonly evidence: readonly Evidence[];
}

/** Why an actor counts as not having seen an event: a watch of its own covers the time, or the deadline passed. */
export interface Absence {
  readonly actor: string;
  readonly by: 'watch' | 'deadline';
  readonly block: string;
  readonly tx: string;
}

/** One field on which the variants disagree; `null` where a variant lacks it. */
export interface FieldDifference {
  /** `time`, `detail`, `scope` or `attributes.<name>`. */
  readonly path: string;
  readonly values: Readonly<Record<string, string | null>>;
}

/** A batch that shows what an actor did, where it stands on the ledger. Numbers are decimal strings. */
export interface BatchEvidence {
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly n: string;
  readonly digest: string;
  readonly block: string;
  readonly tx: string;
}

/** One disagreement or irregularity, with its evidence. */
export interface Finding {
  /** Hash of the source and the first attested variant: survives a change of class. See `findings.ts` for the others. */
  readonly id: string;
  readonly class: FindingClass;
  readonly severity: Severity;
  /** Empty where the finding is about a collector's batches: these name no one source. */
  readonly source: string;
  /** Absent where the finding is about an actor's watches or batches, not an event. */
  readonly type?: string;
  readonly object?: string;
  readonly action?: string;
  /**
   * The event's time (majority's variant), or the beginning of a gap; for what an actor did on the ledger the ledger
   * clock: of the second digest, from which the deadline ran, from which the silence ran.
   */
  readonly time: Nanos;
  readonly majority: readonly string[];
  readonly dissent: readonly string[];
  /** `unresolved` where neither side has a majority. */
  readonly verdict: 'stands' | 'uncorroborated' | 'unresolved' | 'established';
  readonly variants: readonly Variant[];
  readonly absence: readonly Absence[];
  readonly diff: readonly FieldDifference[];
  /** For `gap`: where the hole ends, what the collector said of it, how many events of others lie in it. */
  readonly gap?: { readonly to: Nanos; readonly reason: string; readonly events: number };
  /** For `silent`: the end of the actor's last watch, and the ledger clock at which its watches went on, if they did. */
  readonly silence?: { readonly watched: Nanos; readonly to: Nanos | '' };
  /** For `sequence`: the first and last batch number left out; the same twice if its `prev` is broken. */
  readonly numbers?: { readonly from: string; readonly to: string };
  /** For `silent`, `equivocation` and `sequence`: the batches that show it. */
  readonly batches?: readonly BatchEvidence[];
  /** For folded findings: how many events (an invented source, a flood) or findings (of other classes) it stands for. */
  readonly folded?: number;
}

/** Where each event of the day stands; `events` is the sum of the others. */
export interface Coverage {
  readonly events: number;
  readonly agreed: number;
  readonly disputed: number;
  readonly pending: number;
  readonly unobservable: number;
}

/** An actor's day: how many events it attested, and the findings of each class with it in `dissent`. */
export type ActorSummary = { readonly actor: string; readonly attested: number } & Readonly<
  Record<FindingClass, number>
>;

/** A container's running time on the day. Seconds are decimal strings with up to nine digits of fraction. */
export interface RunningTime {
  readonly object: string;
  readonly name: string;
  readonly image: string;
  /** Running in the logs of all actors that could see. */
  readonly agreedSeconds: string;
  readonly perActor: Readonly<Record<string, string>>;
  /** Running in the logs of some, not of all. */
  readonly disputedSeconds: string;
  /** Running as far as is known, but nobody's log says since when. */
  readonly unknownSeconds: string;
}

/** The running time and amounts of a day's containers that have something in common. */
export interface RunningSum {
  readonly by: 'image' | 'service' | 'label';
  /** The label's name, for `label`. */
  readonly label?: string;
  /** The image, the Swarm service's name, the label's value. */
  readonly value: string;
  readonly containers: number;
  readonly agreedSeconds: string;
  readonly disputedSeconds: string;
  readonly unknownSeconds: string;
  /** Amounts under the policy's tariff, exact decimals. */
  readonly agreed: string;
  readonly disputed: string;
}

/** A position in the ledger: after this transaction. */
export interface LedgerPosition {
  readonly block: string;
  readonly tx: string;
  /** The ledger clock there, nanoseconds; empty while it is undefined. */
  readonly clock: Nanos | '';
}

/** Everything that the reconciler establishes about one UTC day. A pure function of the ledger up to `blocks.to`. */
export interface DayJudgement {
  readonly day: Day;
  /** Hash of block 0, hex. */
  readonly ledger: string;
  readonly channel: string;
  readonly chaincode: string;
  readonly judge: string;
  /** The policy in force at the end of the day. */
  readonly policyHash: string;
  readonly sealed: boolean;
  readonly sealedAt?: LedgerPosition;
  /** Actors for whose silence the ledger clock stands still, if it does. */
  readonly stalled?: readonly string[];
  readonly blocks: { readonly from: string; readonly to: string; readonly hash: string };
  readonly coverage: Coverage;
  readonly actors: readonly ActorSummary[];
  readonly findings: readonly Finding[];
  readonly running: readonly RunningTime[];
  /** By image, by Swarm service and by the labels that the policy names. */
  readonly sums: readonly RunningSum[];
  /** Amounts under the policy's tariff, exact decimals. */
  readonly bill: { readonly currency: string; readonly agreed: string; readonly disputed: string };
  /** What later transactions changed about earlier, sealed days. */
  readonly amends: readonly { readonly day: Day; readonly id: string; readonly change: string }[];
  /**
   * The disputes in which something was done since the seal before, and those opened earlier about this very day, as they
   * stand at this one; left out if there are none.
   */
  readonly disputes?: readonly DisputeStanding[];
  /** How many more there are, where they are too many to be told; left out if none. */
  readonly omittedDisputes?: number;
  /** What actors anchored since the seal before, held against this ledger's own reports; left out if there is nothing. */
  readonly anchors?: readonly ReportedAnchor[];
}

/** Findings in their order; gone through one by one, for there may be very many. An array is such, too. */
export interface Findings extends Iterable<Finding> {
  readonly length: number;
}

/** What is said of a day, its findings told as they are gone through. */
export interface SaidDay extends Omit<DayJudgement, 'findings'> {
  readonly findings: Findings;
}
