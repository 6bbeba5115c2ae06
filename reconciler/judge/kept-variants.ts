import type { CanonicalEvent } from '#chaincode';
import type { Variant } from '../judgement.js';
import type { Db } from '../projection/database.js';
import { variantOf } from './findings.js';
import type { JudgedEvent } from './input.js';
import { locatorOf } from './load.js';
import { AttestedReader } from './stored-event.js';

/** An event as a kept finding names it: by its number, and the time of its key, which a timeless event may change later. */
export type KeptContent = readonly [event: number, keyTime: string];

/** How a finding is kept that tells of these. */
export function keptContent({ id, keyTime }: JudgedEvent): KeptContent {
  return [id, keyTime];
}

/**
 * Tells of events as it was told when a finding was kept: what is attested of an event is only ever added to, so what came
 * after that transaction (`upTo`) is left out.
 */
export function variantReader(db: Db): (contents: readonly KeptContent[], upTo: number) => Variant[] {
  const find = db.prepare('SELECT hash, canonical, attested FROM events WHERE id = ?');
  const attested = new AttestedReader(db);
  const locate = locatorOf({ db });
  return (contents, upTo) =>
    contents.map(([id, keyTime]) => {
      const row = find.get(id) as { readonly hash: string; readonly canonical: string; readonly attested: string };
      const attestations = attested.read(row.attested).filter(({ seq }) => seq <= upTo);
      return variantOf(
        {
          event: JSON.parse(row.canonical) as CanonicalEvent,
          hash: row.hash,
          keyTime,
          attestations,
          attesters: [...new Set(attestations.map(({ actor }) => actor))].sort(),
        },
        locate,
      );
    });
}
