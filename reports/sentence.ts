import type { Absence, BatchEvidence, Finding } from '../reconciler/judgement.js';
import { differencePhrase } from './difference.js';
import { counted, grouped, humanDuration, short } from './format.js';
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
      return silent(finding);
    case 'equivocation':
      return equivocation(finding);
    case 'sequence':
      return sequence(finding);
    case 'order':
      return [
        ...subject(finding.dissent, 'numbers', 'number'),
        ' two agreed events of ',
        ...objectOf(finding),
        ' the other way round than they happened',
        ...more(finding),
        '.',
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
  const { variants, folded } = finding;
  if (variants.length > 1) {
    return [`The actors attest ${variants.length} versions of `, ...eventOf(finding), ', and none has a majority.'];
  }
  // Of what is too much to be read one by one the first may be told alike by all.
  const count = folded === undefined ? 'several events' : counted(folded, 'event');
  return [
    `The actors attest ${count} in different words, too many to be read one by one; of the first, `,
    ...eventOf(finding),
    ', they say the same.',
  ];
}

function uncorroborated(finding: Finding): Phrase {
  const { dissent, majority, variants, folded, verdict, absence } = finding;
  const attesters = [...new Set(variants.flatMap(({ actors }) => actors))].sort();
  const who = dissent.length > 0 ? dissent : attesters;
  if (folded !== undefined && folded > 1) {
    return [
      ...subject(who, 'alone attests', 'alone attest'),
      ` ${counted(folded, 'event')}`,
      ...(finding.source === ''
        ? [' of sources that nobody else knows']
        : [' of source ', { name: short(finding.source) }]),
      verdict === 'unresolved' ? ', and no majority denies them; folded' : ', folded',
      ' into this one finding.',
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
    `; ${meanwhile}`,
    ...more(finding),
    '.',
  ];
}

function silent(finding: Finding): Phrase {
  const { dissent, source, time, silence } = finding;
  const until: Phrase = silence?.to ? [' until ', { time: silence.to }] : [];
  const last: Phrase = silence ? ['; its last one ended at ', { time: silence.watched }] : [];
  const where: Phrase = ['no watch of source ', { name: short(source) }, ' has advanced since '];
  return [...subject(dissent), ' fell silent: ', ...where, { time }, ...until, ...last, ...more(finding), '.'];
}

function equivocation(finding: Finding): Phrase {
  const { dissent, batches } = finding;
  const [batch] = batches ?? [];
  const count = new Set(batches?.map(({ digest }) => digest)).size;
  const what = `${count > 2 ? grouped(count) : 'two'} different batches under `;
  const number: Phrase = batch ? [...batchPhrase(batch.n), ...ofCollector(batch)] : ['one number'];
  return [...subject(dissent), ' signed ', what, ...number, ...more(finding), '.'];
}

function sequence(finding: Finding): Phrase {
  const { dissent, numbers, batches } = finding;
  const [batch] = batches ?? [];
  if (batch === undefined || numbers === undefined) {
    return [...subject(dissent), ' left out a batch number, or broke the chain from one batch to the next.'];
  }
  // A hole is shown by what came after it, a broken link by the two batches that do not fit.
  if (batches !== undefined && batches.length > 1) {
    const where: Phrase = [...batchPhrase(numbers.to), ...ofCollector(batch)];
    return [
      ...subject(dissent),
      ' broke the chain: ',
      ...where,
      ' does not continue the one before',
      ...more(finding),
      '.',
    ];
  }
  const holes: Phrase =
    numbers.from === numbers.to
      ? batchPhrase(numbers.from)
      : ['the batches ', { name: numbers.from }, ' to ', { name: numbers.to }];
  return [...subject(dissent), ' left out ', ...holes, ...ofCollector(batch), ...more(finding), '.'];
}

function batchPhrase(number: string): Phrase {
  return ['batch ', { name: number }];
}

function ofCollector({ collector, run }: BatchEvidence): Phrase {
  return [' of collector ', { name: collector }, ', run ', { name: short(run) }];
}

/** What a folded finding stands for besides the one that it shows. */
function more({ folded }: Finding): Phrase {
  return folded !== undefined && folded > 1 ? [`, and ${counted(folded - 1, 'more finding')} alike`] : [];
}

function attestedBy({ majority }: Finding): Phrase {
  if (majority.length === 0) return ['others attest it'];
  return [...actorsPhrase(majority), majority.length === 1 ? ' attests it' : ' attest it'];
}
