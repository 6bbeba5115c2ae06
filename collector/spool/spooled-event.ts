import { canonicalEvent, type DockerEvent, type Nanos } from '#chaincode';

/** How the spool keeps an event: nothing lost, whatever a policy will leave out of it later. */
export function packEvent(event: DockerEvent): string {
  const { scope, type, action, id, timeNano } = event;
  return JSON.stringify([scope, type, action, id, timeNano, [...event.attributes]]);
}

export function unpackEvent(text: string): DockerEvent {
  const [scope, type, action, id, timeNano, attributes] = JSON.parse(text) as [
    'local' | 'swarm',
    string,
    string,
    string,
    Nanos,
    [string, string][],
  ];
  return { scope, type, action, id, timeNano, attributes: new Map(attributes) };
}

/** By what a Swarm's event is known again of which it is not yet known which Swarm's it is. */
export function heldKey(event: DockerEvent): string {
  return `${event.timeNano} ${identityOf(event, '')}`;
}

/** By what an event that comes twice is known again, besides its time: its hash with no attribute left out. */
export function identityOf(event: DockerEvent, source: string): string {
  return canonicalEvent(event, { source, ignore: [] }).hash;
}
