import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { UsageError } from '../../cli/exit.js';
import { printable } from '../../cli/printable.js';
import { contextEndpoint, currentContext, dockerFolder, type Environment, type TlsFiles } from './docker-context.js';
import { SshAgent } from './docker-ssh.js';

const CONTEXT = 'context=';

/**
 * A client for the engine at `url` (`context=NAME` takes a Docker context's); without one, for the engine that Docker's
 * own client would take: DOCKER_HOST, DOCKER_CONTEXT, the context in use, or the default socket. DOCKER_TLS_VERIFY=1 and
 * DOCKER_CERT_PATH apply to `tcp://`.
 * @throws UsageError if the URL is not one of an engine, or the context or its certificates cannot be used.
 */
export function dockerAt(url: string | undefined, env: Environment): Docker {
  if (url?.startsWith(CONTEXT)) return inContext(url.slice(CONTEXT.length), env);
  const host = url ?? env.DOCKER_HOST;
  if (host) return atHost(host, env);
  const context = currentContext(env);
  // dockerode finds the platform's default socket.
  return context === undefined ? new Docker() : inContext(context, env);
}

function inContext(name: string, env: Environment): Docker {
  if (name === 'default') return new Docker();
  const { host, tls } = contextEndpoint(name, env);
  return host === '' ? new Docker() : atHost(host, env, tls ?? 'none');
}

/** @param tls what a context says; if left out, the environment does */
function atHost(host: string, env: Environment, tls?: TlsFiles | 'none'): Docker {
  const unix = /^(unix|npipe):\/\/(.*)$/.exec(host);
  // An explicit host of "nowhere", or dockerode would prefer the one in DOCKER_HOST to our socket.
  if (unix) return new Docker({ host: undefined, ...(unix[2] ? { socketPath: unix[2] } : {}) } as Docker.DockerOptions);
  return new Docker(remote(host, env, tls));
}

function remote(host: string, env: Environment, tls: TlsFiles | 'none' | undefined): Docker.DockerOptions {
  let url: URL;
  try {
    url = new URL(host.includes('//') ? host : `tcp://${host}`);
  } catch (cause) {
    throw noHost(host, cause);
  }
  switch (url.protocol) {
    case 'ssh:':
      // The agent knows where; HTTP wants a name all the same.
      return { host: 'docker', port: 80, protocol: 'http', agent: new SshAgent(url, env) } as Docker.DockerOptions;
    case 'tcp:':
    case 'http:':
    case 'https:': {
      const files = tls === 'none' ? undefined : (tls ?? (asksForTls(url, env) ? certificates(env) : undefined));
      // `new URL` leaves the port out where it is the scheme's own.
      const at = {
        host: url.hostname,
        port: url.port || (url.protocol === 'https:' ? '443' : files ? '2376' : '2375'),
      };
      return { ...at, protocol: files || url.protocol === 'https:' ? 'https' : 'http', ...files };
    }
    default:
      throw noHost(host);
  }
}

function noHost(host: string, cause?: unknown): UsageError {
  return new UsageError(
    `"${printable(host, 100)}" is no Docker host; write unix:///path, tcp://host:port, ssh://user@host or context=NAME.`,
    { cause },
  );
}

function asksForTls(url: URL, env: Environment): boolean {
  const verify = env.DOCKER_TLS_VERIFY ?? '';
  // Docker's client takes any text for yes, libraries "1" alone: whoever meant yes must not get a connection in the clear.
  if (verify !== '' && verify !== '1') {
    throw new UsageError(`DOCKER_TLS_VERIFY is "${printable(verify, 20)}"; set it to 1 for TLS, or leave it out.`);
  }
  return url.protocol === 'https:' || verify === '1' || url.port === '2376';
}

function certificates(env: Environment): TlsFiles {
  const given = env.DOCKER_CERT_PATH;
  const path = given || dockerFolder(env);
  if (path === undefined) return {};
  try {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(path, name)));
    return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  } catch (cause) {
    // Without a folder given, an engine that a public CA vouches for may ask for none.
    if (!given && (cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new UsageError(`DOCKER_CERT_PATH (${printable(path, 200)}) lacks a readable ca.pem, cert.pem or key.pem.`, {
      cause,
    });
  }
}
