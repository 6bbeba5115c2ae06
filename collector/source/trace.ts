import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { type Nanos, parseDockerEvent, RecordError } from '#chaincode';
import { printable } from '../../cli/printable.js';
import { CollectorError } from '../errors.js';
import type { Observation } from '../observation.js';
import { type Line, LineSplitter, MAX_LINE_BYTES } from './line-splitter.js';
import type { Source, SourceContext } from './source.js';
import { TraceExtent } from './trace-extent.js';

const READ_BYTES = 256 * 1024;

/** What names a trace's engine when nothing else does. */
const DEFAULT_SOURCE_ID = 'trace';

export interface TraceOptions {
  /** The engine's name in the canonical events; `trace` if left out. */
  readonly sourceId?: string;
  /** Lets the watch reach from the start of the first event's UTC day to this time (exclusive). */
  readonly through?: Nanos;
}

/**
 * A recorded trace: what `docker events --format '{{json .}}'` prints, one event a line. A line that cannot be read is
 * told, and a gap is told where it may hide an event; the rest goes on.
 * @param open opens the stream of bytes
 */
export function traceSource(open: () => NodeJS.ReadableStream, options: TraceOptions = {}): Source {
  const source = options.sourceId ?? DEFAULT_SOURCE_ID;
  return {
    name: `trace:${source}`,
    async *observe({ signal, log }: SourceContext) {
      const extent = new TraceExtent();
      for await (const lines of linesOf(open, signal)) {
        yield lines.flatMap((line) => observationOf(line, source, extent) ?? []);
      }
      // A trace read in part claims nothing: what it did not read may lie anywhere.
      if (signal.aborted) return;
      const { gaps, watches } = extent.claims(source, options.through);
      if (watches.length === 0)
        log.info('The trace gives no watch: it has no event, and no --through says how far it reaches.');
      yield [...gaps, ...watches];
    },
  };
}

/** The trace in a file. */
export function fileSource(path: string, options?: TraceOptions): Source {
  return traceSource(() => createReadStream(path, { highWaterMark: READ_BYTES }), options);
}

async function* linesOf(open: () => NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<Line[]> {
  if (signal.aborted) return;
  const splitter = new LineSplitter();
  try {
    const stream = addAbortSignal(signal, open() as Readable);
    for await (const chunk of stream) yield splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  } catch (cause) {
    if (signal.aborted) return;
    const why = printable((cause as Error).message);
    throw new CollectorError('SOURCE', `The trace cannot be read (${why}).`, { cause });
  }
  const last = splitter.end();
  if (last !== undefined) yield [last];
}

function observationOf(line: Line, source: string, extent: TraceExtent): Observation | undefined {
  const { number, text } = line;
  if (text !== undefined && text.trim() === '') return undefined;
  try {
    if (text === undefined) {
      throw new RecordError('EVENT_SHAPE', `The line is longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB.`);
    }
    const event = parseDockerEvent(text);
    extent.event(event.timeNano);
    return { kind: 'event', source, event };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    extent.malformed(number);
    return { kind: 'malformed', place: `line ${number}`, why: error.message };
  }
}
