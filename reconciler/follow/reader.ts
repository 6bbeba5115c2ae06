import { fstatSync } from 'node:fs';

/** How long a reader that has gone may stay unnoticed, in milliseconds. */
const NOTICED_WITHIN = 2000;

/**
 * Has it noticed that the reader of a pipe has gone, though there may be nothing to tell for hours: only writing shows it. So a
 * blank goes before the next line, now and then, which neither JSON nor a person minds.
 * @returns ends it
 */
export function noticeReader(stdout: NodeJS.WritableStream & { readonly fd?: number }): () => void {
  if (!isPipe(stdout.fd)) return () => {};
  const timer = setInterval(() => {
    // A reader that only takes its time needs no more of them.
    if (stdout.writable && (stdout as { writableLength?: number }).writableLength === 0) stdout.write(' ');
  }, NOTICED_WITHIN);
  timer.unref();
  return () => clearInterval(timer);
}

function isPipe(fd: number | undefined): boolean {
  if (fd === undefined) return false;
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket();
}
