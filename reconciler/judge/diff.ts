import type { CanonicalEvent } from '#chaincode';
import type { FieldDifference } from '../judgement.js';

/** Fields besides the attributes in which variants of one event may differ. */
const FIELDS = ['scope', 'detail', 'time'] as const;
const OF_ATTRIBUTES = 'attributes.';

/** The fields on which variants of one event differ, with what each actor says; sorted by path. */
export function differencesOf(
  variants: readonly { readonly actors: readonly string[]; readonly event: CanonicalEvent }[],
): FieldDifference[] {
  const [first, ...others] = variants.map(({ event }) => event);
  if (first === undefined || others.length === 0) return [];
  const paths = new Set(others.flatMap((other) => [...fieldsApart(first, other), ...attributesApart(first, other)]));
  return [...paths].sort().map((path) => {
    const values = variants.flatMap(({ actors, event }) => {
      const value = valueAt(event, path) ?? null;
      return actors.map((actor) => [actor, value] as const);
    });
    return { path, values: Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1))) };
  });
}

function fieldsApart(one: CanonicalEvent, other: CanonicalEvent): string[] {
  return FIELDS.filter((field) => one[field] !== other[field]);
}

function attributesApart({ attributes: one }: CanonicalEvent, { attributes: other }: CanonicalEvent): string[] {
  if (typeof one === 'string' && typeof other === 'string') return one === other ? [] : ['attributes'];
  const [named, otherNamed] = [typeof one === 'string' ? {} : one, typeof other === 'string' ? {} : other];
  const names = Object.keys(named).filter((name) => named[name] !== own(otherNamed, name));
  for (const name of Object.keys(otherNamed)) if (!Object.hasOwn(named, name)) names.push(name);
  return [
    ...(named === one && otherNamed === other ? [] : ['attributes']),
    ...names.map((name) => OF_ATTRIBUTES + name),
  ];
}

/** @returns undefined where the event does not have it */
function valueAt(event: CanonicalEvent, path: string): string | undefined {
  const { attributes } = event;
  if (path.startsWith(OF_ATTRIBUTES)) {
    return typeof attributes === 'string' ? undefined : own(attributes, path.slice(OF_ATTRIBUTES.length));
  }
  if (path === 'attributes') return typeof attributes === 'string' ? attributes : undefined;
  const field = FIELDS.find((name) => name === path);
  return field && event[field];
}

function own(attributes: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}
