import {
  type Batch,
  type BatchEntry,
  canonicalEvent,
  completePolicy,
  type HashedEvent,
  NO_PREVIOUS,
  type Policy,
  parseDockerEvent,
} from '#chaincode';

export const ENGINE = 'ENGI:NE01';
export const ACTORS = ['DeveloperMSP', 'ProviderMSP', 'UserMSP'];
/** 2026-11-22T09:00:00Z in seconds. */
export const NINE = 1_795_338_000;

/** One line as Docker's stream has it. Numbers go in as text: they are beyond what a JavaScript number holds. */
export function rawLine(fields: {
  readonly type?: string;
  readonly action?: string;
  readonly scope?: string;
  readonly id?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly timeNano?: string;
}): string {
  const { type = 'container', action = 'die', scope = 'local', id = 'c'.repeat(64) } = fields;
  const actor = { ID: id, Attributes: fields.attributes ?? { image: 'hello-world', name: 'IMG1' } };
  const head = JSON.stringify({ Type: type, Action: action, scope, Actor: actor }).slice(0, -1);
  return `${head},"timeNano":${fields.timeNano ?? `${NINE}000000001`}}`;
}

export function hashed(fields: Parameters<typeof rawLine>[0] = {}, source = ENGINE): HashedEvent {
  return canonicalEvent(parseDockerEvent(rawLine(fields)), { source, ignore: [] });
}

/** A well-formed first batch; what a test is about goes into `changes`. */
export function batchOf(entries: readonly BatchEntry[], changes: Partial<Batch> = {}): string {
  const batch: Batch = {
    v: 1,
    policy: 1,
    collector: 'collector-1',
    run: 'run-1',
    n: 1,
    from: 1,
    prev: NO_PREVIOUS,
    sentAt: `${NINE}500000000`,
    entries: [...entries],
    watches: [],
    gaps: [],
    ...changes,
  };
  return JSON.stringify(batch);
}

export function policyOf(changes: Partial<Policy> = {}): Policy {
  return completePolicy({ from: '0', actors: ACTORS, ...changes });
}
