import stringify from 'fast-json-stable-stringify';
import { type Inspection, MAX_INSPECTED_OBJECTS, MAX_STATE_BYTES } from '#chaincode';
import type { Engine } from './docker-engine.js';

type Inspected = Inspection['objects'][number];

/** Containers whose times are asked for one by one; of more, the list's word has to do. */
const MAX_DETAILED = 50;
/** Bytes of one inspection. */
const MAX_BYTES = 48 * 1024;

/**
 * What the engine has now: containers, networks and, on a Swarm manager, services. Bounded: the newest containers first,
 * and no more than fits into a batch.
 * @throws if the engine does not answer.
 */
export async function inspect(engine: Engine, manager: boolean, signal: AbortSignal): Promise<Inspected[]> {
  const containers = list(await engine.get('/containers/json?all=1', signal));
  const found: Inspected[] = [];
  for (const [index, container] of containers.entries()) {
    const id = text(container.Id);
    if (id === undefined || index >= MAX_INSPECTED_OBJECTS) continue;
    const detail = index < MAX_DETAILED ? await detailOf(engine, id, signal) : undefined;
    const names = Array.isArray(container.Names) ? container.Names : [];
    add(found, 'container', id, {
      image: text(container.Image),
      name: text(names[0])?.replace(/^\//, ''),
      status: text(container.State),
      ...detail,
    });
  }
  for (const network of list(await engine.get('/networks', signal))) {
    add(found, 'network', text(network.Id), { driver: text(network.Driver), name: text(network.Name) });
  }
  if (manager) {
    for (const service of list(await engine.get('/services', signal).catch(() => []))) {
      const spec = object(service.Spec);
      const replicas = object(object(spec.Mode).Replicated).Replicas;
      add(found, 'service', text(service.ID), {
        createdAt: text(service.CreatedAt),
        name: text(spec.Name),
        replicas: typeof replicas === 'number' ? replicas : undefined,
        updatedAt: text(service.UpdatedAt),
      });
    }
  }
  return bounded(found);
}

/** A container may have gone since the list was made. */
async function detailOf(engine: Engine, id: string, signal: AbortSignal): Promise<object | undefined> {
  try {
    const { State } = object(await engine.get(`/containers/${encodeURIComponent(id)}/json`, signal));
    const state = object(State);
    return {
      exitCode: typeof state.ExitCode === 'number' ? state.ExitCode : undefined,
      finishedAt: text(state.FinishedAt),
      startedAt: text(state.StartedAt),
      status: text(state.Status),
    };
  } catch {
    return undefined;
  }
}

function add(found: Inspected[], type: string, id: string | undefined, state: object): void {
  if (id === undefined) return;
  const said = stringify(state);
  if (said.length > 2 && Buffer.byteLength(said) <= MAX_STATE_BYTES) found.push({ type, object: id, state: said });
}

function bounded(found: readonly Inspected[]): Inspected[] {
  let bytes = 0;
  return found.slice(0, MAX_INSPECTED_OBJECTS).filter((one) => {
    bytes += Buffer.byteLength(JSON.stringify(one)) + 1;
    return bytes <= MAX_BYTES;
  });
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Strings of a label's length at the most, well-formed. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200).toWellFormed() : undefined;
}
