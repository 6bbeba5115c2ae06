import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../cli/make-folder.js';
import { ReportError } from './errors.js';
import { inBlocks, type TextParts } from './text-parts.js';

/**
 * Writes a file whole or not at all: a reader never sees half a report, and a failure leaves the old one.
 * Folders above it are made.
 * @throws ReportError `WRITE`
 */
export function writeWhole(file: string, parts: TextParts): void {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    makeFolder(dirname(file));
    writeParts(temporary, parts);
    renameSync(temporary, file);
  } catch (cause) {
    removeQuietly(temporary);
    // What is wrong with the report itself is no matter of the folder.
    if (!isOfFiles(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReportError('WRITE', `The report could not be written; name a folder that can be: ${why}`, { cause });
  }
}

function writeParts(file: string, parts: TextParts): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const block of inBlocks(parts)) writeFileSync(descriptor, block);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isOfFiles(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause;
}

// The error that is told is the first one, not that of tidying up after it.
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // There is nothing of ours where there is no such folder.
  }
}
