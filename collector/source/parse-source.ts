import type { Nanos } from '#chaincode';
import { UsageError } from '../../cli/exit.js';
import { printable } from '../../cli/printable.js';
import { dockerSource } from './docker.js';
import { dockerEngine } from './docker-engine.js';
import { dockerAt } from './docker-host.js';
import { podmanAware } from './podman.js';
import type { Source } from './source.js';
import { fileSource, traceSource } from './trace.js';

/** What a command says about its source. */
export interface SourceRequest {
  readonly source: string;
  readonly sourceId?: string;
  readonly through?: Nanos;
  readonly once?: boolean;
}

const MAX_SOURCE_BYTES = 1024;

/**
 * The source that `docker[:URL]`, `docker:context=NAME`, `file:TRACE` or `-` names.
 * @throws UsageError for anything else, and for options that do not go with it.
 */
export function sourceOf(
  request: SourceRequest,
  io: { readonly stdin: NodeJS.ReadableStream; readonly env: NodeJS.ProcessEnv },
): Source {
  const { source, sourceId, through, once } = request;
  if (
    sourceId !== undefined &&
    (sourceId === '' || Buffer.byteLength(sourceId) > MAX_SOURCE_BYTES || !sourceId.isWellFormed())
  ) {
    throw new UsageError(`--source-id must have 1 to ${MAX_SOURCE_BYTES} bytes of UTF-8.`);
  }
  const named = sourceId === undefined ? {} : { sourceId };
  if (source === 'docker' || source.startsWith('docker:')) {
    if (through !== undefined) throw new UsageError('--through is for traces: an engine is watched by its own clock.');
    if (once) throw new UsageError('--once is for traces: an engine has no end.');
    const url = source === 'docker' ? undefined : source.slice('docker:'.length);
    if (url === '') throw new UsageError('--source docker: lacks a URL; write docker alone for the default engine.');
    const engine = podmanAware(dockerEngine(dockerAt(url, io.env)), sourceId !== undefined);
    return dockerSource(engine, named);
  }
  const options = { ...named, ...(through === undefined ? {} : { through }) };
  if (source === '-') return { ...traceSource(() => io.stdin, options), endless: true };
  if (source.startsWith('file:') && source.length > 'file:'.length) {
    return fileSource(source.slice('file:'.length), options);
  }
  throw new UsageError(
    `"${printable(source, 100)}" is no source; write docker, docker:URL, docker:context=NAME, file:TRACE or - .`,
  );
}
