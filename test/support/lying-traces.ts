import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addSeconds } from '#chaincode';
import type { Finished } from './command.js';
import type { Actor, Consortium } from './consortium.js';
import { containerId, containerLife, type TraceEvent, traceText } from './trace-lines.js';

/** The UTC day of all its events, and the end of every watch over it. */
export const DAY = '2026-11-20';
const DAY_AFTER = '2026-11-21';
export const LIAR: Actor = 'ProviderMSP';
export const HONEST: readonly Actor[] = ['DeveloperMSP', 'UserMSP'];
const NAMES = ['web-1', 'web-2', 'web-3', 'worker-1', 'worker-2'];

/** Five containers, ten minutes each, an hour apart, from 01:00. */
export const truth = NAMES.flatMap((name, index) => containerLife(DAY, name, 3600 * (index + 1), 600));

const is = (event: TraceEvent, name: string, action: string) =>
  event.id === containerId(name) && event.action === action;

/** web-1's die left out, web-2's exit code altered, web-3's die moved by an hour, a start of web-9 invented. */
function lies(): TraceEvent[] {
  const told = truth
    .filter((event) => !is(event, 'web-1', 'die'))
    .map((event) => {
      if (is(event, 'web-2', 'die')) return { ...event, attributes: { ...event.attributes, exitCode: '137' } };
      return is(event, 'web-3', 'die') ? { ...event, timeNano: addSeconds(event.timeNano, 3600) } : event;
    });
  const [, started] = containerLife(DAY, 'web-9', 3 * 3600 + 1800, 600);
  return started === undefined ? told : [...told, started];
}

/** What each actor's collector reads: the truth, the lies, and the truth with a line cut in half. */
function lyingTraces(): Record<Actor, string> {
  const text = traceText(truth);
  const halves = text.split('\n');
  // Between two containers' lives.
  halves.splice(8, 0, '{"Type":"container","Action":"sta');
  return { DeveloperMSP: text, ProviderMSP: traceText(lies()), UserMSP: halves.join('\n') };
}

/** Has each actor's collector read its trace, of a watch over the whole day. */
export async function collectLyingTraces(consortium: Consortium): Promise<Record<Actor, Finished>> {
  const traces = lyingTraces();
  const collect = (actor: Actor) => {
    const file = join(consortium.dir, `${actor}.ndjson`);
    writeFileSync(file, traces[actor]);
    const wholeDay = ['--once', '--through', DAY_AFTER];
    return consortium.collect(actor, '--source', `file:${file}`, '--source-id', 'engine-1', ...wholeDay, '--json');
  };
  return {
    DeveloperMSP: await collect('DeveloperMSP'),
    ProviderMSP: await collect('ProviderMSP'),
    UserMSP: await collect('UserMSP'),
  };
}
