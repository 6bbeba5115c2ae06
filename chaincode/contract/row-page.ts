import type { Context } from 'fabric-contract-api';
import { ContractError, quoted } from './errors.js';
import { MAX_PAGE_BYTES, MAX_PAGE_ROWS } from './events.js';
import { rows } from './state.js';

/**
 * A page of rows, one answer each: `{"bookmark":…,"<list>":[…]}`. It ends after 10,000 rows or 1 MiB.
 * @param bookmark where the page before ended, '' for the first
 * @throws ContractError `ARGUMENT` for a bookmark that is none of this range.
 */
export async function rowPage<T>(
  ctx: Context,
  [start, end]: readonly [start: string, end: string],
  bookmark: string,
  list: string,
  render: (key: string, value: T) => object,
): Promise<string> {
  if (bookmark !== '' && (bookmark < start || bookmark >= end || !/^[A-Za-z0-9/._-]+$/.test(bookmark))) {
    throw new ContractError(
      'ARGUMENT',
      `The bookmark ${quoted(bookmark)} is none of this range; pass on the one the page before gave.`,
    );
  }
  const answers: string[] = [];
  let bytes = 0;
  for await (const { key, value } of rows<T>(ctx, [bookmark === '' ? start : bookmark, end])) {
    if (answers.length >= MAX_PAGE_ROWS || bytes >= MAX_PAGE_BYTES) return page(list, answers, key);
    const json = JSON.stringify(render(key, value));
    answers.push(json);
    bytes += Buffer.byteLength(json);
  }
  return page(list, answers, '');
}

function page(list: string, answers: readonly string[], bookmark: string): string {
  return `{"bookmark":${JSON.stringify(bookmark)},"${list}":[${answers.join(',')}]}`;
}
