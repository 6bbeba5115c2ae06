import type { Readable } from 'node:stream';
import { type Line, LineSplitter } from './line-splitter.js';

/** Who reads a live stream. */
interface Reader {
  readonly line: (line: Line) => void;
  /** A chunk was read to its end. */
  readonly heard: () => void;
  /** Nothing more comes. Called once or more. */
  readonly ended: (why: Error) => void;
}

const KEEP_ALIVE_MS = 30_000;

/** Reads a live stream as fast as the engine sends: it skips a listener that is slow. What the reader throws ends it. */
export function drain(stream: Readable, { line, heard, ended }: Reader): void {
  const splitter = new LineSplitter();
  // A peer that is gone without a word is noticed by the system, and ends the stream.
  (stream as Readable & { socket?: { setKeepAlive?(on: boolean, ms: number): void } }).socket?.setKeepAlive?.(
    true,
    KEEP_ALIVE_MS,
  );
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const one of splitter.push(chunk)) line(one);
    } catch (error) {
      // Nothing may follow what was not taken.
      ended(error as Error);
    }
    heard();
  });
  stream.on('error', ended);
  // A line cut short by the end was not received; the next session asks for it again.
  stream.on('close', () => ended(new Error('its stream of events ended')));
  stream.on('end', () => ended(new Error('its stream of events ended')));
}
