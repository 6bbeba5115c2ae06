import { z } from 'zod';
import { MAX_BATCH_ENTRIES, parseTime } from '#chaincode';
import { DEFAULT_LIMITS } from './attester/sealer.js';
import { byteSize, listenAddress, wholeNumber, yesNo } from './config-values.js';
import { LOG_LEVELS } from './log.js';

/** The least that a spool may be limited to: below it a single busy hour would not fit. */
const LEAST_SPOOL_BYTES = 1 << 20;

const LOG_FORMATS = ['auto', 'json', 'text'] as const;

const text = z.string('must be a text').min(1, 'must not be empty').max(4096, 'must have at most 4096 characters');

const time = text.transform((value, context) => {
  try {
    return parseTime(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `must be a time: ${(error as Error).message}` });
    return z.NEVER;
  }
});

/** One of a few words; in the message, all of them. */
function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, `must be one of ${words.join(', ')}`);
}

/**
 * Every setting of `collect`, under the name it has in a config file, with `--` before it as a flag, and as `E2L_NAME`
 * in the environment. Descriptions are what `--help` and docs/collector.md say.
 */
export const configSchema = z.strictObject({
  profile: text.describe("profile.json of the collector's identity"),
  source: text.describe('docker, docker:URL, docker:context=NAME, file:TRACE, or - for standard input'),
  'source-id': text
    .refine((id) => Buffer.byteLength(id) <= 1024, 'must have at most 1,024 bytes of UTF-8')
    .optional()
    .describe('the engine\'s name in the events (default: a trace is "trace", an engine its own ID)'),
  spool: text
    .optional()
    .describe(
      'where events wait for the ledger (default: beside the profile, one for each source: spool-docker.db for docker alone)',
    ),
  'spool-limit': byteSize(LEAST_SPOOL_BYTES)
    .default(2 ** 30)
    .describe('the most that the spool may hold; when full, the collector stops taking events and declares the gap'),
  'batch-size': wholeNumber(1, MAX_BATCH_ENTRIES)
    .default(DEFAULT_LIMITS.entries)
    .describe('events in a batch at the most'),
  once: yesNo.default(false).describe("end at the trace's end, when everything is attested"),
  through: time
    .optional()
    .describe(
      "let the trace's watch reach from the start of its first event's UTC day to this time; a signed word that cannot be taken back, so no time to come",
    ),
  metrics: listenAddress
    .optional()
    .describe('serve /metrics and /healthz at HOST:PORT, or at PORT for this machine alone (default: not served)'),
  'health-grace': wholeNumber(0, 86_400)
    .default(60)
    .describe('seconds that engine or ledger may be out of reach, or the spool full, before /healthz says so'),
  'log-level': word(LOG_LEVELS).default('info').describe('how much is said while it runs'),
  'log-format': word(LOG_FORMATS)
    .default('auto')
    .describe('json: an object a line; text: for people; auto: text on a terminal, else json'),
});

/** What `collect` runs with, whole and checked. */
export type CollectConfig = z.output<typeof configSchema>;
export type SettingName = keyof CollectConfig;

export const SETTING_NAMES = Object.keys(configSchema.shape) as SettingName[];

/** Settings that name a file: in a config file they are relative to its folder. */
export const FILE_SETTINGS: ReadonlySet<SettingName> = new Set<SettingName>(['profile', 'spool']);

/** How the variables begin that are settings. */
export const VARIABLE_PREFIX = 'E2L_';

/** A setting's variable: `E2L_BATCH_SIZE`. */
export function variableOf(name: SettingName): string {
  return `${VARIABLE_PREFIX}${name.replaceAll('-', '_').toUpperCase()}`;
}

/** What a setting means, in the words of the help text. */
export function descriptionOf(name: SettingName): string {
  return configSchema.shape[name].description ?? '';
}

/** What a setting is when nobody gives it; `undefined` if it may be left out or must be given. */
export function defaultOf(name: SettingName): unknown {
  return configSchema.shape[name].safeParse(undefined).data;
}
