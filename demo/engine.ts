import type Docker from 'dockerode';
import { printable } from '../cli/printable.js';
import { dockerEngine } from '../collector/source/docker-engine.js';
import { dockerAt } from '../collector/source/docker-host.js';

const ANSWER_MS = 2_000;
const PULL_MS = 60_000;
const IMAGE = 'busybox:latest';
/** Images that hold `sh` and `sleep`, the smallest first. */
const USABLE = ['busybox', 'alpine', 'debian', 'ubuntu'];

/** A Docker engine on which the demo can start containers. */
export interface DemoEngine {
  readonly docker: Docker;
  readonly version: string;
  readonly image: string;
  /** Removes the image again, if the demo pulled it. */
  tidy(): Promise<void>;
}

/** Why there is none. */
export interface NoEngine {
  readonly reason: string;
}

/**
 * The engine at `url`, or at DOCKER_HOST or the default socket, with an image that is there already; failing that one
 * is pulled, and `say` is told first.
 */
export async function findEngine(
  url: string | undefined,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<DemoEngine | NoEngine> {
  const docker = dockerAt(url, env);
  let version: string;
  try {
    await dockerEngine(docker).state(AbortSignal.timeout(ANSWER_MS));
    version = `Docker ${(await docker.version()).Version}`;
  } catch (error) {
    return { reason: `no Docker engine answers${url === undefined ? '' : ` at ${url}`} (${why(error)})` };
  }
  try {
    const present = await presentImage(docker);
    if (present !== undefined) return { docker, version, image: present, tidy: async () => {} };
    say(`The engine has none of the images ${USABLE.join(', ')}; pulling ${IMAGE}, to be removed afterwards.`);
    await pull(docker);
    return { docker, version, image: IMAGE, tidy: () => removeImage(docker) };
  } catch (error) {
    return { reason: `the Docker engine that answers has no usable image (${why(error)})` };
  }
}

async function presentImage(docker: Docker): Promise<string | undefined> {
  const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  return USABLE.flatMap((name) => tags.filter((tag) => tag.startsWith(`${name}:`)).sort())[0];
}

async function pull(docker: Docker): Promise<void> {
  const abortSignal = AbortSignal.timeout(PULL_MS);
  const progress = await docker.pull(IMAGE, { abortSignal });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
}

// An image that something else has begun to use meanwhile stays: without force the engine refuses.
async function removeImage(docker: Docker): Promise<void> {
  await docker
    .getImage(IMAGE)
    .remove()
    .catch(() => {});
}

function why(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return printable(typeof code === 'string' ? code : String(message).trim(), 200);
}
