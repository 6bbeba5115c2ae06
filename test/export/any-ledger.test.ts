import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect } from 'vitest';
import { exportLedger } from '../../export/export-ledger.js';
import { ACTORS, containerEvent, hashed, Run } from '../reconciler/support/history.js';
import { hex, makeProjection, type ReadAttestation, type ReadEvent, readRows } from './scene.js';

const DAY_NANOS = 86_400_000_000_000;
const DAYS = ['2026-11-22', '2026-11-23', '2026-11-24'];
const never = new AbortController().signal;

/** Events anywhere in three days, several at one time, and which actors attest each, in which of their batches. */
const ledgers = fc.array(
  fc.record({
    offset: fc.oneof(fc.nat(3 * DAY_NANOS - 1), fc.constantFrom(0, 5, DAY_NANOS - 1, DAY_NANOS, 2 * DAY_NANOS)),
    name: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    attesters: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
    batch: fc.nat(3),
  }),
  { maxLength: 40 },
);

describe('an export of any ledger', () => {
  const dir = mkdtempSync(join(tmpdir(), 'e2l-export-any-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test.prop([ledgers], { numRuns: 25 })('has each attestation once, in order, and falls into days', async (ledger) => {
    const seen = ledger.map(({ offset, name, ...rest }) => ({
      event: hashed(containerEvent(name, 'start', BigInt(offset))),
      ...rest,
    }));
    const run = mkdtempSync(join(dir, 'run-'));
    const db = join(run, 'user.db');
    const sent = ACTORS.flatMap((actor, index) => {
      const collector = new Run(actor);
      return [0, 1, 2, 3].map((batch) => {
        const own = seen.filter((one) => one.batch === batch && one.attesters.includes(index));
        return collector.batch({ events: own.map(({ event }) => event), sentAt: batch });
      });
    });
    makeProjection(db, sent);

    const read = async (name: string, from?: string, to?: string) => {
      const out = join(run, name);
      await exportLedger({ db, out, from, to, signal: never });
      return {
        events: (await readRows<ReadEvent>(join(out, 'events.parquet'))).map(({ hash, event }) => [hex(hash), event]),
        attestations: (await readRows<ReadAttestation>(join(out, 'attestations.parquet'))).map(
          ({ hash, actor }) => `${hex(hash)} ${actor}`,
        ),
      };
    };
    const whole = await read('whole');

    const byPlace = [...new Map(seen.map(({ event }) => [event.hash, event])).values()].sort((a, b) => {
      const later = BigInt(a.event.time ?? 0) - BigInt(b.event.time ?? 0);
      return later === 0n ? (a.hash < b.hash ? -1 : 1) : later < 0n ? -1 : 1;
    });
    expect(whole.events).toEqual(byPlace.map(({ hash, canonical }) => [hash, canonical]));
    expect(whole.attestations).toEqual(
      byPlace.flatMap(({ hash }) =>
        ACTORS.flatMap((actor, index) =>
          seen.some(({ event, attesters }) => event.hash === hash && attesters.includes(index))
            ? [`${hash} ${actor}`]
            : [],
        ),
      ),
    );

    const parts = [
      await read('first', undefined, DAYS[1]),
      await read('second', DAYS[1], DAYS[2]),
      await read('third', DAYS[2]),
    ];
    expect(parts.flatMap(({ events }) => events)).toEqual(whole.events);
    expect(parts.flatMap(({ attestations }) => attestations)).toEqual(whole.attestations);
    rmSync(run, { recursive: true });
  });
});
