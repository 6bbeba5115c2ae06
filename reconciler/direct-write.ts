import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

/** Disks and file systems that write directly take pieces of a multiple of this, at a multiple of it, from memory at a multiple of it. */
const ALIGNED = 4096;
const STAGE_BYTES = 4 * 1024 * 1024;
/** What is less is soon copied. */
const WORTH_IT = 1024 * 1024;

/**
 * Writes what is long past the system's cache (`O_DIRECT`): to copy bytes into it that hardly anybody reads again can cost as much
 * as hashing them, and pushes out what is read.
 */
export class DirectWriter {
  /** Its memory begins at a page: it is reserved as address space, for it could grow. */
  #stage: Uint8Array | undefined;
  #isRefused = constants.O_DIRECT === undefined;

  /**
   * Writes parts one behind the other. What of them does not fill its last page goes through `fd`.
   * @param fd of the same file, open for reading and writing
   * @param position where they begin; before it the file has no hole
   * @returns false if that is not worth it, or not possible here; then some of it may stand in its place, and all is to be written in another way
   */
  write(file: string, fd: number, position: number, parts: readonly Uint8Array[]): boolean {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#isRefused || length < WORTH_IT) return false;
    let direct: number | undefined;
    try {
      direct = openSync(file, constants.O_WRONLY | constants.O_DIRECT);
      return this.#write(direct, fd, position, parts);
    } catch {
      // The file system cannot do it, or not in such pieces. If the disk is full or broken, the usual way tells.
      this.#isRefused = true;
      return false;
    } finally {
      if (direct !== undefined) closeSync(direct);
    }
  }

  #write(direct: number, fd: number, position: number, parts: readonly Uint8Array[]): boolean {
    this.#stage ??= new Uint8Array(new ArrayBuffer(STAGE_BYTES, { maxByteLength: STAGE_BYTES }));
    const stage = this.#stage;
    // The page that is begun is written again as it stands.
    let filled = position % ALIGNED;
    let at = position - filled;
    if (readSync(fd, stage, 0, filled, at) !== filled) return false;
    for (const part of parts) {
      for (let taken = 0; taken < part.length; ) {
        const more = Math.min(part.length - taken, STAGE_BYTES - filled);
        stage.set(part.subarray(taken, taken + more), filled);
        taken += more;
        filled += more;
        if (filled < STAGE_BYTES) continue;
        if (writeSync(direct, stage, 0, STAGE_BYTES, at) !== STAGE_BYTES) return false;
        at += STAGE_BYTES;
        filled = 0;
      }
    }
    const pages = filled - (filled % ALIGNED);
    if (pages > 0 && writeSync(direct, stage, 0, pages, at) !== pages) return false;
    const rest = filled - pages;
    return rest === 0 || writeSync(fd, stage, pages, rest, at + pages) === rest;
  }
}
