import { closeSync } from 'node:fs';
import { LineReading } from './line-reading.js';
import { openLog, type Part } from './parts.js';
import { type LoneLine, Walk, type Walked } from './walk.js';
import { LogWindow } from './window.js';

/** So many bytes are read before it is said that they were. */
const SAID_EVERY = 1 << 26;

/**
 * Goes through one part of the logs.
 * @param onBytes told now and then how many bytes of all logs were passed since the last time
 * @param mostWaiting lines that may wait for another log to say the same, before one of them is given up
 * @throws CompareError `LOG` if one cannot be read
 */
export function walkPart(
  files: readonly string[],
  { ranges, before, until }: Part,
  onBytes: (bytes: number) => void,
  mostWaiting?: number,
): Walked {
  const descriptors = files.map(openLog);
  try {
    let unsaid = 0;
    const onRead = (bytes: number) => {
      unsaid += bytes;
      if (unsaid < SAID_EVERY) return;
      onBytes(unsaid);
      unsaid = 0;
    };
    const tooLong: LoneLine[] = [];
    const windows = descriptors.map((descriptor, log) => {
      const { from, to } = ranges[log] as Part['ranges'][number];
      const window: LogWindow = new LogWindow(log, descriptor, { from, to, before, until, onBytes: onRead }, (line) =>
        tooLong.push({ ...line, log, ...window.latest, astray: false, unclear: true }),
      );
      return window;
    });
    const reading = new LineReading(descriptors);
    const walked = new Walk(windows, reading, mostWaiting).run();
    return { ...walked, lone: [...walked.lone, ...tooLong] };
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}
