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
export function missing(standing: Standing, lacking: readonly Lacking[], beside: boolean, telling: Telling): Finding {
  return eventFinding('missing', standing.event, {
    telling,
    ...(beside && { subject: ['missing'] }),
    majority: standing.attesters,
    dissent: lacking.map(({ actor }) => actor),
    verdict: 'stands',
    contents: [standing.event],
    absence: absenceOf(lacking, telling.locate),
  });
}

/** The event stands, and dissenting actors attest other contents of it. */
export function differs({ standing, dissent, majority }: Pair, telling: Telling): Finding {
  return eventFinding('differs', standing.event, {
    telling,
    majority,
    dissent: [...new Set(dissent.map(({ actor }) => actor))].sort(),
    verdict: 'stands',
    contents: [standing.event, ...new Set(dissent.map(({ variant }) => variant.event))],
  });
}

/** Several contents of one event, none with a majority. */
export function unresolvedVariants(cluster: Cluster, telling: Telling): Finding {
  const contents = cluster.map(({ event }) => event);
  return eventFinding('differs', firstOf(contents), {
    telling,
    majority: [],
    dissent: [],
    verdict: 'unresolved',
    contents,
  });
}

/** Attested by a minority alone: invented by it, or left out by all others. */
export function uncorroborated(standing: Standing, telling: Telling): Finding {
  const resolved = standing.verdict === 'uncorroborated';
  return eventFinding('uncorroborated', standing.event, {
    telling,
    majority: resolved ? standing.lacking.filter(({ by }) => by === 'watch').map(({ actor }) => actor) : [],
    dissent: resolved ? standing.attesters : [],
    verdict: resolved ? 'uncorroborated' : 'unresolved',
    contents: [standing.event],
    absence: absenceOf(standing.lacking, telling.locate),
  });
}

/** The events of sources that do not exist, as one finding; of several sources it names none. */
export function inventedSource(standings: readonly Standing[], telling: Telling): Finding {
  const first = firstOf(standings.map(({ event }) => event));
  const several = standings.some(({ event }) => event.source !== first.source);
  return {
    ...eventFinding('uncorroborated', first, {
      telling,
      majority: [],
      dissent: [...new Set(standings.flatMap(({ attesters }) => attesters))].sort(),
      verdict: 'uncorroborated',
      contents: [first],
      ...(several && { subject: ['sources'] }),
    }),
    ...(several && { source: '' }),
    folded: standings.length,
  };
}

/** The event stands, but these actors attested it only after appearance plus grace. */
export function late(standing: Standing, telling: Telling): Finding {
  const dissent = [...standing.late].sort();
  return eventFinding('late', standing.event, {
    telling,
    subject: ['late'],
    majority: standing.attesters.filter((actor) => !dissent.includes(actor)),
    dissent,
    verdict: 'established',
    contents: [standing.event],
  });
}

interface EventFindingParts {
  readonly telling: Telling;
  readonly majority: readonly string[];
  readonly dissent: readonly string[];
  readonly verdict: Finding['verdict'];
  /** The contents that are told to be of one event, the one that stands first. */
  readonly contents: readonly JudgedEvent[];
  readonly absence?: readonly Absence[];
  /** What the finding's name has besides the event, where others may be about the same one. */
  readonly subject?: readonly string[];
}

const CONTENTS = Symbol('contents');

function eventFinding(findingClass: FindingClass, event: JudgedEvent, parts: EventFindingParts): Finding {
  const { type, object, action } = event;
  const source = event.source.name;
  const { telling, majority, dissent, verdict, contents, absence = [], subject = [] } = parts;
  const variants = () => contents.map((content) => variantOf(content, telling.locate));
  let id: string | undefined;
  const finding: Finding & { readonly [CONTENTS]: readonly JudgedEvent[] } = {
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
    [CONTENTS]: contents,
    get id() {
      id ??= findingId(source, firstOf(contents).hash, ...subject);
      return id;
    },
    get variants() {
      return variants();
    },
    get diff() {
      // One content alone differs from none.
      return contents.length > 1 ? differencesOf(variants()) : [];
    },
  };
  return telling.lazily ? finding : wholly(finding);
}

/** Of which events a finding that is told lazily says everything under `variants` and `diff`; undefined for any other. */
export function contentsOf(finding: Finding): readonly JudgedEvent[] | undefined {
  return (finding as { readonly [CONTENTS]?: readonly JudgedEvent[] })[CONTENTS];
}

/** All that a finding says, said now. */
export function wholly(finding: Finding): Finding {
  const { [CONTENTS]: _, ...told } = finding as Finding & { readonly [CONTENTS]?: readonly JudgedEvent[] };
  return told;
}

/** An event with all who attest it. */
export function variantOf(
  judged: Pick<JudgedEvent, 'event' | 'hash' | 'attesters' | 'attestations' | 'keyTime'>,
  locate: Locate,
): Variant {
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
function firstOf(contents: readonly JudgedEvent[]): JudgedEvent {
  return contents.reduce((first, one) => {
    const later = one.firstSeq - first.firstSeq || (one.hash < first.hash ? -1 : 1);
    return later < 0 ? one : first;
  });
}
