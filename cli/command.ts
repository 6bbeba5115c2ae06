import type { Command } from 'commander';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { printable, terminalSafe } from './printable.js';

/** What a command's code reaches of the process. Tests pass their own. */
export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by SIGINT and SIGTERM: finish what is begun, then return. */
  readonly signal: AbortSignal;
  /** Called with the command's exit code when it is done. */
  readonly exit: (code: ExitCode) => void;
}

/** Adds one folder's commands to the program. Every folder with commands exports one of these. */
export type RegisterCommands = (program: Command, io: CommandIo) => void;

/**
 * Wraps a command's action: its exit code is reported, an error it expected is a line for each mistake on standard error, any
 * other keeps its stack; both exit with 2.
 */
export function action<Args extends unknown[]>(
  io: CommandIo,
  run: (...args: Args) => Promise<ExitCode> | ExitCode,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      io.exit(await run(...args));
    } catch (error) {
      reportError(io, error);
      io.exit(EXIT.failed);
    }
  };
}

/** Prints an error the way its kind deserves. Errors with a `code` of ours are expected. */
export function reportError(io: Pick<CommandIo, 'stderr'>, error: unknown): void {
  if (isExpected(error)) {
    const mistakes = error instanceof UsageError ? error.mistakes : [error.message];
    io.stderr.write(mistakes.map((mistake) => `event2ledger: ${printable(mistake, 2000)}\n`).join(''));
    return;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(`event2ledger: unexpected error\n${stack}\n`);
}

const OURS = new Set([
  'RecordError',
  'NetworkError',
  'CollectorError',
  'ReconcilerError',
  'ReportError',
  'ExportError',
  'VerifyError',
  'CompareError',
  'DemoError',
  'ExchangeError',
]);

/** Whether it is an error that a command foresees, whose message is a sentence for whoever called it. */
export function isExpected(error: unknown): error is Error {
  return error instanceof UsageError || (error instanceof Error && OURS.has(error.name));
}

/** Prints a value for machines: one line of JSON, and nothing in it that a terminal would obey. */
export function printJson(io: Pick<CommandIo, 'stdout'>, value: unknown): void {
  io.stdout.write(`${terminalSafe(JSON.stringify(value))}\n`);
}
