import { parse } from 'yaml';
import { read } from '../deploy/documents.js';

/** A service of deploy/fabric.yml, what it takes from elsewhere in the file included. */
export interface Service {
  readonly image?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly network_mode?: string;
  readonly profiles?: readonly string[];
  readonly user?: string;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

/** The services of the compose file. */
export function composeServices(): Readonly<Record<string, Service>> {
  const { services } = parse(read('deploy/fabric.yml'), { merge: true }) as {
    services: Readonly<Record<string, Service>>;
  };
  return services;
}

/** Where the containers have the network's folder. */
export const NETWORK_FOLDER = '/network';
