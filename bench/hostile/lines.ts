import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const BUFFERED = 1 << 22;

/** A log's lines, without their newlines. */
export function linesIn(file: string): string[] {
  const bytes = readFileSync(file);
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(10, from);
    const end = newline < 0 ? bytes.length : newline;
    lines.push(bytes.toString('latin1', from, end));
    from = end + 1;
  }
  return lines;
}

/** Writes lines as they come, each ended by a newline. */
export function writeLines(file: string, lines: Iterable<string>): void {
  const descriptor = openSync(file, 'w');
  try {
    let waiting: string[] = [];
    let size = 0;
    const write = () => {
      writeSync(descriptor, waiting.join(''), null, 'latin1');
      waiting = [];
      size = 0;
    };
    for (const line of lines) {
      waiting.push(line, '\n');
      size += line.length;
      if (size > BUFFERED) write();
    }
    write();
  } finally {
    closeSync(descriptor);
  }
}

/** The digits of a line's `timeNano`. */
export function timeOf(line: string): string {
  const key = line.lastIndexOf('"timeNano":');
  return /\d+/.exec(line.slice(key + 11, key + 40))?.[0] ?? '0';
}
