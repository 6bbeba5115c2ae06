import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../cli/exit.js';
import { printable } from '../../cli/printable.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a client shows an engine, and the CA it believes: PEM. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Where a Docker context has its engine. */
export interface ContextEndpoint {
  readonly host: string;
  /** Present if the context has any TLS file. */
  readonly tls?: TlsFiles;
}

const metaSchema = z.object({
  Name: z.string(),
  Endpoints: z.object({ docker: z.object({ Host: z.string().default(''), SkipTLSVerify: z.boolean().optional() }) }),
});

const INSTEAD = 'or name the engine itself with --source docker:URL';

/** Docker's folder of settings: DOCKER_CONFIG, or `.docker` in the home folder; undefined where there is no home. */
export function dockerFolder(env: Environment): string | undefined {
  if (env.DOCKER_CONFIG) return env.DOCKER_CONFIG;
  const home = env.HOME || env.USERPROFILE;
  return home ? join(home, '.docker') : undefined;
}

/**
 * The context that Docker's own client would take without a host: DOCKER_CONTEXT, or what `docker context use` set.
 * `undefined` for the default one, which is the default socket.
 * @throws UsageError if Docker's config.json cannot be read.
 */
export function currentContext(env: Environment): string | undefined {
  const name = env.DOCKER_CONTEXT || configured(dockerFolder(env));
  return name === undefined || name === 'default' ? undefined : name;
}

function configured(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  const file = join(folder, 'config.json');
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  try {
    const { currentContext: name } = z
      .object({ currentContext: z.string().optional() })
      .parse(JSON.parse(text.toString()));
    return name || undefined;
  } catch (cause) {
    throw new UsageError(`Docker's ${printable(file, 200)} is no JSON of Docker's; mend it, ${INSTEAD}.`, { cause });
  }
}

/**
 * A context's endpoint, read from Docker's folder as `docker context create` wrote it.
 * @throws UsageError if there is no such context, or it cannot be used.
 */
export function contextEndpoint(name: string, env: Environment): ContextEndpoint {
  const shown = `"${printable(name, 100)}"`;
  const folder = dockerFolder(env);
  if (folder === undefined)
    throw new UsageError(`There is no home folder to look for Docker contexts; set DOCKER_CONFIG, ${INSTEAD}.`);
  // Docker names the folders by digest: no name leads out of them.
  const digest = createHash('sha256').update(name).digest('hex');
  const text = readIfThere(join(folder, 'contexts', 'meta', digest, 'meta.json'));
  if (text === undefined) {
    throw new UsageError(
      `There is no Docker context ${shown} in ${printable(folder, 200)}; see docker context ls, ${INSTEAD}.`,
    );
  }
  const meta = parseMeta(text, shown);
  const { Host: host, SkipTLSVerify: skip } = meta.Endpoints.docker;
  if (skip) {
    throw new UsageError(
      `The Docker context ${shown} does not verify its engine (SkipTLSVerify), and a witness must know whom it watches; give it a CA.`,
    );
  }
  const tls: TlsFiles = Object.fromEntries(
    (['ca', 'cert', 'key'] as const).flatMap((part) => {
      const pem = readIfThere(join(folder, 'contexts', 'tls', digest, 'docker', `${part}.pem`));
      return pem === undefined ? [] : [[part, pem]];
    }),
  );
  return { host, ...(Object.keys(tls).length === 0 ? {} : { tls }) };
}

function parseMeta(text: Buffer, shown: string): z.output<typeof metaSchema> {
  try {
    return metaSchema.parse(JSON.parse(text.toString()));
  } catch (cause) {
    throw new UsageError(
      `The Docker context ${shown} has no Docker endpoint that can be read; create it anew, ${INSTEAD}.`,
      { cause },
    );
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UsageError(`${printable(file, 200)} cannot be read (${code}).`, { cause });
  }
}
