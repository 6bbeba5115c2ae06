import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Nanos, parseTime } from '#chaincode';
import { CollectorError } from '../errors.js';

const INFO_TIMEOUT_MS = 10_000;
const MAX_ID_BYTES = 512;

/** Who an engine is and what its clock says. */
export interface EngineState {
  readonly id: string;
  /** The cluster's ID, if this engine is a Swarm manager: only managers publish the Swarm's events. */
  readonly cluster: string | undefined;
  /** Whether it is a manager, and then whether the Swarm has a leader that answers it. */
  readonly swarm: 'none' | 'reached' | 'unreached';
  /** How many listen to its events, where it says so. */
  readonly listeners: number | undefined;
  /** The engine's own time. */
  readonly now: Nanos;
}

/** What the collector asks of a Docker engine. */
export interface Engine {
  /** @throws if the engine does not answer, within ten seconds. */
  state(signal: AbortSignal): Promise<EngineState>;
  /**
   * The stream of events from `since` (inclusive) on, as far as the engine remembers, and until `until` if given.
   * Resolves when the engine has begun to answer.
   */
  events(range: { readonly since: Nanos; readonly until?: Nanos }, signal: AbortSignal): Promise<Readable>;
  /** A resource of the engine's API (`/containers/json`), as JSON. @throws if it does not answer, within ten seconds. */
  get(path: string, signal: AbortSignal): Promise<unknown>;
}

export function dockerEngine(docker: Docker): Engine {
  return {
    async state(signal) {
      const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(INFO_TIMEOUT_MS)]);
      // dockerode's types do not know that info takes options.
      const info = await (docker.info as unknown as (options: object) => Promise<unknown>).call(docker, {
        abortSignal,
      });
      return readState(info);
    },
    async events({ since, until }, abortSignal) {
      const options = { since: seconds(since), ...(until === undefined ? {} : { until: seconds(until) }), abortSignal };
      return (await docker.getEvents(options as unknown as Docker.GetEventsOptions)) as Readable;
    },
    async get(path, signal) {
      const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(INFO_TIMEOUT_MS)]);
      const modem = docker.modem as { dial(options: object, done: (error: unknown, data: unknown) => void): void };
      return await new Promise((resolve, reject) => {
        const statusCodes = { 200: true, 404: 'no such object', 500: 'server error', 503: 'not a manager' };
        // Of a path with a query docker-modem takes away the last character.
        const dialled = path.includes('?') ? `${path}&` : path;
        modem.dial({ path: dialled, method: 'GET', statusCodes, abortSignal }, (error, data) =>
          error ? reject(error) : resolve(data),
        );
      });
    },
  };
}

interface Info {
  readonly ID?: unknown;
  readonly SystemTime?: unknown;
  readonly NEventsListener?: unknown;
  readonly Swarm?: {
    readonly ControlAvailable?: unknown;
    readonly Error?: unknown;
    readonly Cluster?: { readonly ID?: unknown } | null;
  } | null;
}

function readState(info: unknown): EngineState {
  const { ID, SystemTime, Swarm, NEventsListener } = (typeof info === 'object' && info !== null ? info : {}) as Info;
  const manager = Swarm?.ControlAvailable === true;
  const clusterId = manager ? (Swarm.Cluster?.ID ?? '') : '';
  if (!isName(ID) || !(clusterId === '' || isName(clusterId)) || typeof SystemTime !== 'string') {
    throw new CollectorError(
      'SOURCE',
      'What answers at the Docker host gives no engine ID and time; is it a Docker engine?',
    );
  }
  const cluster = clusterId === '' ? undefined : clusterId;
  // A manager that has lost its Swarm says so in Error, and knows no cluster.
  const reached = cluster !== undefined && (Swarm?.Error ?? '') === '';
  return {
    id: ID,
    cluster,
    swarm: manager ? (reached ? 'reached' : 'unreached') : 'none',
    listeners: typeof NEventsListener === 'number' ? NEventsListener : undefined,
    now: parseTime(SystemTime),
  };
}

/** What can stand in an event as its source. */
function isName(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && Buffer.byteLength(id) <= MAX_ID_BYTES && id.isWellFormed();
}

/** As Docker's API takes it: seconds, a dot, nine digits. */
function seconds(time: Nanos): string {
  const padded = time.padStart(10, '0');
  return `${padded.slice(0, -9)}.${padded.slice(-9)}`;
}
