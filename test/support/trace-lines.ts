import { createHash } from 'node:crypto';
import { addSeconds, dayStart, type Nanos } from '#chaincode';

/** One event to write into a trace. */
export interface TraceEvent {
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly timeNano: Nanos;
}

/** The line that `docker events --format '{{json .}}'` prints for it. */
export function traceLine({ type, action, id, attributes, timeNano }: TraceEvent): string {
  const actor = JSON.stringify({ ID: id, Attributes: attributes });
  const seconds = timeNano.slice(0, -9);
  return `{"Type":${JSON.stringify(type)},"Action":${JSON.stringify(action)},"Actor":${actor},"scope":"local","time":${seconds},"timeNano":${timeNano}}`;
}

/** A trace as a file has it. */
export function traceText(events: readonly TraceEvent[]): string {
  return events.map((event) => `${traceLine(event)}\n`).join('');
}

/** A container's ID, made of its name. */
export function containerId(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** A container that is created, started, ends with exit code 0 and is destroyed; `start` in seconds into the day. */
export function containerLife(day: string, name: string, start: number, seconds: number): TraceEvent[] {
  const id = containerId(name);
  const attributes = { image: 'shop/web:1.4.2', name };
  const at = (offset: number) => addSeconds(dayStart(day), start + offset);
  return [
    { type: 'container', action: 'create', id, attributes, timeNano: at(0) },
    { type: 'container', action: 'start', id, attributes, timeNano: at(1) },
    { type: 'container', action: 'die', id, attributes: { ...attributes, exitCode: '0' }, timeNano: at(1 + seconds) },
    { type: 'container', action: 'destroy', id, attributes, timeNano: at(2 + seconds) },
  ];
}
