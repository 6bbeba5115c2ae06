import type { CanonicalEvent } from '#chaincode';
import { short } from './format.js';
import type { Phrase } from './phrase.js';

const NOUNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  container: {
    create: 'creation',
    start: 'start',
    restart: 'restart',
    pause: 'pause',
    unpause: 'resumption',
    kill: 'kill signal',
    oom: 'lack of memory',
    die: 'end',
    stop: 'stop',
    destroy: 'removal',
    rename: 'renaming',
  },
  service: { create: 'creation', update: 'update', remove: 'removal' },
};

type Described = Pick<CanonicalEvent, 'type' | 'action' | 'object'> & Partial<Pick<CanonicalEvent, 'attributes'>>;

/** An event in words: `the end (die) of container web-1`. */
export function eventPhrase(event: Described): Phrase {
  const name = attribute(event, 'name') || short(event.object);
  if (event.type === 'network' && (event.action === 'connect' || event.action === 'disconnect')) {
    const container = attribute(event, 'container');
    const joining = event.action === 'connect';
    return [
      `the ${joining ? 'connection' : 'disconnection'} of container `,
      container ? { name: short(container) } : '(unnamed)',
      ` ${joining ? 'to' : 'from'} network `,
      { name },
    ];
  }
  const nouns = Object.hasOwn(NOUNS, event.type) ? NOUNS[event.type] : undefined;
  const noun = nouns && Object.hasOwn(nouns, event.action) ? nouns[event.action] : undefined;
  if (noun === undefined) return ['the event ', { name: `${event.type} ${event.action}` }, ' of ', { name }];
  const docker = noun === event.action ? '' : ` (${event.action})`;
  return [`the ${noun}${docker} of ${event.type} `, { name }];
}

/** An attribute's value; undefined where there is none, or where the attributes are recorded as one digest. */
export function attribute(event: Partial<Pick<CanonicalEvent, 'attributes'>>, name: string): string | undefined {
  const { attributes } = event;
  if (typeof attributes !== 'object' || !Object.hasOwn(attributes, name)) return undefined;
  return attributes[name];
}
