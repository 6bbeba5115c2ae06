import type { Nanos } from '#chaincode';
import type { FieldDifference, Finding } from '../reconciler/judgement.js';
import { humanDuration } from './format.js';
import { actorsPhrase, type Phrase } from './phrase.js';
import { eventOf, subject } from './subject.js';

/** How the dissenters' version of an event differs from the majority's, in one sentence. */
export function differencePhrase(finding: Finding): Phrase {
  const { majority, dissent, diff } = finding;
  const event = eventOf(finding);
  const others: Phrase = majority.length > 0 ? actorsPhrase(majority) : ['the others'];
  const shift = timeShift(finding);
  const fields = diff.filter(({ path }) => path !== 'time' || shift === undefined);
  if (shift !== undefined) {
    const besides: Phrase = fields.length > 0 ? [', and other values of ', ...namesPhrase(fields)] : [];
    const later = `${humanDuration(shift.by)} ${shift.by < 0n ? 'earlier' : 'later'} than `;
    return [
      ...logsOf(dissent, 'has'),
      ' ',
      ...event,
      ' at ',
      { time: shift.to },
      ', ',
      later,
      ...others,
      ...besides,
      '.',
    ];
  }
  const [field] = fields;
  if (field !== undefined && fields.length === 1) {
    const [theirs, ours] = [dissent, majority].map((side) => valuePhrase(field.path, valueAmong(field.values, side)));
    const given: Phrase = [' ', { name: fieldName(field.path) }, ' as ', ...(theirs ?? [])];
    const verb = majority.length === 1 ? ' has ' : ' have ';
    return [...logsOf(dissent, 'gives'), ...given, ' for ', ...event, '; ', ...others, verb, ...(ours ?? []), '.'];
  }
  const what: Phrase = fields.length > 0 ? [' other values of ', ...namesPhrase(fields)] : [' other contents'];
  return [...logsOf(dissent, 'has'), ...what, ' for ', ...event, ' than ', ...others, '.'];
}

function logsOf(actors: readonly string[], verb: 'has' | 'gives'): Phrase {
  const [actor] = actors;
  if (actor !== undefined && actors.length === 1) return [{ actor }, `’s log ${verb}`];
  return subject(actors, verb, verb === 'has' ? 'have' : 'give');
}

function namesPhrase(fields: readonly FieldDifference[]): Phrase {
  const shown = fields.slice(0, 4);
  const names = shown.flatMap(({ path }, index): Phrase => [index === 0 ? '' : ', ', { name: fieldName(path) }]);
  return fields.length > shown.length ? [...names, ` and ${fields.length - shown.length} more fields`] : names;
}

// Where all dissenters share a time and all of the majority another.
function timeShift({ diff, majority, dissent }: Finding): { readonly by: bigint; readonly to: Nanos } | undefined {
  const values = diff.find(({ path }) => path === 'time')?.values;
  const theirs = values && onlyTime(values, dissent);
  const ours = values && onlyTime(values, majority);
  return theirs === undefined || ours === undefined ? undefined : { by: BigInt(theirs) - BigInt(ours), to: theirs };
}

function onlyTime(values: Readonly<Record<string, string | null>>, actors: readonly string[]): Nanos | undefined {
  const times = new Set(actors.map((actor) => values[actor]));
  const [time] = times;
  return times.size === 1 && typeof time === 'string' && /^\d{1,19}$/.test(time) ? time : undefined;
}

function valueAmong(values: Readonly<Record<string, string | null>>, actors: readonly string[]): string | null {
  const actor = actors.find((name) => Object.hasOwn(values, name));
  return actor === undefined ? null : (values[actor] ?? null);
}

function valuePhrase(path: string, value: string | null): Phrase {
  if (value === null) return ['nothing'];
  if (path === 'time') return [{ time: value }];
  return value === '' ? ['empty'] : [{ name: value }];
}

/** A field's name without the prefix that attributes have in a diff. */
export function fieldName(path: string): string {
  return path.startsWith('attributes.') ? path.slice('attributes.'.length) : path;
}
