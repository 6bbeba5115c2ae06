import stringify = require('fast-json-stable-stringify');

import * as z from 'zod';
import { firstIssue, NAME } from './batch.js';
import { RecordError } from './errors.js';
import type { CanonicalEvent } from './event.js';
import { policyHash } from './hash.js';
import { isNanos, type Nanos } from './time.js';

const nanos = z
  .string()
  .refine(isNanos, 'must be nanoseconds as a decimal string')
  .meta({ pattern: '^(0|[1-9][0-9]{0,18})$' });
const actor = z.string().regex(NAME, 'must be an MSP ID');
const seconds = z
  .int()
  .min(1)
  .max(366 * 86_400);
const decimal = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?$/, 'must be a decimal number such as "0.00001"');
const distinct = (values: readonly string[]) => new Set(values).size === values.length;

export const policySchema = z.strictObject({
  v: z.literal(1),
  from: nanos.describe('the first event time it governs'),
  actors: z.array(actor).min(2).max(100).refine(distinct, 'must be distinct'),
  timekeepers: z
    .array(actor)
    .max(100)
    .refine(distinct, 'must be distinct')
    .describe('MSPs that only move the ledger clock'),
  sources: z
    .record(
      z.string().min(1).max(1024),
      z.strictObject({
        witnesses: z.array(actor).min(1).refine(distinct, 'must be distinct'),
        until: nanos.optional().describe('the source is gone from this time on'),
      }),
    )
    .describe('who must witness which source; "*" stands for every other'),
  record: z
    .record(z.string().min(1), z.array(z.string().min(1)))
    .describe('which actions of which types; "*" for all actions'),
  ignore: z.array(z.string()).describe('attributes left out of the canonical event'),
  grace: seconds.describe('seconds after appearance from which an attestation is late'),
  deadline: seconds.describe('seconds after appearance from which a witness is absent'),
  silence: seconds,
  heartbeat: seconds.describe('seconds between batches at the most'),
  window: seconds.describe('seconds by which the variants of one event may lie apart'),
  quota: z.int().min(1).describe('hashes that an actor alone may attest a day before they fold into one finding'),
  tariff: z.strictObject({
    currency: z.string().min(1).max(16),
    perSecond: decimal.describe('price of one running second of a container'),
    labels: z
      .array(z.string().min(1).max(256))
      .max(20)
      .refine(distinct, 'must be distinct')
      .optional()
      .describe('labels of containers by whose values running time is summed up too'),
  }),
});

/** The rules the actors approved on the ledger. Durations are whole seconds. */
export type Policy = z.infer<typeof policySchema>;

/** What a policy says where its author says nothing. Everything but `from` and `actors`. */
export const POLICY_DEFAULTS: Omit<Policy, 'from' | 'actors' | 'sources'> = {
  v: 1,
  timekeepers: [],
  record: {
    container: ['create', 'destroy', 'die', 'kill', 'oom', 'pause', 'rename', 'restart', 'start', 'stop', 'unpause'],
    network: ['connect', 'disconnect'],
    service: ['create', 'remove', 'update'],
  },
  ignore: [],
  grace: 30,
  deadline: 600,
  silence: 300,
  heartbeat: 15,
  window: 86_400,
  quota: 10_000,
  tariff: { currency: 'EUR', perSecond: '0.00001' },
};

/** A policy with the defaults filled in; all actors witness every source unless `sources` says otherwise. */
export function completePolicy(partial: Pick<Policy, 'from' | 'actors'> & Partial<Policy>): Policy {
  return { ...POLICY_DEFAULTS, sources: { '*': { witnesses: [...partial.actors] } }, ...partial };
}

/** A policy's canonical text, as it is proposed and hashed. */
export function policyText(policy: Policy): string {
  return stringify(policy);
}

/**
 * Reads a policy's text.
 * @throws RecordError `POLICY_JSON`, `POLICY_SHAPE`.
 */
export function parsePolicy(text: string): { policy: Policy; hash: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RecordError('POLICY_JSON', 'The policy is no JSON.', { cause });
  }
  const result = policySchema.safeParse(value);
  if (!result.success) throw new RecordError('POLICY_SHAPE', `The policy is malformed: ${firstIssue(result.error)}.`);
  const policy = result.data;
  for (const [id, { witnesses }] of Object.entries(policy.sources)) {
    const stranger = witnesses.find((witness) => !policy.actors.includes(witness));
    if (stranger !== undefined) {
      throw new RecordError(
        'POLICY_SHAPE',
        `The policy is malformed: sources.${id}.witnesses names ${stranger}, who is no actor of it.`,
      );
    }
  }
  const both = policy.timekeepers.find((keeper) => policy.actors.includes(keeper));
  if (both !== undefined) {
    throw new RecordError('POLICY_SHAPE', `The policy is malformed: ${both} is both actor and timekeeper; keep one.`);
  }
  if (policyText(policy) !== text) {
    throw new RecordError(
      'POLICY_SHAPE',
      'The policy is not in canonical form; propose what stable stringification gives.',
    );
  }
  return { policy, hash: policyHash(text) };
}

/** A policy in force, with its number on the ledger. */
export interface NumberedPolicy {
  readonly number: number;
  readonly hash: string;
  readonly policy: Policy;
}

/** The policy that governs an event time: of those in force, the last approved whose `from` is not after it. */
export function policyAt(inForce: readonly NumberedPolicy[], time: Nanos): NumberedPolicy | undefined {
  const at = BigInt(time);
  return inForce.findLast(({ policy }) => BigInt(policy.from) <= at);
}

/** Whether the policy has events of this kind recorded. */
export function isRecorded(policy: Policy, event: Pick<CanonicalEvent, 'type' | 'action'>): boolean {
  const actions = Object.hasOwn(policy.record, event.type) ? policy.record[event.type] : undefined;
  return actions !== undefined && (actions.includes(event.action) || actions.includes('*'));
}

/** The actors that must witness a source at a time, sorted; none if the policy does not know the source. */
export function witnessesOf(policy: Policy, source: string, time: Nanos): string[] {
  const rule = Object.hasOwn(policy.sources, source) ? policy.sources[source] : policy.sources['*'];
  if (rule === undefined || (rule.until !== undefined && BigInt(time) >= BigInt(rule.until))) return [];
  return [...rule.witnesses].sort();
}
