import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach } from 'vitest';
import { type CollectorOptions, runCollector } from '../../collector/collector.js';
import type { Observation } from '../../collector/observation.js';
import type { Source } from '../../collector/source/source.js';
import { type TraceOptions, traceSource } from '../../collector/source/trace.js';
import { DAY, event } from './events.js';
import type { FakeLedger } from './fake-ledger.js';

/** A second, in nanoseconds. */
export const S = 1_000_000_000n;

/** Waits hardly at all before it asks again. */
export const PATIENCE = { firstPauseMs: 1, longestPauseMs: 4 };

/** Runs collectors on a spool that is anew for each test of the file. */
export class Collecting {
  dir = '';

  constructor() {
    beforeEach(() => {
      this.dir = mkdtempSync(join(tmpdir(), 'e2l-spool-'));
    });
    afterEach(() => rmSync(this.dir, { recursive: true, force: true }));
  }

  /** A file in the test's folder. */
  file(name: string): string {
    return join(this.dir, name);
  }

  collect(connection: FakeLedger, source: Source, more: Partial<CollectorOptions> = {}) {
    const { signal } = new AbortController();
    return runCollector({
      connection,
      source,
      spool: this.file('spool.db'),
      signal,
      once: true,
      patience: PATIENCE,
      ...more,
    });
  }
}

export function trace(content: readonly string[], options?: TraceOptions): Source {
  return traceSource(() => Readable.from(content.map((one) => Buffer.from(`${one}\n`))), options);
}

/** A source under the test's control: what is told is taken in order, `probe` tells how far. */
export function told(name = 'docker') {
  const queue: (readonly Observation[])[] = [];
  let wake = () => {};
  let probes: Observation[] = [];
  const source: Source = {
    name,
    async *observe({ signal }) {
      signal.addEventListener('abort', () => wake(), { once: true });
      while (true) {
        for (let group = queue.shift(); group !== undefined; group = queue.shift()) yield group;
        if (signal.aborted) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async probe() {
      if (probes.length > 0) tell(...probes);
      probes = [];
    },
  };
  function tell(...observations: Observation[]): void {
    queue.push(observations);
    wake();
  }
  return { source, tell, onProbe: (...observations: Observation[]) => probes.push(...observations) };
}

export const started = (seconds: bigint, id = `c${seconds}`): Observation => ({
  kind: 'event',
  source: 'E1',
  event: event({ time: DAY + seconds * S, id }),
});
