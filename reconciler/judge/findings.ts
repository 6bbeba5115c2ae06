import { hash } from 'node:crypto';
import { eventReference, unpadNanos } from '#chaincode';
import type { Absence, Evidence, Finding, FindingClass, Severity, Variant } from '../judgement.js';
import { differencesOf } from './diff.js';
import type { JudgedEvent } from './input.js';
import type { Cluster, Pair } from './pairing.js';
import type { Lacking, Standing } from './standing.js';

/** Where a transaction stands on the ledger. */
export type Locate = (seq: number) => { readonly block: string; readonly tx: string };

/** How findings about events are told. */
export interface Telling {
  readonly locate: Locate;
  /**
   * Whether what costs most to say is said when it is asked for, each time anew: of findings that will be folded nobody asks, and
   * of very many none is held.
   */
  readonly lazily: boolean;
}

const SEVERITY: Readonly<Record<FindingClass, Severity>> = {
  missing: 'high',
  differs: 'high',
  uncorroborated: 'high',
  equivocation: 'high',
  sequence: 'high',
  gap: 'medium',
  silent: 'medium',
  lifecycle: 'medium',
  late: 'low',
  order: 'low',
};

export function severityOf(findingClass: FindingClass): Severity {
  return SEVERITY[findingClass];
}

/**
 * A finding's name. That an event is missing, told differently or uncorroborated is one matter, named after its source
 * and its first attested content alone, so that it survives a change of class. What else may be said beside that has a
 * further `subject`: a class, and whom or what it is about.
 */
export function findingId(source: string, firstVariant: string, ...subject: readonly string[]): string {
  return hash('sha256', JSON.stringify(['event2ledger/finding/v1', source, firstVariant, ...subject]), 'hex');
}

/** A finding about an actor, established by what it signed: no event, no majority. */
export function established(
  findingClass: FindingClass,
  about: { readonly id: string; readonly source: string; readonly time: string; readonly actor: string },
): Finding {
  const { id, source, time, actor } = about;
  return {
    id,
    class: findingClass,
    severity: severityOf(findingClass),
    source,
    time: unpadNanos(time),
    majority: [],
    dissent: [actor],
    verdict: 'established',
    variants: [],
    absence: [],
    diff: [],
  };
}

/**
 * The event stands, these actors lack it.
 * @param beside whether others attest another content of it: a second finding about one event
 */
export function missing(
  standing: Standing,
  lacking: readonly Lacking[],
  beside: boolean,
  { locate, lazily }: Telling,
): Finding {
  return eventFinding('missing', standing.event, {
    lazily,
    ...(beside && { subject: ['missing'] }),
    majority: standing.attesters,
    dissent: lacking.map(({ actor }) => actor),
    verdict: 'stands',
    variants: () => [variantOf(standing.event, locate)],
    absence: absenceOf(lacking, locate),
  });
}

/** The event stands, and dissenting actors attest other contents of it. */
export function differs({ standing, dissent, majority }: Pair, { locate, lazily }: Telling): Finding {
  const contents = [standing, ...new Set(dissent.map(({ variant }) => variant))];
  return eventFinding('differs', standing.event, {
    lazily,
    majority,
    dissent: [...new Set(dissent.map(({ actor }) => actor))].sort(),
    verdict: 'stands',
    variants: () => contents.map((content) => variantOf(content.event, locate)),
    first: firstOf(contents),
  });
}

/** Several contents of one event, none with a majority. */
export function unresolvedVariants(cluster: Cluster, { locate, lazily }: Telling): Finding {
  const first = firstOf(cluster);
  return eventFinding('differs', first, {
    lazily,
    majority: [],
    dissent: [],
    verdict: 'unresolved',
    variants: () => cluster.map((content) => variantOf(content.event, locate)),
    first,
  });
}

/** Attested by a minority alone: invented by it, or left out by all others. */
export function uncorroborated(standing: Standing, { locate, lazily }: Telling): Finding {
  const resolved = standing.verdict === 'uncorroborated';
  return eventFinding('uncorroborated', standing.event, {
    lazily,
    majority: resolved ? standing.lacking.filter(({ by }) => by === 'watch').map(({ actor }) => actor) : [],
    dissent: resolved ? standing.attesters : [],
    verdict: resolved ? 'uncorroborated' : 'unresolved',
    variants: () => [variantOf(standing.event, locate)],
    absence: absenceOf(standing.lacking, locate),
  });
}

/** The events of sources that do not exist, as one finding; of several sources it names none. */
export function inventedSource(standings: readonly Standing[], { locate, lazily }: Telling): Finding {
  const first = firstOf(standings);
  const several = standings.some(({ event }) => event.source !== first.source);
  return {
    ...eventFinding('uncorroborated', first, {
      lazily,
      majority: [],
      dissent: [...new Set(standings.flatMap(({ attesters }) => attesters))].sort(),
      verdict: 'uncorroborated',
      variants: () => [variantOf(first, locate)],
      ...(several && { subject: ['sources'] }),
    }),
    ...(several && { source: '' }),
    folded: standings.length,
  };
}

/** The event stands, but these actors attested it only after appearance plus grace. */
export function late(standing: Standing, { locate, lazily }: Telling): Finding {
  const dissent = [...standing.late].sort();
  return eventFinding('late', standing.event, {
    lazily,
    subject: ['late'],
    majority: standing.attesters.filter((actor) => !dissent.includes(actor)),
    dissent,
    verdict: 'established',
    variants: () => [variantOf(standing.event, locate)],
  });
}

interface EventFindingParts {
  readonly lazily: boolean;
  readonly majority: readonly string[];
  readonly dissent: readonly string[];
  readonly verdict: Finding['verdict'];
  readonly variants: () => readonly Variant[];
  readonly absence?: readonly Absence[];
  /** The first attested of several contents, if there are several. */
  readonly first?: JudgedEvent;
  /** What the finding's name has besides the event, where others may be about the same one. */
  readonly subject?: readonly string[];
}

function eventFinding(findingClass: FindingClass, event: JudgedEvent, parts: EventFindingParts): Finding {
  const { type, object, action } = event;
  const source = event.source.name;
  const { lazily, majority, dissent, verdict, variants, absence = [], first, subject = [] } = parts;
  let id: string | undefined;
  const finding: Finding = {
    class: findingClass,
    severity: severityOf(findingClass),
    source,
    type,
    object,
    action,
    time: unpadNanos(event.time),
    majority,
    dissent,
    verdict,
    absence,
    get id() {
      id ??= findingId(source, (first ?? event).hash, ...subject);
      return id;
    },
    get variants() {
      return variants();
    },
    get diff() {
      // One content alone differs from none.
      return first === undefined ? [] : differencesOf(variants());
    },
  };
  return lazily ? finding : wholly(finding);
}

/** All that a finding says, said now. */
export function wholly(finding: Finding): Finding {
  return { ...finding };
}

/** An event with all who attest it. */
export function variantOf(judged: JudgedEvent, locate: Locate): Variant {
  const { event, hash: eventHash, attesters } = judged;
  const evidence = judged.attestations.map(
    ({ actor, collector, run, number, seq, t }): Evidence => ({
      actor,
      collector,
      run,
      number: number.toString(),
      ...locate(seq),
      ...(t === undefined ? {} : { t }),
    }),
  );
  // The time in the ledger's key: a timeless event is kept under the start of its day.
  const reference = eventReference(event.time ?? unpadNanos(judged.keyTime), eventHash);
  return { eventHash, reference, actors: attesters, event, evidence };
}

function absenceOf(lacking: readonly Lacking[], locate: Locate): Absence[] {
  return lacking.map(({ actor, by, seq }) => ({ actor, by, ...locate(seq) }));
}

/** The content that was attested first; among those of one transaction the one with the smaller hash. */
function firstOf(contents: readonly Standing[]): JudgedEvent {
  const [first] = contents
    .map(({ event }) => event)
    .sort((a, b) => a.firstSeq - b.firstSeq || (a.hash < b.hash ? -1 : 1));
  return first as JudgedEvent;
}
