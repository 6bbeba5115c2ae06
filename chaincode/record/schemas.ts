import * as z from 'zod';
import { anchorSchema } from './anchor.js';
import { batchSchema, NAME } from './batch.js';
import { answerDisputeSchema, closeDisputeSchema, openDisputeSchema } from './dispute.js';
import { MAX_VALUE_BYTES, RECORD_VERSION } from './event.js';
import { policySchema } from './policy.js';

const ID = 'urn:event2ledger:schema:';
const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

type SchemaName =
  | 'anchor'
  | 'batch'
  | 'event'
  | 'event-page'
  | 'dispute-answer'
  | 'dispute-close'
  | 'dispute-open'
  | 'policy';

/**
 * The published JSON Schemas (2020-12), by name. They say what shape a value has; what a schema cannot say (canonical
 * form, sizes in bytes, how fields depend on each other) the record format's readers check besides.
 */
export function jsonSchemas(): Readonly<Record<SchemaName, object>> {
  return {
    anchor: published('anchor', "A report's hash, as AnchorReport takes it", z.toJSONSchema(anchorSchema)),
    batch: published('batch', 'A batch of attestations, as a collector signs it', z.toJSONSchema(batchSchema)),
    event: published('event', 'A canonical event (record version 1)', EVENT),
    'event-page': published('event-page', 'A page of events, as GetEvents and QueryEvents give it', EVENT_PAGE),
    'dispute-answer': published('dispute-answer', 'What AnswerDispute takes', z.toJSONSchema(answerDisputeSchema)),
    'dispute-close': published('dispute-close', 'What CloseDispute takes', z.toJSONSchema(closeDisputeSchema)),
    'dispute-open': published('dispute-open', 'What OpenDispute takes', z.toJSONSchema(openDisputeSchema)),
    policy: published('policy', 'The rules the actors approve on the ledger', z.toJSONSchema(policySchema)),
  };
}

function published(name: string, title: string, schema: object): object {
  return { $schema: DRAFT, $id: `${ID}${name}`, title, ...schema };
}

// A character has at least one byte, so a value of so many bytes never has more characters.
const value = { type: 'string', maxLength: MAX_VALUE_BYTES };
const content = { ...value, minLength: 1 };
const digest = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' };

const EVENT = {
  type: 'object',
  properties: {
    v: { const: RECORD_VERSION },
    source: { ...content, description: "the engine's ID for scope local, the cluster's ID for scope swarm" },
    scope: { enum: ['local', 'swarm'] },
    type: content,
    action: { ...content, description: 'the part of Docker\'s action before ": "' },
    detail: { ...content, description: 'the part after it' },
    object: { ...value, description: "Docker's Actor.ID" },
    attributes: {
      description: 'the attributes, or the digest of their canonical JSON where that is over 16 KiB',
      anyOf: [{ type: 'object', additionalProperties: value }, digest],
    },
    time: {
      type: 'string',
      pattern: '^(0|[1-9][0-9]{0,18})$',
      description: 'nanoseconds since 1970; left out for a removal in scope swarm',
    },
  },
  required: ['v', 'source', 'scope', 'type', 'action', 'object', 'attributes'],
  additionalProperties: false,
  if: { properties: { scope: { const: 'swarm' }, action: { const: 'remove' } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { time: false } },
  else: { required: ['time'] },
};

const name = { type: 'string', pattern: NAME.source };
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const ATTESTATION = {
  type: 'object',
  properties: {
    actor: name,
    collector: name,
    run: name,
    number: { type: 'integer', minimum: 1 },
    t: { ...EVENT.properties.time, description: "the collector's time, for an event that has none of its own" },
  },
  required: ['actor', 'collector', 'run', 'number'],
  additionalProperties: false,
};
const EVENT_PAGE = {
  type: 'object',
  properties: {
    bookmark: { type: 'string', description: "for the next page; '' at the end" },
    events: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          reference: { type: 'string', pattern: '^[0-9]{19}\\.[0-9a-f]{64}$' },
          eventHash: hash,
          event: { $ref: `${ID}event` },
          attestations: { type: 'array', items: ATTESTATION, minItems: 1 },
        },
        required: ['reference', 'eventHash', 'event', 'attestations'],
        additionalProperties: false,
      },
    },
  },
  required: ['bookmark', 'events'],
  additionalProperties: false,
};
