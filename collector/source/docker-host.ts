import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { UsageError } from '../../cli/exit.js';
import { printable } from '../../cli/printable.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A client for the engine at `url`; without one, for DOCKER_HOST or else the default socket. DOCKER_TLS_VERIFY=1 and
 * DOCKER_CERT_PATH apply to `tcp://` as Docker's own client applies them.
 * @throws UsageError if the URL is not one of an engine.
 */
export function dockerAt(url: string | undefined, env: Environment): Docker {
  const host = url ?? env.DOCKER_HOST;
  // dockerode finds the platform's default socket.
  if (host === undefined || host === '') return new Docker();
  const unix = /^(unix|npipe):\/\/(.*)$/.exec(host);
  // An explicit host of "nowhere", or dockerode would prefer the one in DOCKER_HOST to our socket.
  if (unix) return new Docker({ host: undefined, ...(unix[2] ? { socketPath: unix[2] } : {}) } as Docker.DockerOptions);
  return new Docker(remote(host, env));
}

function remote(host: string, env: Environment): Docker.DockerOptions {
  let url: URL;
  try {
    url = new URL(host.includes('//') ? host : `tcp://${host}`);
  } catch (cause) {
    throw new UsageError(
      `"${printable(host, 100)}" is no Docker host; write unix:///path, tcp://host:port or ssh://user@host.`,
      {
        cause,
      },
    );
  }
  const at = { host: url.hostname, port: url.port };
  switch (url.protocol) {
    case 'ssh:':
      return {
        ...at,
        protocol: 'ssh',
        ...(url.username ? { username: url.username } : {}),
        sshOptions: { agent: env.SSH_AUTH_SOCK },
      };
    case 'tcp:':
    case 'http:':
    case 'https:': {
      const tls = url.protocol === 'https:' || env.DOCKER_TLS_VERIFY === '1' || url.port === '2376';
      return { ...at, protocol: tls ? 'https' : 'http', ...(tls ? certificates(env) : {}) };
    }
    default:
      throw new UsageError(
        `"${printable(host, 100)}" is no Docker host; write unix:///path, tcp://host:port or ssh://user@host.`,
      );
  }
}

function certificates(env: Environment): Docker.DockerOptions {
  const path = env.DOCKER_CERT_PATH;
  if (!path) return {};
  try {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(path, name)));
    return { ca, cert, key } as Docker.DockerOptions;
  } catch (cause) {
    throw new UsageError(`DOCKER_CERT_PATH (${printable(path, 200)}) lacks a readable ca.pem, cert.pem or key.pem.`, {
      cause,
    });
  }
}
