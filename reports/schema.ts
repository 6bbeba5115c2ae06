import { z } from 'zod';
import { isNanos } from '#chaincode';
import { DISPUTE_STATES, MOST_ACTS_TOLD } from '../reconciler/exchange-form.js';
import { FINDING_CLASSES } from '../reconciler/judgement.js';
import { type DailyReport, REPORT_KIND, REPORT_VERSION } from './model.js';

const hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const nanos = z
  .string()
  .refine(isNanos, 'must be nanoseconds as a decimal string')
  .meta({ pattern: '^(0|[1-9][0-9]{0,18})$' });
const integer = z.string().regex(/^(?:0|[1-9][0-9]{0,19})$/, 'must be an integer as a decimal string');
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day, YYYY-MM-DD');
const seconds = z
  .string()
  .regex(/^(?:0|[1-9][0-9]*)(?:\.[0-9]{1,9})?$/, 'must be seconds as a decimal string')
  .describe('seconds, with up to nine digits of fraction');
const money = z.string().regex(/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/, 'must be an amount as a decimal string');
const count = z.int().min(0);
const actor = z.string().min(1).describe('the MSP of an actor');
const actors = z.array(actor);
const place = { block: integer, tx: z.string() };

const event = z
  .strictObject({
    v: z.literal(1),
    source: z.string(),
    scope: z.enum(['local', 'swarm']),
    type: z.string(),
    action: z.string(),
    detail: z.string().optional(),
    object: z.string(),
    attributes: z.union([z.record(z.string(), z.string()), z.string().regex(/^sha256:[0-9a-f]{64}$/)]),
    time: nanos.optional(),
  })
  .describe('the canonical event, record version 1');

const variant = z.strictObject({
  eventHash: hex,
  reference: z.string().regex(/^\d{19}\.[0-9a-f]{64}$/),
  actors: actors.describe('who attested this content'),
  event,
  evidence: z
    .array(
      z.strictObject({
        actor,
        collector: z.string(),
        run: z.string(),
        number: integer,
        ...place,
        t: nanos.optional().describe("the collector's own time, for an event that carries none"),
      }),
    )
    .describe('where on the ledger each attestation stands'),
});

/** The shape of one of a report's findings. */
export const findingSchema = z.strictObject({
  id: z.string().min(1).describe('survives a change of class'),
  class: z.enum(FINDING_CLASSES),
  severity: z.enum(['high', 'medium', 'low']),
  source: z.string().describe('empty where it is about no one source'),
  type: z.string().optional(),
  object: z.string().optional(),
  action: z.string().optional(),
  time: nanos,
  majority: actors,
  dissent: actors,
  verdict: z.enum(['stands', 'uncorroborated', 'unresolved', 'established']),
  variants: z.array(variant),
  absence: z.array(z.strictObject({ actor, by: z.enum(['watch', 'deadline']), ...place })),
  diff: z.array(z.strictObject({ path: z.string(), values: z.record(z.string(), z.string().nullable()) })),
  gap: z.strictObject({ to: nanos, reason: z.string(), events: count }).optional(),
  silence: z
    .strictObject({ watched: nanos, to: z.union([nanos, z.literal('')]) })
    .optional()
    .describe('end of the last watch, and the ledger clock at which the watches went on, if they did'),
  numbers: z
    .strictObject({ from: integer, to: integer })
    .optional()
    .describe('the batch numbers left out; the same twice where prev is broken'),
  batches: z
    .array(z.strictObject({ actor, collector: z.string(), run: z.string(), n: integer, digest: hex, ...place }))
    .optional()
    .describe('the batches that show what an actor did on the ledger'),
  folded: count.optional().describe('how many events or findings a folded finding stands for'),
});

const summary = z.strictObject({
  actor,
  attested: count,
  missing: count,
  differs: count,
  uncorroborated: count,
  late: count,
  gap: count,
  silent: count,
  equivocation: count,
  sequence: count,
  order: count,
  lifecycle: count,
});

const deed = {
  actor,
  name: z.string().describe('the common name of the certificate that signed it'),
  ...place,
  clock: z.union([nanos, z.literal('')]).describe('the ledger clock at it'),
  time: nanos.describe("its client's own time, for which nobody vouches"),
};

const dispute = z.strictObject({
  finding: hex,
  day,
  hash: hex.describe('of the finding, as the one that opened the dispute has it'),
  known: z.enum(['same', 'other', 'unknown']).describe('whether the finding has that hash here too'),
  state: z.enum(DISPUTE_STATES),
  openedBy: actor,
  answerBy: nanos.optional().describe('the ledger clock up to which the others are to answer'),
  awaited: actors.describe('who has yet to answer'),
  earlier: count.describe('how many acts are not told because they were done before the seal before'),
  acts: z
    .array(
      z.discriminatedUnion('act', [
        z.strictObject({ act: z.literal('open'), ...deed, hash: hex, day, text: z.string(), answerWithin: count }),
        z.strictObject({
          act: z.literal('answer'),
          ...deed,
          answer: z.enum(['accept', 'contest', 'explain']),
          text: z.string(),
          reference: z.string().optional(),
        }),
        z.strictObject({ act: z.literal('close'), ...deed, text: z.string().optional() }),
      ]),
    )
    .min(1)
    .max(MOST_ACTS_TOLD)
    .describe("since the seal before, in the ledger's order; of an earlier dispute about this day how it was opened"),
  omitted: count.min(1).optional().describe('how many acts since the seal before are not told, for there are too many'),
});

const anchor = z.strictObject({
  day,
  actor,
  hash: hex,
  same: z.boolean(),
  difference: z
    .strictObject({ part: z.string(), class: z.string().optional(), object: z.string().optional() })
    .optional()
    .describe("where it first differs from this ledger's own report; the part seal where the day is not sealed"),
});

/** The shape of a report, version 1. The published JSON Schema is generated from it. */
export const reportSchema: z.ZodType<DailyReport> = z.strictObject({
  report: z.literal(REPORT_KIND),
  version: z.literal(REPORT_VERSION),
  day: day.describe('the UTC day'),
  ledger: z.string().describe('hash of block 0, hex'),
  channel: z.string(),
  chaincode: z.string(),
  judge: z.string().describe('version of the judging rules'),
  policyHash: z.string().describe('the policy in force at the end of the day'),
  sealed: z.boolean(),
  sealedAt: z
    .strictObject({ ...place, clock: z.union([nanos, z.literal('')]) })
    .optional()
    .describe('the sealing transaction and the ledger clock after it'),
  stalled: actors.optional().describe('actors for whose silence the ledger clock stands still'),
  blocks: z.strictObject({ from: integer, to: integer, hash: z.string() }),
  coverage: z
    .strictObject({ events: count, agreed: count, disputed: count, pending: count, unobservable: count })
    .describe('events = agreed + disputed + pending + unobservable'),
  actors: z.array(summary),
  findings: z.array(findingSchema).describe('in order of time, class, id'),
  running: z.array(
    z.strictObject({
      object: z.string(),
      name: z.string(),
      image: z.string(),
      agreedSeconds: seconds,
      perActor: z.record(z.string(), seconds),
      disputedSeconds: seconds,
      unknownSeconds: seconds,
    }),
  ),
  sums: z
    .array(
      z.strictObject({
        by: z.enum(['image', 'service', 'label']),
        label: z.string().optional(),
        value: z.string(),
        containers: count,
        agreedSeconds: seconds,
        disputedSeconds: seconds,
        unknownSeconds: seconds,
        agreed: money,
        disputed: money,
      }),
    )
    .describe('running time and amounts by image, by Swarm service and by the labels that the policy names'),
  bill: z.strictObject({ currency: z.string(), agreed: money, disputed: money }),
  amends: z
    .array(
      z.strictObject({
        day,
        id: z
          .string()
          .describe(
            'the finding that is replaced; "coverage" for its counts, "bill" for its amounts, "folded" for changes beyond those told, "waiting" for days that are judged anew later',
          ),
        change: z.string(),
      }),
    )
    .describe('what later transactions changed about earlier, sealed days'),
  disputes: z
    .array(dispute)
    .min(1)
    .max(MOST_ACTS_TOLD)
    .optional()
    .describe(
      'disputes in which something was done since the seal before, and earlier ones about this day, as they stand at this seal',
    ),
  omittedDisputes: count.min(1).optional().describe('how many more disputes there are than can be told'),
  anchors: z
    .array(anchor)
    .min(1)
    .optional()
    .describe(
      "reports' hashes that actors anchored since the seal before, and earlier ones of the day sealed at it, held against this ledger's own reports",
    ),
  hash: hex.describe('SHA-256 over the stable stringification of all other fields'),
});

/** The JSON Schema (2020-12) that is published as `reports/schemas/daily-report.schema.json`. */
export function reportJsonSchema(): string {
  const schema = z.toJSONSchema(reportSchema, { target: 'draft-2020-12' });
  return `${JSON.stringify({ title: 'event2ledger daily report, version 1', ...schema }, null, 2)}\n`;
}
