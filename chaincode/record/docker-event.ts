import { isLosslessNumber, parse } from 'lossless-json';
import { RecordError } from './errors.js';
import { isNanos, type Nanos } from './time.js';

/** One event as a Docker engine published it, with nothing lost and nothing yet left out. */
export interface DockerEvent {
  readonly scope: 'local' | 'swarm';
  readonly type: string;
  /** Docker's action, detail included (`exec_create: sh`). */
  readonly action: string;
  /** Docker's `Actor.ID`. */
  readonly id: string;
  /** A map, for a label may be named `__proto__`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly timeNano: Nanos;
}

/**
 * Reads one event of Docker's `/events` stream, which is also one line of `docker events --format '{{json .}}'`.
 * `timeNano` is an int64 and stays exact. The deprecated copies `status`, `id`, `from` are not looked at.
 * @throws RecordError `EVENT_JSON` or `EVENT_SHAPE` with what is wrong.
 */
export function parseDockerEvent(line: string): DockerEvent {
  const raw = asObject(parseLossless(line), 'The event');
  const actor = asObject(raw.Actor, 'Its Actor');
  const scope = raw.scope ?? 'local';
  if (scope !== 'local' && scope !== 'swarm') wrong('its scope is neither "local" nor "swarm"');
  return {
    scope: scope as 'local' | 'swarm',
    type: text(raw.Type, 'Type'),
    action: text(raw.Action, 'Action'),
    id: typeof actor.ID === 'string' ? actor.ID : wrong('its Actor.ID is no string'),
    attributes: attributesOf(actor.Attributes),
    timeNano: timeOf(raw),
  };
}

function parseLossless(line: string): unknown {
  try {
    return parse(line);
  } catch (cause) {
    const why = cause instanceof RangeError ? 'it is nested too deeply' : (cause as Error).message;
    throw new RecordError('EVENT_JSON', `The event cannot be read as JSON: ${printable(why)}.`, { cause });
  }
}

function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isLosslessNumber(value)) {
    throw new RecordError(
      'EVENT_SHAPE',
      `${what} is no JSON object; is this output of docker events --format '{{json .}}'?`,
    );
  }
  return value as Record<string, unknown>;
}

function text(value: unknown, name: string): string {
  // An action that begins with ": " would leave an empty action behind.
  if (typeof value !== 'string' || value === '' || value.startsWith(': ')) {
    return wrong(`its ${name} is no string with content`);
  }
  return value;
}

function attributesOf(value: unknown): Map<string, string> {
  const attributes = new Map<string, string>();
  if (value === undefined || value === null) return attributes;
  for (const [name, content] of Object.entries(asObject(value, 'Its Actor.Attributes'))) {
    if (typeof content !== 'string') wrong('one of its attributes is no string');
    attributes.set(name, content as string);
  }
  return attributes;
}

function timeOf(raw: Record<string, unknown>): Nanos {
  const { timeNano, time } = raw;
  if (isLosslessNumber(timeNano) && isNanos(timeNano.value)) return timeNano.value;
  // Engines before API 1.22 give seconds alone.
  if (timeNano === undefined && isLosslessNumber(time) && isNanos(`${time.value}000000000`)) {
    return time.value === '0' ? '0' : `${time.value}000000000`;
  }
  return wrong('its timeNano is no integer within int64');
}

function wrong(why: string): never {
  throw new RecordError('EVENT_SHAPE', `The event is not one of Docker's: ${why}.`);
}

function printable(message: string): string {
  return message.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
}
