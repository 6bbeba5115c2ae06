import type { Nanos } from '#chaincode';
import type { Finding } from '../reconciler/judgement.js';
import { humanDuration } from './format.js';
import { actorsPhrase, type Phrase } from './phrase.js';
import { eventOf, subject } from './subject.js';

/** How the dissenters' version of an event differs from the majority's, in one sentence. */
export function differencePhrase(finding: Finding): Phrase {
  const { majority, dissent, diff } = finding;
  const theirs = subject(dissent, 'has', 'have');
  const shift = timeShift(finding);
  const rest = diff.filter(({ path }) => path !== 'time' || shift === undefined);
  const others: Phrase = majority.length > 0 ? actorsPhrase(majority) : ['the others'];
  if (shift !== undefined && rest.length === 0) {
    return [...theirs, ' ', ...eventOf(finding), ` ${shift} than `, ...others, '.'];
  }
  const [field, ...more] = rest;
  if (field !== undefined && more.length === 0) {
    const values: Phrase = [
      { name: fieldName(field.path) },
      ' as ',
      ...valuePhrase(field.path, valueAmong(field.values, dissent)),
      ' where ',
      ...others,
      majority.length === 1 ? ' has ' : ' have ',
      ...valuePhrase(field.path, valueAmong(field.values, majority)),
    ];
    const moved = shift === undefined ? [] : [` ${shift}, and gives `];
    return shift === undefined
      ? [...subject(dissent, 'gives', 'give'), ' ', ...values, ', for ', ...eventOf(finding), '.']
      : [...theirs, ' ', ...eventOf(finding), ...moved, ...values, '.'];
  }
  const names = rest
    .slice(0, 4)
    .flatMap(({ path }, index): Phrase => [index === 0 ? '' : ', ', { name: fieldName(path) }]);
  const beyond = rest.length > 4 ? ` and ${rest.length - 4} more` : '';
  const moved = shift === undefined ? '' : `, ${shift}`;
  return [
    ...theirs,
    ' other contents for ',
    ...eventOf(finding),
    ' than ',
    ...others,
    ...(names.length > 0 ? [': ', ...names, beyond] : []),
    `${moved}.`,
  ];
}

// "1 h 00 m 00 s later", where all dissenters share a time and all of the majority another.
function timeShift({ diff, majority, dissent }: Finding): string | undefined {
  const values = diff.find(({ path }) => path === 'time')?.values;
  const theirs = values && onlyTime(values, dissent);
  const ours = values && onlyTime(values, majority);
  if (theirs === undefined || ours === undefined) return undefined;
  const shift = BigInt(theirs) - BigInt(ours);
  return `${humanDuration(shift)} ${shift < 0n ? 'earlier' : 'later'}`;
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
