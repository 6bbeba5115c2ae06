import type { Context } from 'fabric-contract-api';
import { type Anchor, type AnchorAnswer, dayStart, parseAnchor } from '../record/index.js';
import type { Caller } from './caller.js';
import { rowPage } from './row-page.js';
import { kindRange, put } from './state.js';

/** What follows `r/<day>/<actor>/<report hash>`. */
interface AnchorRow extends Omit<Anchor, 'day' | 'hash'> {
  readonly name: string;
}

/**
 * Records a report's hash. Nothing is read: whether an actor's word counts, whoever reads the anchors decides.
 * @returns the key's three parts, joined by `/`
 * @throws RecordError `ANCHOR_JSON`, `ANCHOR_SHAPE`, `TIME`.
 */
export async function anchor(ctx: Context, { actor, name }: Caller, json: string): Promise<string> {
  const { day, hash, tx, ranges } = parseAnchor(json);
  await put(ctx, `r/${day}/${actor}/${hash}`, { name, tx, ranges } satisfies AnchorRow);
  return `${day}/${actor}/${hash}`;
}

/**
 * A page of a day's anchors, of all days' if the day is empty, as JSON.
 * @throws RecordError `TIME`, ContractError `ARGUMENT`.
 */
export async function anchorPage(ctx: Context, day: string, bookmark: string): Promise<string> {
  if (day !== '') dayStart(day);
  const range = day === '' ? kindRange('r') : kindRange(`r/${day}`);
  return rowPage<AnchorRow>(ctx, range, bookmark, 'anchors', (key, { name, tx, ranges }): AnchorAnswer => {
    const [, at = '', actor = '', hash = ''] = key.split('/');
    return { day: at, actor, hash, name, tx, ranges };
  });
}
