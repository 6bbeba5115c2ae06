import { type Nanos, padNanos, parseTime } from '../record/index.js';
import { ContractError, quoted } from './errors.js';
import { ATTESTATIONS } from './state.js';

/** A selector is at most so many bytes of JSON … */
export const MAX_SELECTOR_BYTES = 8 * 1024;
/** … nested so deep … */
export const MAX_SELECTOR_DEPTH = 8;
/** … and has so many conditions and values to compare with. */
export const MAX_SELECTOR_CONDITIONS = 200;

/** A condition in CouchDB's own language, Mango. */
export type Mango = Readonly<Record<string, unknown>>;

type Scalar = string | number;

/** Where a row of state has what a selector may name; `attributes.<name>` and `time` besides. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['action', 'event.action'],
  ['actor', 'actor'],
  ['collector', 'collector'],
  ['detail', 'event.detail'],
  ['number', 'number'],
  ['object', 'event.object'],
  ['run', 'run'],
  ['scope', 'event.scope'],
  ['source', 'event.source'],
  ['type', 'event.type'],
]);
const ATTRIBUTE = 'attributes.';
const COMPARE = new Set(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte']);

/**
 * Makes the whole query for the state database of a selector over attestations. Every field in it is one of ours and
 * every operator is known, so no selector reaches rows of another kind or costs without bound (there is no `$regex`).
 * @param text JSON: `{"type":"container","attributes.image":"nginx","time":{"$gte":"2026-11-22"}}`. A time is ISO 8601
 *   or nanoseconds, and is that of the row's key: a timeless event's is the start of its UTC day.
 * @throws ContractError `ARGUMENT` that names what is wrong.
 */
export function mangoQuery(text: string): string {
  if (Buffer.byteLength(text) > MAX_SELECTOR_BYTES) {
    refuse(`is longer than ${MAX_SELECTOR_BYTES} bytes`);
  }
  let selector: unknown;
  try {
    selector = JSON.parse(text);
  } catch (cause) {
    throw new ContractError('ARGUMENT', 'The selector is no JSON; give an object such as {"type":"container"}.', {
      cause,
    });
  }
  const [start, end] = ATTESTATIONS;
  const conditions = new SelectorReader().conditions(selector, 1);
  return JSON.stringify({ selector: { $and: [{ _id: { $gte: start, $lt: end } }, ...conditions] } });
}

class SelectorReader {
  #count = 0;

  conditions(selector: unknown, depth: number): Mango[] {
    if (depth > MAX_SELECTOR_DEPTH) refuse(`is nested deeper than ${MAX_SELECTOR_DEPTH}`);
    return Object.entries(object(selector, 'The selector')).flatMap(([key, value]) => this.#entry(key, value, depth));
  }

  #entry(key: string, value: unknown, depth: number): Mango[] {
    this.#counted();
    if (key === '$and' || key === '$or' || key === '$nor') {
      if (!Array.isArray(value) || value.length === 0) refuse(`has no list of selectors after ${key}`);
      // One list of conditions rather than lists within lists, which not every Mango takes.
      if (key === '$and') return (value as unknown[]).flatMap((each) => this.conditions(each, depth + 1));
      return [{ [key]: (value as unknown[]).map((each) => all(this.#some(each, depth + 1))) }];
    }
    if (key === '$not') return [not(this.#some(value, depth + 1))];
    if (key === 'attributes') {
      return Object.entries(object(value, '"attributes"')).flatMap(([name, condition]) =>
        this.#field(ATTRIBUTE + name, condition, depth + 1),
      );
    }
    return this.#field(key, value, depth);
  }

  /** The conditions of a selector within the selector. */
  #some(selector: unknown, depth: number): Mango[] {
    const conditions = this.conditions(selector, depth);
    if (conditions.length === 0) refuse('has an empty selector within it');
    return conditions;
  }

  #field(field: string, condition: unknown, depth: number): Mango[] {
    if (depth > MAX_SELECTOR_DEPTH) refuse(`is nested deeper than ${MAX_SELECTOR_DEPTH}`);
    const path = field === 'time' ? field : pathOf(field);
    if (typeof condition !== 'object' || condition === null) return [this.#compare(path, field, '$eq', condition)];
    const operators = Object.entries(object(condition, `The condition of ${quoted(field)}`));
    if (operators.length === 0) refuse(`has no condition for ${quoted(field)}`);
    return operators.map(([operator, value]) =>
      operator === '$not'
        ? not(this.#field(field, object(value, '"$not"'), depth + 1))
        : this.#compare(path, field, operator, value),
    );
  }

  #compare(path: string, field: string, operator: string, value: unknown): Mango {
    if (operator === '$in' || operator === '$nin') {
      if (!Array.isArray(value) || value.length === 0) refuse(`has no list of values after ${operator}`);
      const values = (value as unknown[]).map((each) => this.#scalar(field, each));
      if (path !== 'time') return { [path]: { [operator]: values } };
      return { [operator === '$in' ? '$or' : '$nor']: values.map((each) => at('$eq', each)) };
    }
    if (operator === '$exists' && path !== 'time') {
      this.#counted();
      if (typeof value !== 'boolean') refuse('has neither true nor false after $exists');
      return { [path]: { $exists: value } };
    }
    if (!COMPARE.has(operator)) {
      refuse(`has ${quoted(operator)} for ${quoted(field)}, which is none of the operators it may have`);
    }
    const scalar = this.#scalar(field, value);
    return path === 'time' ? at(operator, scalar) : { [path]: { [operator]: scalar } };
  }

  #scalar(field: string, value: unknown): Scalar {
    this.#counted();
    const expected = field === 'number' ? 'number' : 'string';
    if (typeof value !== expected) refuse(`compares ${quoted(field)} with what is no ${expected}`);
    return field === 'time' ? parseTime(value as string) : (value as Scalar);
  }

  #counted(): void {
    this.#count += 1;
    if (this.#count > MAX_SELECTOR_CONDITIONS) refuse(`has more than ${MAX_SELECTOR_CONDITIONS} conditions and values`);
  }
}

/** One condition that holds where all of these do. */
function all(conditions: readonly Mango[]): Mango {
  const [first] = conditions;
  return conditions.length === 1 && first !== undefined ? first : { $and: conditions };
}

/** One that holds where not all of these do. */
function not(conditions: readonly Mango[]): Mango {
  return { $nor: [all(conditions)] };
}

/** A comparison of time, said of the key: its 19 digits sort as time does, an event's own digits may not. */
function at(operator: string, time: Scalar): Mango {
  const nanos = String(time);
  const first = keyAt(nanos);
  const after = keyAt((BigInt(nanos) + 1n).toString());
  switch (operator) {
    case '$gt':
      return { _id: { $gte: after } };
    case '$gte':
      return { _id: { $gte: first } };
    case '$lt':
      return { _id: { $lt: first } };
    case '$lte':
      return { _id: { $lt: after } };
    case '$ne':
      return not([{ _id: { $gte: first, $lt: after } }]);
    default:
      return { _id: { $gte: first, $lt: after } };
  }
}

function keyAt(time: Nanos): string {
  return `${ATTESTATIONS[0]}${padNanos(time)}/`;
}

/** The path of a field in a row, dots within an attribute's name escaped. */
function pathOf(field: string): string {
  const path = FIELDS.get(field);
  if (path !== undefined) return path;
  const name = field.startsWith(ATTRIBUTE) ? field.slice(ATTRIBUTE.length) : undefined;
  if (name === undefined) {
    const known = [...FIELDS.keys(), 'time', 'attributes.<name>'].sort().join(', ');
    refuse(`names ${quoted(field)}; it may name ${known}, and $and, $or, $nor, $not`);
  }
  // CouchDB has no way to write these.
  if (name === '' || name.startsWith('$') || name.includes('\\'))
    refuse(`names the attribute ${quoted(name)}, which CouchDB cannot look for`);
  return `event.attributes.${name.replaceAll('.', '\\.')}`;
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ContractError('ARGUMENT', `${what} is no JSON object; give one such as {"type":"container"}.`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function refuse(why: string): never {
  throw new ContractError('ARGUMENT', `The selector ${why}; see the help of "query events" for what it may say.`);
}
