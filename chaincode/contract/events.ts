import type { Context } from 'fabric-contract-api';
import { type AttestationAnswer, eventReference, isNanos, type Nanos, unpadNanos } from '../record/index.js';
import { ContractError, quoted } from './errors.js';
import { type AttestationRow, canonicalOf, fromTime, rows } from './state.js';

/** A page ends after so many rows of state … */
export const MAX_PAGE_ROWS = 10_000;
/** … or so many bytes of answer, and only between two events. */
export const MAX_PAGE_BYTES = 1024 * 1024;

/** All attestations of one event. */
export interface EventGroup {
  readonly time: Nanos;
  readonly hash: string;
  readonly canonical: string;
  readonly attestations: readonly AttestationAnswer[];
}

/** The answer about one event, as JSON. The canonical event is JSON already and goes in as it is. */
export function eventJson(group: EventGroup, more: Readonly<Record<string, unknown>> = {}): string {
  const { time, hash, canonical, attestations } = group;
  const rest = { reference: eventReference(time, hash), eventHash: hash, attestations, ...more };
  return `${JSON.stringify(rest).slice(0, -1)},"event":${canonical}}`;
}

/**
 * A page of the events of a time range.
 * @param to exclusive
 * @param bookmark where the page before ended, '' for the first
 * @param render the event's JSON, or `undefined` to leave it out
 * @throws ContractError `ARGUMENT` for a bookmark that is none of this range.
 */
export async function eventPage(
  ctx: Context,
  from: Nanos,
  to: Nanos,
  bookmark: string,
  render: (group: EventGroup) => string | undefined,
): Promise<string> {
  const end = fromTime(to);
  const start = bookmark === '' ? fromTime(from) : checkedBookmark(bookmark, fromTime(from), end);
  const events: string[] = [];
  let bytes = 0;
  let read = 0;
  for await (const { group, key } of groups(ctx, [start, end])) {
    if (read >= MAX_PAGE_ROWS || bytes >= MAX_PAGE_BYTES) return answerPage(events, key);
    read += group.attestations.length;
    const json = render(group);
    if (json === undefined) continue;
    events.push(json);
    bytes += Buffer.byteLength(json);
  }
  return answerPage(events, '');
}

/** The events of a range of keys, in order, each with the key of its first row. */
export async function* groups(
  ctx: Context,
  range: readonly [start: string, end: string],
): AsyncGenerator<{ readonly key: string; readonly group: EventGroup }> {
  let open: { key: string; group: EventGroup & { attestations: AttestationAnswer[] } } | undefined;
  for await (const { key, value } of rows<AttestationRow>(ctx, range)) {
    const [, padded = '', hash = ''] = key.split('/');
    if (open === undefined || open.group.hash !== hash || !open.key.startsWith(`a/${padded}/`)) {
      if (open !== undefined) yield open;
      open = { key, group: { ...eventOf(key, value), attestations: [] } };
    }
    open.group.attestations.push(attestationOf(key, value));
  }
  if (open !== undefined) yield open;
}

/** The event of a row of state. */
export function eventOf(key: string, row: AttestationRow): Omit<EventGroup, 'attestations'> {
  const [, padded = '', hash = ''] = key.split('/');
  return { time: unpadNanos(padded), hash, canonical: canonicalOf(row) };
}

/** The attestation of a row of state; its key has the last word on whose it is. */
export function attestationOf(key: string, { run, number, t }: AttestationRow): AttestationAnswer {
  const [, , , actor = '', collector = ''] = key.split('/');
  return { actor, collector, run, number, ...(t === undefined ? {} : { t }) };
}

/**
 * Checks the two ends of a time range.
 * @throws ContractError `ARGUMENT`.
 */
export function checkRange(from: string, to: string): void {
  for (const [name, time] of [
    ['fromNanos', from],
    ['toNanos', to],
  ] as const) {
    if (!isNanos(time)) {
      throw new ContractError(
        'ARGUMENT',
        `${name} is ${quoted(time)}; give nanoseconds since 1970 within int64, as a decimal number.`,
      );
    }
  }
  if (BigInt(from) > BigInt(to)) {
    throw new ContractError('ARGUMENT', 'fromNanos lies after toNanos; give the earlier time first.');
  }
}

function checkedBookmark(bookmark: string, start: string, end: string): string {
  const known = /^a\/\d{19}\/[0-9a-f]{64}\/[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/.test(bookmark);
  if (!known || bookmark < start || bookmark >= end) {
    throw new ContractError(
      'ARGUMENT',
      `The bookmark ${quoted(bookmark)} is none of this range; pass on the one the page before gave.`,
    );
  }
  return bookmark;
}

/** A page as JSON. */
export function answerPage(events: readonly string[], bookmark: string): string {
  return `{"bookmark":${JSON.stringify(bookmark)},"events":[${events.join(',')}]}`;
}
