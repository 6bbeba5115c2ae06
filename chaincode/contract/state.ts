import type { Context } from 'fabric-contract-api';
import {
  type Batch,
  type CanonicalEvent,
  type Nanos,
  type ParsedEntry,
  padNanos,
  type Watch,
} from '../record/index.js';

import stringify = require('fast-json-stable-stringify');

/** The character after `/`: a range from `prefix/` to `prefix0` holds all keys under the prefix. */
const AFTER_SLASH = '0';

/** The range of all attestations. */
export const ATTESTATIONS: readonly [start: string, end: string] = ['a/', `a${AFTER_SLASH}`];

/** What follows `a/<time>/<hash>/<actor>/<collector>`. */
export interface AttestationRow {
  /** The key's own, for selectors of CouchDB. */
  readonly actor: string;
  readonly collector: string;
  readonly run: string;
  readonly number: number;
  /** The event, for selectors too. A database may marshal it anew: `canonicalOf` gives its canonical bytes again. */
  readonly event: CanonicalEvent;
  readonly t?: Nanos;
}

/** What follows `c/<actor>/<collector>`: of the batch that was committed last. */
export interface CollectorRow {
  readonly run: string;
  readonly n: number;
  readonly sentAt: Nanos;
  readonly watches: readonly Watch[];
  readonly gaps: Batch['gaps'];
}

/** What follows `b/<actor>/<collector>/<run>/<n>`. */
export interface BatchRow {
  readonly from: number;
  readonly count: number;
  readonly digest: string;
  readonly prev: string;
  readonly sentAt: Nanos;
}

export function attestationKey(entry: ParsedEntry, actor: string, collector: string): string {
  return `a/${padNanos(entry.time)}/${entry.hash}/${actor}/${collector}`;
}

/** Stable JSON of an `AttestationRow`, written out by hand because it is made once per attestation. */
export function attestationValue(entry: ParsedEntry, run: string, actor: string, collector: string): string {
  // The names, `run` and `t` are checked: they hold nothing that JSON escapes. The canonical event is JSON already.
  const t = entry.t === undefined ? '' : `,"t":"${entry.t}"`;
  const who = `"actor":"${actor}","collector":"${collector}"`;
  return `{${who},"event":${entry.canonical},"number":${entry.number},"run":"${run}"${t}}`;
}

/** The canonical event of a row, the bytes that were attested: stable stringification defines them. */
export function canonicalOf({ event }: AttestationRow): string {
  return stringify(event);
}

export function batchKey(actor: string, batch: Batch): string {
  return `b/${actor}/${batch.collector}/${batch.run}/${batch.n}`;
}

export function collectorKey(actor: string, collector: string): string {
  return `c/${actor}/${collector}`;
}

/** The keys of all attestations at or after a time. */
export function fromTime(time: Nanos): string {
  return `a/${padNanos(time)}/`;
}

/** The range of the attestations of one event. */
export function eventRange(time: Nanos, hash: string): readonly [start: string, end: string] {
  const key = `a/${padNanos(time)}/${hash}`;
  return [`${key}/`, `${key}${AFTER_SLASH}`];
}

/** The range of everything under one letter. */
export function kindRange(
  kind: 'c' | 'd' | 'p' | 'r' | `c/${string}` | `d/${string}` | `r/${string}`,
): readonly [start: string, end: string] {
  return [`${kind}/`, `${kind}${AFTER_SLASH}`];
}

/** Writes a value as stable JSON, or as it is if it is text already. */
export async function put(ctx: Context, key: string, value: object | string): Promise<void> {
  await ctx.stub.putState(key, Buffer.from(typeof value === 'string' ? value : stringify(value)));
}

/** Reads one value, `undefined` if there is none. */
export async function get<T>(ctx: Context, key: string): Promise<T | undefined> {
  const bytes = await ctx.stub.getState(key);
  return bytes === undefined || bytes.length === 0 ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as T);
}

/** The rows of a range in key order. The iterator at the peer is closed however the loop ends. */
export async function* rows<T>(
  ctx: Context,
  [start, end]: readonly [start: string, end: string],
): AsyncGenerator<{ readonly key: string; readonly value: T }> {
  const iterator = await ctx.stub.getStateByRange(start, end);
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      const { key, value } = next.value;
      yield { key, value: JSON.parse(Buffer.from(value).toString()) as T };
    }
  } finally {
    await iterator.close();
  }
}
