import { type DockerEvent, parseDockerEvent } from '#chaincode';
import type { SourceMemory } from '../../collector/source/source.js';

export const DAY = 1_795_305_600_000_000_000n; // 2026-11-22T00:00:00Z

interface Wanted {
  readonly time: bigint;
  readonly action?: string;
  readonly type?: string;
  readonly id?: string;
  readonly scope?: 'local' | 'swarm';
  readonly attributes?: Readonly<Record<string, string>>;
}

/** One line as `docker events --format '{{json .}}'` prints it. */
export function line({
  time,
  action = 'start',
  type = 'container',
  id = 'c1',
  scope = 'local',
  attributes,
}: Wanted): string {
  const seconds = time / 1_000_000_000n;
  const actor = JSON.stringify({ ID: id, Attributes: attributes ?? { image: 'hello-world', name: 'one' } });
  return `{"status":"${action}","id":"${id}","from":"hello-world","Type":"${type}","Action":"${action}","Actor":${actor},"scope":"${scope}","time":${seconds},"timeNano":${time}}`;
}

export function event(wanted: Wanted): DockerEvent {
  return parseDockerEvent(line(wanted));
}

/** `count` distinct events, a second apart, from `from` on. */
export function lines(count: number, from = DAY, step = 1_000_000_000n): string[] {
  return Array.from({ length: count }, (_, index) => line({ time: from + BigInt(index) * step, id: `c${index}` }));
}

/** What a source is told that resumes nothing. */
export const NOTHING_KNOWN: SourceMemory = {
  knows: () => false,
  lastEventTime: () => undefined,
  watchedUntil: () => undefined,
  lastLocalTime: () => undefined,
  unproven: () => 0,
  quarantined: () => false,
  undeclared: () => 0,
  margin: () => undefined,
  hasLeft: () => false,
  held: () => [],
  sources: () => [],
};
