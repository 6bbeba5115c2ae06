import type { CanonicalEvent } from '#chaincode';
import type { FieldDifference } from '../judgement.js';

/** The fields on which variants of one event differ, with what each actor says; sorted by path. */
export function differencesOf(
  variants: readonly { readonly actors: readonly string[]; readonly event: CanonicalEvent }[],
): FieldDifference[] {
  const fields = variants.map(({ actors, event }) => ({ actors, fields: fieldsOf(event) }));
  const paths = [...new Set(fields.flatMap((variant) => [...variant.fields.keys()]))].sort();
  return paths.flatMap((path) => {
    const values = fields.flatMap((variant) =>
      variant.actors.map((actor) => [actor, variant.fields.get(path) ?? null] as const),
    );
    const differ = new Set(values.map(([, value]) => value)).size > 1;
    const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
    return differ ? [{ path, values: Object.fromEntries(sorted) }] : [];
  });
}

function fieldsOf(event: CanonicalEvent): Map<string, string> {
  const fields = new Map<string, string>([['scope', event.scope]]);
  if (event.detail !== undefined) fields.set('detail', event.detail);
  if (event.time !== undefined) fields.set('time', event.time);
  if (typeof event.attributes === 'string') fields.set('attributes', event.attributes);
  else for (const [name, value] of Object.entries(event.attributes)) fields.set(`attributes.${name}`, value);
  return fields;
}
