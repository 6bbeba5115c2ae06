import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Batch, parseBatch, parseEntry, RecordError, sha256Hex } from '#chaincode';
import { batchText } from '../../reconciler/ledger/batch-text.js';
import { PolicyBook } from '../../reconciler/ledger/policy-book.js';
import { Sources } from '../../reconciler/ledger/sources.js';
import { openDatabase } from '../../reconciler/projection/database.js';
import { entriesOf } from '../../reconciler/projection/entries.js';
import { EventWindow } from '../../reconciler/projection/event-window.js';
import { LifeLog } from '../../reconciler/projection/life-log.js';
import { type OpenEvent } from '../../reconciler/projection/open-event.js';
import { Tallies } from '../../reconciler/projection/tallies.js';
import { ACTORS, containerEvent, hashed, Run, watch } from './support/history.js';

const LABELS = [
  'plain',
  'with "quotes"',
  'a \\ and a /',
  'é',
  '😀',
  '"},{"b":"',
  '"}],"watches":',
  'line\nbreak',
  '\u2028',
];
const EVENTS = LABELS.map((label, at) => hashed(containerEvent(`c${at}`, 'start', BigInt(at), { label })));
const TIMELESS = hashed({ ...containerEvent('s', 'remove', 0n), scope: 'swarm', type: 'service' });

/** A window in which some events are open, one after the other as a batch had them. */
function windowWith(open: readonly number[]): EventWindow {
  const db = openDatabase(':memory:');
  const sources = new Sources();
  const window = new EventWindow(db, new PolicyBook(), new Tallies(db), sources, new LifeLog(db));
  let last: ReturnType<typeof window.enter> | undefined;
  for (const at of open) {
    const { canonical } = EVENTS[at] ?? TIMELESS;
    const entry = parseEntry({ from: 1, entries: [{ b: canonical }] }, 0);
    const event = window.enter(entry, sources.named(entry.event.source), 1);
    if (last !== undefined) window.follows(event, last);
    window.attest(event, { actor: 'ProviderMSP', runId: 1, seq: 1 }, at + 1, undefined);
    last = event;
  }
  return window;
}

/** What a batch holds, as whoever reads it whole says: undefined if it is none, null if an entry is malformed. */
function readWhole(text: string): [string, string | undefined][] | null | undefined {
  let batch: Batch;
  try {
    batch = parseBatch(text);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
  try {
    return batch.entries.map((_, at) => parseEntry(batch, at)).map(({ canonical, t }) => [canonical, t]);
  } catch (error) {
    if (error instanceof RecordError) return null;
    throw error;
  }
}

/** What an open event's text says. */
function canonicalOf(open: OpenEvent | undefined): string {
  return JSON.parse(`"${open?.text}"`);
}

function readByText(text: string, window: EventWindow): [string, string | undefined][] | null | undefined {
  const read = entriesOf(text, window, sha256Hex);
  if (read === undefined) return undefined;
  return read.entries?.map(({ open, parsed, t }) => [parsed?.canonical ?? canonicalOf(open), t]) ?? null;
}

const place = fc.integer({ min: 0, max: EVENTS.length - 1 });
const places = fc.uniqueArray(place);

/** What might be done to a batch's text to have it read in two ways. */
const change = fc.oneof(
  fc.constant((text: string) => text),
  fc.constant((text: string) => text.replace('\\"', '\\u0022')),
  fc.constant((text: string) => text.replace('/', '\\/')),
  fc.constant((text: string) => text.replace('"entries":[', '"entries":[],"entries":[')),
  fc.constant((text: string) => text.replace('"gaps":', '"entries":[],"gaps":')),
  fc.constant((text: string) => text.replace('"gaps":', '"n":7,"gaps":')),
  fc.constant((text: string) => text.replace('"gaps":', '"__proto__":{},"gaps":')),
  fc.constant((text: string) => text.replace('"},{"b":"', '"}, {"b":"')),
  fc.constant((text: string) => text.replace('"},{"b":"', '"},{"c":1,"b":"')),
  fc.constant((text: string) => text.replace('"v":1', '"v":2')),
  fc.constant((text: string) => text.replace(/"from":\d+/, '"from":9007199254740990')),
  fc.tuple(fc.nat(), fc.constantFrom('"', '\\', '{', '}', ',', 'é', '0', '"}],"watches":[],"gaps":[]}')).map(
    ([at, piece]) =>
      (text: string) =>
        text.slice(0, at % text.length) + piece + text.slice(at % text.length),
  ),
  fc.nat().map((at) => (text: string) => text.slice(0, at % text.length) + text.slice((at % text.length) + 1)),
);

test.prop([places, fc.array(place, { maxLength: 6 }), fc.boolean(), change], { numRuns: 1000 })(
  'a batch is the same whether its events are known by their text or read',
  (open, attested, hasTimeless, changed) => {
    const events = [...attested.flatMap((at) => EVENTS[at] ?? []), ...(hasTimeless ? [TIMELESS] : [])];
    const run = new Run(ACTORS[0] ?? '');
    const [text = ''] = run.batch({ events, t: '5', watches: [watch(0, 60)] }).args;
    const given = changed(text);
    expect(readByText(given, windowWith(open))).toEqual(readWhole(given));
  },
);

describe('the batches that collectors write', () => {
  it('are known by their texts', () => {
    const [text = ''] = new Run(ACTORS[0] ?? '').batch({ events: EVENTS }).args;
    expect(batchText(text)).toMatchObject({ head: { from: 1, entries: [] } });
  });
});
