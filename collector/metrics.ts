import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { CollectorCounts } from './collector.js';
import type { Counterpart, SpoolState, Vitals } from './vitals.js';

/** What the metrics are read from, at the moment they are asked for. */
export interface MetricsSubject {
  readonly vitals: Vitals;
  /** The latest counts; undefined before the first. */
  readonly counts: () => CollectorCounts | undefined;
  /** The most that the spool may hold. */
  readonly spoolLimitBytes: number;
  /** Whose collector it is: constant labels of every metric. */
  readonly actor: string;
  readonly collector: string;
}

const PREFIX = 'event2ledger_collector_';

/** Metrics that count up from the collector's start. */
const COUNTERS: readonly (readonly [name: string, help: string, read: (c: CollectorCounts, v: Vitals) => number])[] = [
  ['events_read_total', 'Events read from the source, those known before included', (c) => c.events],
  ['events_known_total', 'Events read that had been observed before', (c) => c.known],
  ['events_spooled_total', 'Events put on disk: read and not known before', (c) => c.events - c.known],
  ['events_unrecorded_total', 'Events that the policy does not have recorded', (c) => c.unrecorded],
  ['events_ungoverned_total', 'Events from before the first policy', (c) => c.ungoverned],
  ['events_malformed_total', 'Events that could not be read, put aside and declared as a gap', (c) => c.malformed],
  ['entries_recorded_total', "Entries put into batches, by the policy's rules", (c) => c.recorded],
  ['entries_attested_total', 'Entries known to be on the ledger', (c) => c.attested],
  ['batches_committed_total', 'Batches known to be on the ledger', (c) => c.batches],
  ['refusals_total', 'Requests that the ledger refused for good; the collector ends', (_, v) => v.batchesRefused],
  [
    'rereads_failed_total',
    "Times that the engine's memory could not be read, by which a watch is proven",
    (_, v) => v.rereadsFailed,
  ],
  ['gaps_declared_total', 'Gaps declared: times in which events may have been lost', (_, v) => v.gaps],
  [
    'reconnections_total',
    "Times that the engine's events came again after they had broken off",
    (_, v) => v.reconnections,
  ],
];

/** Every metric's name, kind and help, besides those of the process (`process_…`, `nodejs_…`). */
export const METRICS: readonly { readonly name: string; readonly kind: 'counter' | 'gauge'; readonly help: string }[] =
  [
    ...COUNTERS.map(([name, help]) => ({ name: PREFIX + name, kind: 'counter' as const, help })),
    ...(
      [
        ['behind', 'Observations and entries in the spool that are not yet on the ledger'],
        ['engine_up', '1 if the engine answers, 0 if not; left out for a trace'],
        ['memory_up', "1 if the engine's memory can be read, 0 if not: then nothing is claimed"],
        ['ledger_up', '1 if the ledger answers, 0 if not; left out until it was first asked'],
        ['spool_up', '1 if the spool takes events, 0 if it or its disk is full'],
        ['watched_until_seconds', 'How far a source was claimed to have been watched, in seconds since 1970'],
        ['spool_bytes', 'What the spool holds, as its limit counts it: the file may be larger, by what is free in it'],
        ['spool_limit_bytes', 'The most that it may hold'],
        ['spool_unreadable', 'Events that could not be read, since the spool was made'],
      ] as const
    ).map(([name, help]) => ({ name: PREFIX + name, kind: 'gauge' as const, help })),
  ];

/** Prometheus metrics of one collector. */
export function collectorMetrics(subject: MetricsSubject): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ actor: subject.actor, collector: subject.collector });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  for (const [name, help, read] of COUNTERS) {
    new Counter({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        const counts = subject.counts();
        this.reset();
        if (counts !== undefined) this.inc(read(counts, subject.vitals));
      },
    });
  }
  const gauge = (name: string, read: (gauge: Gauge<string>) => void, labelNames: string[] = []) => {
    const help = METRICS.find((metric) => metric.name === PREFIX + name)?.help ?? name;
    new Gauge({
      name: PREFIX + name,
      help,
      registers,
      labelNames,
      collect() {
        this.reset();
        read(this);
      },
    });
  };
  gauge('behind', (behind) => behind.set(subject.counts()?.behind ?? 0));
  for (const counterpart of ['engine', 'memory', 'ledger', 'spool'] satisfies Counterpart[]) {
    gauge(`${counterpart}_up`, (up) => {
      const state = subject.vitals.up(counterpart);
      // A gauge without labels starts with 0: what is not known must not look like "down".
      if (state === undefined) up.remove();
      else up.set(Number(state));
    });
  }
  gauge(
    'watched_until_seconds',
    (until) => {
      for (const [source, time] of subject.vitals.watchedUntil)
        until.set({ source }, Number(BigInt(time) / 1_000_000n) / 1000);
    },
    ['source'],
  );
  const ofSpool = (name: string, read: (state: SpoolState) => number) =>
    gauge(name, (one) => {
      const state = subject.vitals.spool;
      if (state === undefined) one.remove();
      else one.set(read(state));
    });
  ofSpool('spool_bytes', ({ bytes }) => bytes);
  gauge('spool_limit_bytes', (bytes) => bytes.set(subject.spoolLimitBytes));
  ofSpool('spool_unreadable', ({ unreadable }) => unreadable);
  return registry;
}
