import { closeSync, fstatSync } from 'node:fs';
import { CompareError } from './errors.js';
import { openLog } from './parts.js';

/** A log as it was when it was first opened: its name may be another file's later. */
export interface OpenedLog {
  readonly file: string;
  readonly size: number;
  /** Which file it is. */
  readonly device: bigint;
  readonly inode: bigint;
}

export function openedLog(file: string, descriptor: number): OpenedLog {
  const { size, dev, ino } = fstatSync(descriptor, { bigint: true });
  return { file, size: Number(size), device: dev, inode: ino };
}

/**
 * Opens it once more. It may have grown.
 * @throws CompareError `LOG` if it cannot be, or is another file by now, or a shorter one
 */
export function openAgain({ file, size, device, inode }: OpenedLog): number {
  const descriptor = openLog(file);
  const now = openedLog(file, descriptor);
  if (now.device === device && now.inode === inode && now.size >= size) return descriptor;
  closeSync(descriptor);
  throw new CompareError(
    'LOG',
    `${file} was replaced or cut off while it was compared; compare a log that nobody rotates meanwhile, or a copy.`,
  );
}
