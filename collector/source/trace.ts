import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { type Nanos, parseDockerEvent, RecordError } from '#chaincode';
import { printable } from '../../cli/printable.js';
import { CollectorError } from '../errors.js';
import type { Observation } from '../observation.js';
import { type Line, LineSplitter, MAX_LINE_BYTES } from './line-splitter.js';
import type { Source, SourceContext } from './source.js';
import { span } from './span.js';
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

/** A trace needs to know nothing of before. */
export interface TraceSource extends Source {
  observe(
    context: Pick<SourceContext, 'signal' | 'log'> & Partial<SourceContext>,
  ): AsyncIterable<readonly Observation[]>;
}

/** How files begin that hold no lines of UTF-8, and what to do with them. */
const NO_LINES: readonly (readonly [begin: readonly number[], what: string])[] = [
  [[0x1f, 0x8b], 'It is compressed with gzip; unpack it first (gunzip).'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'It is compressed with zstd; unpack it first (unzstd).'],
  [[0xff, 0xfe], 'It is in UTF-16; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8).'],
  [[0xfe, 0xff], 'It is in UTF-16; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8).'],
];

/**
 * A recorded trace: what `docker events --format '{{json .}}'` prints, one event a line. A line that cannot be read is
 * told, and a gap is told where it may hide an event; the rest goes on. A trace of which no line at all can be read says
 * nothing of any time: it ends with `TRACE`, unless `through` says for which time it stands, which then is one gap.
 * @param open opens the stream of bytes
 */
export function traceSource(open: () => NodeJS.ReadableStream, options: TraceOptions = {}): TraceSource {
  const source = options.sourceId ?? DEFAULT_SOURCE_ID;
  return {
    name: `trace:${source}`,
    async *observe({ signal, log }) {
      const extent = new TraceExtent();
      for await (const lines of linesOf(open, signal)) {
        yield lines.flatMap((line) => observationOf(line, source, extent) ?? []);
      }
      // A trace read in part claims nothing: what it did not read may lie anywhere.
      if (signal.aborted) return;
      const { through } = options;
      if (extent.unreadable && through === undefined) {
        throw new CollectorError(
          'TRACE',
          "No line of the trace can be read as an event, so it says nothing of any time; give what docker events --format '{{json .}}' prints, or say with --through for which time this stands, to declare that as a gap.",
        );
      }
      const { gaps, watches } = extent.claims(source, through);
      if (extent.unreadable) {
        for (const { from, to } of gaps)
          log.warn(`No line of the trace can be read as an event: ${span(from, to)} is declared as a gap.`);
      } else if (watches.length === 0) {
        log.info('The trace gives no watch: it has no event, and no --through says how far it reaches.');
      }
      yield [...gaps, ...watches];
    },
  };
}

/**
 * The trace in a file.
 * @throws CollectorError `SOURCE` if there is no such file, or it cannot be read: before anything is begun.
 */
export function fileSource(path: string, options?: TraceOptions): Source {
  const shown = printable(path, 300);
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing
      ? 'is not there; give its path'
      : 'cannot be read by this user; make it readable, or give another';
    throw new CollectorError('SOURCE', `The trace ${shown} ${why} with --source file:TRACE.`, { cause });
  }
  if (statSync(path).isDirectory()) {
    throw new CollectorError('SOURCE', `The trace ${shown} is a folder; give a file in it with --source file:TRACE.`);
  }
  return traceSource(() => createReadStream(path, { highWaterMark: READ_BYTES }), options);
}

async function* linesOf(open: () => NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<Line[]> {
  if (signal.aborted) return;
  const splitter = new LineSplitter();
  try {
    const stream = addAbortSignal(signal, open() as Readable);
    let begun = false;
    for await (const chunk of stream) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer);
      if (!begun) refuseNoLines(bytes);
      begun = true;
      yield splitter.push(bytes);
    }
  } catch (cause) {
    if (signal.aborted) return;
    if (cause instanceof CollectorError) throw cause;
    const why = printable((cause as Error).message);
    throw new CollectorError('SOURCE', `The trace cannot be read (${why}).`, { cause });
  }
  const last = splitter.end();
  if (last !== undefined) yield [last];
}

/** @throws CollectorError `TRACE` if this is the beginning of what holds no lines: no gap is declared by mistake. */
function refuseNoLines(begin: Buffer): void {
  const found = NO_LINES.find(([bytes]) => bytes.every((byte, index) => begin[index] === byte));
  if (found !== undefined) throw new CollectorError('TRACE', `The trace cannot be read as lines. ${found[1]}`);
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
