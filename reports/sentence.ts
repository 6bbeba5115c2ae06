import type { Absence, Finding } from '../reconciler/judgement.js';
import { differencePhrase } from './difference.js';
import { counted, humanDuration, short } from './format.js';
import { actorsPhrase, type Phrase } from './phrase.js';
import { eventOf, objectOf, subject } from './subject.js';

/** What happened, in one sentence for a reader who has never seen the project. */
export function findingSentence(finding: Finding): Phrase {
  switch (finding.class) {
    case 'missing':
      return [
        ...subject(finding.dissent, 'has', 'have'),
        ' no record of ',
        ...eventOf(finding),
        '; ',
        ...attestedBy(finding),
        '.',
      ];
    case 'differs':
      return finding.verdict === 'unresolved' ? unresolvedVariants(finding) : differencePhrase(finding);
    case 'uncorroborated':
      return uncorroborated(finding);
    case 'late':
      return [
        ...subject(finding.dissent),
        ' attested ',
        ...eventOf(finding),
        ' only after the time of grace had passed.',
      ];
    case 'gap':
      return gap(finding);
    case 'silent':
      return [
        ...subject(finding.dissent),
        ' stopped watching source ',
        { name: short(finding.source) },
        ': no watch has advanced since ',
        { time: finding.time },
        '.',
      ];
    case 'equivocation':
      return [...subject(finding.dissent), ' signed two different batches under one number.'];
    case 'sequence':
      return [...subject(finding.dissent), ' left out a batch number, or broke the chain from one batch to the next.'];
    case 'order':
      return [
        ...subject(finding.dissent, 'numbers', 'number'),
        ' two agreed events of ',
        ...objectOf(finding),
        ' the other way round than they happened.',
      ];
    case 'lifecycle':
      return [
        'The agreed events of ',
        ...objectOf(finding),
        ' make no possible life: ',
        ...eventOf(finding),
        ' does not fit what came before.',
      ];
  }
}

/** Why an actor counts as not having seen an event. */
export function absencePhrase({ actor, by, block, tx }: Absence): Phrase {
  const where = ` (block ${block}, transaction `;
  return by === 'watch'
    ? [{ actor }, ' watched the time and recorded nothing', where, { name: short(tx) }, ').']
    : [
        { actor },
        ' let the deadline pass without attesting the event or covering its time',
        where,
        { name: short(tx) },
        ').',
      ];
}

function unresolvedVariants(finding: Finding): Phrase {
  const count = finding.variants.length;
  return [`The actors attest ${count} versions of `, ...eventOf(finding), ', and none has a majority.'];
}

function uncorroborated(finding: Finding): Phrase {
  const { dissent, majority, variants, folded, verdict, absence } = finding;
  const attesters = [...new Set(variants.flatMap(({ actors }) => actors))].sort();
  const who = dissent.length > 0 ? dissent : attesters;
  if (folded !== undefined && folded > 1) {
    return [
      ...subject(who, 'alone attests', 'alone attest'),
      ` ${counted(folded, 'event')} of source `,
      { name: short(finding.source) },
      ', folded into this one finding.',
    ];
  }
  const doubters = majority.length > 0 ? majority : absence.map(({ actor }) => actor);
  if (verdict === 'unresolved') {
    const against: Phrase = doubters.length > 0 ? ['; ', ...subject(doubters, 'does', 'do'), ' not'] : [];
    return [
      ...subject(who, 'attests', 'attest'),
      ' ',
      ...eventOf(finding),
      ...against,
      ', and neither side has a majority.',
    ];
  }
  const against: Phrase = doubters.length > 0 ? [': ', ...subject(doubters, 'has', 'have'), ' no record of it'] : [];
  return ['Only ', ...subject(who, 'attests', 'attest'), ' ', ...eventOf(finding), ...against, '.'];
}

function gap(finding: Finding): Phrase {
  const hole = finding.gap;
  const length = hole ? humanDuration(BigInt(hole.to) - BigInt(finding.time)) : '';
  const events = hole?.events ?? 0;
  const meanwhile =
    events === 0
      ? 'no event of the others lies in it'
      : `${counted(events, 'event')} of the others ${events === 1 ? 'lies' : 'lie'} in it`;
  return [
    ...subject(finding.dissent),
    ' did not watch source ',
    { name: short(finding.source) },
    ` for ${length} from `,
    { time: finding.time },
    `; ${meanwhile}.`,
  ];
}

function attestedBy({ majority }: Finding): Phrase {
  if (majority.length === 0) return ['others attest it'];
  return [...actorsPhrase(majority), majority.length === 1 ? ' attests it' : ' attest it'];
}
