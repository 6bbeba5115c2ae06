import { closeSync, fstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Policy } from '#chaincode';
import { openLog, partsOf } from '../../compare/parts.js';
import type { CompareReport } from '../../compare/report-form.js';
import { reportOf } from '../../compare/testimony.js';
import { type WalkedPart, walkPart } from '../../compare/walk-part.js';

const BEGIN = 1_795_305_600_000_000_000n;

/** A line of an event so many nanoseconds after the beginning. */
export function eventLine(after: number, id = 'a', attributes = '{"name":"web"}'): string {
  return `{"Type":"container","Action":"die","Actor":{"ID":"${id}","Attributes":${attributes}},"scope":"local","timeNano":${BEGIN + BigInt(after)}}`;
}

/** That moment, as a report has it. */
export const timeOf = (after: number) => (BEGIN + BigInt(after)).toString();

export const linesOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

export interface Comparing {
  readonly parts?: number;
  readonly policy?: Partial<Policy>;
  readonly mostWaiting?: number;
  readonly leftOut?: readonly number[];
  readonly mostAlike?: number;
}

/** Goes through a part of the logs at once. */
export function walkedPart(...of: Parameters<typeof walkPart>): WalkedPart {
  const walk = walkPart(...of);
  for (;;) {
    const { done, value } = walk.next();
    if (done) return value;
  }
}

/** Compares logs of these contents, whose actors are A, B, C and so on, in this thread. */
export function comparedContents(
  contents: readonly (string | Buffer)[],
  { parts = 1, policy = {}, mostWaiting, leftOut = [], mostAlike }: Comparing = {},
): CompareReport {
  const folder = mkdtempSync(join(tmpdir(), 'event2ledger-contents-'));
  const files = contents.map((content, index) => {
    const file = join(folder, `${index}.ndjson`);
    writeFileSync(file, content);
    return file;
  });
  const descriptors = files.map(openLog);
  try {
    const walked = partsOf(descriptors, parts, { least: 1, leftOut }).map((part) =>
      walkedPart(descriptors, part, { ignore: policy.ignore ?? [], mostWaiting }),
    );
    const logs = files.map((file, index) => ({ name: `${index}`, file }));
    const sizes = descriptors.map((descriptor) => fstatSync(descriptor).size);
    const actors = files.map((_, index) => String.fromCharCode(65 + index));
    return reportOf({ logs, actors, source: 'engine', policy, descriptors, sizes }, walked, mostAlike);
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
    rmSync(folder, { recursive: true, force: true });
  }
}
