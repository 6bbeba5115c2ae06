import type { FindingClass, Severity } from '../reconciler/judgement.js';

/** What each class is called and says, in one line for a reader who meets it the first time. */
export const CLASS_WORDS: Readonly<Record<FindingClass, { readonly label: string; readonly meaning: string }>> = {
  missing: { label: 'Missing', meaning: 'the event stands, the dissenting actor denies it or let the deadline pass' },
  differs: { label: 'Differs', meaning: 'the actors attest different contents or times of one event' },
  uncorroborated: {
    label: 'Uncorroborated',
    meaning: 'attested by a minority alone: invented by it, or left out by all others',
  },
  late: { label: 'Late', meaning: 'attested only after the time of grace' },
  gap: { label: 'Gap', meaning: "a hole in an actor's watches" },
  silent: { label: 'Silent', meaning: "an actor's watches of a source have stopped advancing" },
  equivocation: { label: 'Equivocation', meaning: 'two different batches signed under one number' },
  sequence: { label: 'Sequence', meaning: 'a batch number left out, or the chain of digests broken' },
  order: { label: 'Order', meaning: "two agreed events numbered the other way round in one actor's log" },
  lifecycle: { label: 'Life cycle', meaning: 'the agreed events of a container make no legal life' },
};

export const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };

/** The words of a report, in the order in which a reader needs them. */
export const GLOSSARY: readonly (readonly [string, string])[] = [
  ['Actor', 'An organisation of the consortium. Each watches the same engines with a collector of its own.'],
  ['Source', 'Where events come from: a Docker engine or a Swarm.'],
  ['Event', 'One thing that happened at a source, such as the start of a container.'],
  ['Attestation', 'An actor’s signed statement on the ledger that its collector saw an event.'],
  [
    'Watch',
    'An actor’s signed claim that it watched a source for a stretch of time and attested everything it had to. ' +
      'An event within a watch that its actor did not attest is thereby denied.',
  ],
  ['Gap', 'A hole between an actor’s watches. There the actor is blind: it neither attests nor denies.'],
  ['Finding', 'One disagreement or irregularity, with its evidence.'],
  ['Majority, dissent', 'More than half of the expected witnesses, and those who stand against them.'],
  ['Variant', 'One content of an event, where actors attest different ones.'],
  ['Agreed', 'A majority attests the event and no expected witness denies it or is absent.'],
  ['Disputed', 'An event with a finding missing, differs or uncorroborated.'],
  ['Pending', 'Not decided yet: a witness may still attest the event.'],
  ['Unobservable', 'A majority of the witnesses was blind at the time.'],
  ['Sealed', 'Every actor has said all it had to say of the day, or its time is up: the report will not change.'],
  [
    'Ledger clock',
    'The time at which the ledger stands, taken from all actors’ signed times, so that none can move it alone.',
  ],
];
