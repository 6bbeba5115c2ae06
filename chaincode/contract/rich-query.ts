import type { Context } from 'fabric-contract-api';
import type { AttestationAnswer } from '../record/index.js';
import { ContractError, quoted } from './errors.js';
import { answerPage, attestationOf, type EventGroup, eventJson, eventOf, MAX_PAGE_BYTES } from './events.js';
import { mangoQuery } from './selector.js';
import type { AttestationRow } from './state.js';

/** Attestations that one page of a rich query may hold; CouchDB hands out no more at a time either. */
export const MAX_QUERY_ROWS = 1_000;
const MAX_BOOKMARK_LENGTH = 4_096;

interface RowPage {
  readonly rows: readonly { readonly key: string; readonly value: string }[];
  /** Where the next page begins, '' at the end. */
  readonly bookmark: string;
  /** Whether the rows are all of the page: if not, its bookmark is too far ahead. */
  readonly whole: boolean;
}

/**
 * A page of the attestations that a selector names, those of one event together, in the order in which the state
 * database gives them. An event whose attestations lie on two pages is on both, each time with those of that page.
 * @param bookmark the state database's own, '' for the first page
 * @throws ContractError `ARGUMENT` for a bad selector or bookmark, `STATE_DATABASE` where the peer has no CouchDB.
 */
export async function richPage(ctx: Context, selector: string, bookmark: string): Promise<string> {
  const query = mangoQuery(selector);
  if (bookmark.length > MAX_BOOKMARK_LENGTH || /[^\x21-\x7e]/.test(bookmark)) {
    throw new ContractError('ARGUMENT', 'The bookmark is none; pass on the one the page before gave.');
  }
  let page = await readRows(ctx, query, MAX_QUERY_ROWS, bookmark);
  // A bookmark is known only of a whole page: where the bytes ended it, the same rows are asked for as one.
  if (!page.whole) page = await readRows(ctx, query, page.rows.length, bookmark, Number.POSITIVE_INFINITY);
  return answerPage(
    grouped(page.rows).map((group) => eventJson(group)),
    page.bookmark,
  );
}

async function readRows(
  ctx: Context,
  query: string,
  size: number,
  bookmark: string,
  maxBytes = MAX_PAGE_BYTES,
): Promise<RowPage> {
  const { iterator, metadata } = await ask(ctx, query, size, bookmark);
  const rows: { key: string; value: string }[] = [];
  let bytes = 0;
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      if (bytes >= maxBytes) return { rows, bookmark: '', whole: false };
      const value = Buffer.from(next.value.value).toString();
      bytes += value.length;
      rows.push({ key: next.value.key, value });
    }
  } finally {
    await iterator.close();
  }
  return { rows, bookmark: rows.length < size ? '' : metadata.bookmark, whole: true };
}

async function ask(ctx: Context, query: string, size: number, bookmark: string) {
  try {
    return await ctx.stub.getQueryResultWithPagination(query, size, bookmark);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/not supported for/i.test(message)) {
      throw new ContractError(
        'STATE_DATABASE',
        'QueryEvents needs a peer whose state database is CouchDB, and this one keeps its state elsewhere (LevelDB, or ' +
          'the embedded ledger): ask a peer that has CouchDB, or list the events of a time without a selector (GetEvents).',
        { cause },
      );
    }
    throw new ContractError('STATE_DATABASE', `The peer's state database refused the query: ${quoted(message)}.`, {
      cause,
    });
  }
}

function grouped(rows: RowPage['rows']): EventGroup[] {
  const groups = new Map<string, EventGroup & { attestations: AttestationAnswer[] }>();
  for (const { key, value } of rows) {
    const row = JSON.parse(value) as AttestationRow;
    const event = key.split('/', 3).join('/');
    const group = groups.get(event) ?? { ...eventOf(key, row), attestations: [] };
    groups.set(event, group);
    group.attestations.push(attestationOf(key, row));
  }
  return [...groups.values()];
}
