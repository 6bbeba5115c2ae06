import { readFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import type { PoliciesAnswer } from '#chaincode';
import type { CommandIo } from '../cli/command.js';
import { UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { type LedgerConnection, withConnection } from './connection.js';

/** Connects with a profile, runs, and closes; a signal to stop closes early. */
export function withLedger<T>(
  io: CommandIo,
  profile: string,
  run: (ledger: LedgerConnection) => Promise<T>,
): Promise<T> {
  return withConnection(profile, io.signal, run);
}

/** Writes lines, and waits where the reader is slower than the ledger. */
export async function print(io: CommandIo, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  if (io.stdout.write(`${lines.join('\n')}\n`)) return;
  await new Promise<void>((resolve) => io.stdout.once('drain', resolve));
}

/** A table for people: columns as wide as their widest cell, the last one free. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows.map((row) => row.map((cell) => printable(cell)))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** The policies on the ledger; says on standard error where none is in force. */
export async function policiesOf(io: CommandIo, ledger: LedgerConnection): Promise<PoliciesAnswer> {
  const policies = JSON.parse(await ledger.evaluate('GetPolicies')) as PoliciesAnswer;
  if (policies.inForce.length === 0) {
    io.stderr.write('No policy is in force on this ledger, so nothing is judged; see "event2ledger policy propose".\n');
  }
  return policies;
}

/** Reads a JSON object from a file, or from standard input for `-`. @throws UsageError */
export async function readJsonObject(io: CommandIo, file: string, what: string): Promise<Record<string, unknown>> {
  let content: string;
  try {
    content = file === '-' ? await readAll(io.stdin) : readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${what} ${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new UsageError(`${what} ${file} is no JSON: ${(cause as Error).message}.`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${what} ${file} is no JSON object.`);
  }
  return value as Record<string, unknown>;
}

/** @throws UsageError if `value` is no whole number within the bounds. */
export function wholeNumber(value: string, what: string, least: number, most: number): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${what} "${value}" is no whole number from ${least} to ${most}.`);
}
