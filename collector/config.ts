import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { isExpected } from '../cli/command.js';
import { UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { whyUnreadable } from '../cli/unreadable.js';
import {
  type CollectConfig,
  configSchema,
  FILE_SETTINGS,
  SETTING_NAMES,
  type SettingName,
  VARIABLE_PREFIX,
  variableOf,
} from './config-settings.js';

/** Names the config file where no flag does. */
export const CONFIG_VARIABLE = 'E2L_CONFIG';

/** Where a value came from: `--source`, `E2L_SOURCE`, `config.yml`. */
type Origin = string;

/** The three places in which a setting may be given. */
export interface ConfigInput {
  /** A config file named by a flag; else E2L_CONFIG may name one. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By setting; what was not given is absent. */
  readonly flags: Readonly<Partial<Record<SettingName, unknown>>>;
  /** Look further, at what a setting names: throw a sentence if that cannot be used. */
  readonly checks?: SettingChecks;
}

/** @param config all settings; undefined if some are wrong */
type SettingCheck = (value: string, config: CollectConfig | undefined) => void;
type SettingChecks = Readonly<Partial<Record<SettingName, SettingCheck>>>;

/** The settings, and who gave each; one that nobody gave has its default. */
export interface LoadedConfig {
  readonly config: CollectConfig;
  readonly origins: ReadonlyMap<SettingName, Origin>;
  /** Variables that are named as settings are, and are none. */
  readonly strange: readonly string[];
}

/**
 * Reads the settings: a flag wins over the environment, that over the config file, that over the default.
 * @throws UsageError with every setting that is wrong or lacking, and where it was given.
 * @example
 * loadConfig({ env: process.env, flags: { source: 'docker', profile: 'profile.json' } }).config['batch-size']
 */
export function loadConfig({ file, env, flags, checks = {} }: ConfigInput): LoadedConfig {
  // Without a prototype, so that no name is special.
  const values = Object.create(null) as Record<string, unknown>;
  const origins = new Map<string, Origin>();
  const give = (name: string, value: unknown, origin: Origin) => {
    if (value === undefined || value === null) return;
    values[name] = value;
    origins.set(name, origin);
  };
  const path = file ?? (env[CONFIG_VARIABLE] || undefined);
  if (path !== undefined) {
    for (const [name, value] of readConfigFile(path)) give(name, value, path);
  }
  for (const name of SETTING_NAMES) {
    // An empty variable is one that was not set: compose files and unit files leave such behind.
    give(name, env[variableOf(name)] || undefined, variableOf(name));
    give(name, flags[name], `--${name}`);
  }
  const result = configSchema.safeParse(values);
  const issues = result.error?.issues ?? [];
  const mistakes = [...wrong(issues, origins)];
  for (const [name, check] of Object.entries(checks) as [SettingName, SettingCheck][]) {
    const value = values[name];
    if (typeof value !== 'string' || issues.some(({ path }) => path[0] === name)) continue;
    const why = refusalOf(() => check(value, result.data));
    if (why !== undefined) mistakes.push(`${name} (from ${printable(origins.get(name) ?? '', 200)}): ${why}`);
  }
  if (result.data === undefined || mistakes.length > 0) throw new UsageError(mistakes);
  const settings = new Set([CONFIG_VARIABLE, ...SETTING_NAMES.map(variableOf)]);
  const strange = Object.keys(env).filter((name) => name.startsWith(VARIABLE_PREFIX) && !settings.has(name));
  return { config: result.data, origins: origins as Map<SettingName, Origin>, strange };
}

function* readConfigFile(file: string): Iterable<[string, unknown]> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`The config file ${printable(file, 200)} ${whyUnreadable(cause)}.`, { cause });
  }
  // JSON is YAML. Without the core schema's tags nothing but texts, numbers, yes and no, lists and maps comes out.
  const document = parseDocument(content, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = content.slice(0, error.pos[0]).split('\n').length;
    throw new UsageError(
      `The config file ${printable(file, 200)} is no YAML or JSON (line ${line}: ${error.message}).`,
    );
  }
  const value = plain(file, document);
  if (value === null || value === undefined) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new UsageError(`The config file ${printable(file, 200)} must hold settings, one "name: value" a line.`);
  }
  for (const [name, given] of Object.entries(value)) {
    const isFile = FILE_SETTINGS.has(name as SettingName) && typeof given === 'string' && given !== '';
    yield [name, isFile ? resolve(dirname(file), given) : sourceBeside(file, name, given)];
  }
}

function plain(file: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new UsageError(`The config file ${printable(file, 200)} cannot be read (${(cause as Error).message}).`, {
      cause,
    });
  }
}

/** A trace named in a config file lies relative to it too. */
function sourceBeside(file: string, name: string, given: unknown): unknown {
  if (name !== 'source' || typeof given !== 'string' || !/^file:./.test(given)) return given;
  return `file:${resolve(dirname(file), given.slice('file:'.length))}`;
}

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

/** A sentence for each. */
function wrong(issues: readonly Issue[], origins: ReadonlyMap<string, Origin>): string[] {
  const said = issues.flatMap(({ path, message, keys, code }) => {
    if (code === 'unrecognized_keys') return (keys ?? []).map((key) => unknown(key, origins.get(key)));
    const name = String(path[0]) as SettingName;
    const origin = origins.get(name);
    if (origin !== undefined) return [`${name} (from ${printable(origin, 200)}) ${message}`];
    return [`${name} is missing: give --${name}, ${variableOf(name)}, or ${name} in a config file`];
  });
  return said.map((sentence) => `${sentence.replace(/\.$/, '')}.`);
}

/** What a check throws, if it is meant for whoever gave the setting. */
function refusalOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return error.message;
  }
}

function unknown(key: string, origin = 'the config file'): string {
  return `${printable(key, 50)} (from ${printable(origin, 200)}) is no setting; there are ${SETTING_NAMES.join(', ')}`;
}

/** The settings as one would write them, with who gave each; passwords within URLs are hidden. */
export function shownConfig({ config, origins }: LoadedConfig): Record<string, { value: unknown; from: string }> {
  const shown: Record<string, { value: unknown; from: string }> = {};
  for (const name of SETTING_NAMES) {
    const value = config[name];
    if (value === undefined) continue;
    const hidden = typeof value === 'string' ? value.replace(/(:\/\/[^:@/]*):[^@/]*@/, '$1:***@') : value;
    shown[name] = { value: hidden, from: origins.get(name) ?? 'default' };
  }
  return shown;
}
