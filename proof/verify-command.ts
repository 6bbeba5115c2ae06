import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseLossless } from 'lossless-json';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { whyUnreadable } from '../cli/unreadable.js';
import { ReconcilerError } from '../reconciler/errors.js';
import { trustedGenesis } from '../reconciler/trusted-genesis.js';
import { checkReport } from '../reports/check.js';
import { ReportError } from '../reports/errors.js';
import { type BundleContent, bundleContent, isBundle } from './bundle-file.js';
import { VerifyError } from './errors.js';
import { reportJson } from './report-json.js';
import { isOfTheMachine, verifyBundle } from './verify-bundle.js';
import { verifiedJson, verifiedText } from './words.js';

interface Options {
  readonly trust?: string;
  readonly json?: true;
}

/** Adds `verify`. */
export const registerVerifyCommand: RegisterCommands = (program, io) => {
  program
    .command('verify')
    .description('Check a bundle against the ledger that it holds, or a report against itself; needs no network.')
    .argument('<file>', 'what "report --bundle" wrote, or a report as JSON')
    .option('--trust <block>', 'file with the block 0 that you trust, from somebody other than the maker of the bundle')
    .option('--json', 'print for machines')
    .addHelpText(
      'after',
      `
Examples:
  $ event2ledger verify 2026-11-22.bundle --trust genesis.block
  $ event2ledger verify 2026-11-22.json

Exit codes: 0 all that can be checked holds, 1 refused, 2 could not do it.`,
    )
    .action(action(io, (file: string, options: Options) => verify(io, file, options)));
};

async function verify(io: CommandIo, file: string, options: Options): Promise<ExitCode> {
  const trusted = options.trust === undefined ? undefined : trustedGenesis(options.trust);
  try {
    if (await isBundle(file)) await verifyFile(io, file, trusted, options);
    else verifyReport(io, file, trusted, options);
    return EXIT.clean;
  } catch (error) {
    const isRefusal = error instanceof ReportError || (error instanceof VerifyError && error.isRefusal);
    if (!isRefusal) throw error;
    if (options.json) printJson(io, { verified: false, code: error.code, refused: error.message });
    else io.stdout.write(`Refused (${error.code}): ${printable(error.message, 2000)}\n`);
    return EXIT.findings;
  }
}

async function verifyFile(io: CommandIo, file: string, trusted: string | undefined, options: Options): Promise<void> {
  const content = untilAborted(await bundleContent(file), io.signal);
  const folder = workFolder();
  try {
    const verified = await verifyBundle(content, { trusted, workFile: join(folder, 'judged-anew.db') });
    if (options.json) printJson(io, verifiedJson(verified));
    else io.stdout.write(verifiedText(verified));
  } catch (error) {
    throw isOfTheMachine(error) || error instanceof ReconcilerError ? noRoom(error) : error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same content, that ends in an error once there is a signal to stop. */
function untilAborted(content: BundleContent, signal: AbortSignal): BundleContent {
  return async function* () {
    for await (const part of content()) {
      if (signal.aborted) throw new VerifyError('INTERRUPTED', 'Interrupted: nothing is said of the bundle.');
      yield part;
    }
  };
}

function workFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'event2ledger-verify-'));
  } catch (cause) {
    throw noRoom(cause);
  }
}

function noRoom(cause: unknown): VerifyError {
  const why = cause instanceof Error ? printable(cause.message) : 'unknown error';
  const message = `The ledger cannot be judged anew in ${printable(tmpdir())}; name a folder with room by TMPDIR: ${why}`;
  return new VerifyError('WORK', message, { cause });
}

function verifyReport(io: CommandIo, file: string, trusted: string | undefined, options: Options): void {
  const text = textOf(file);
  const { day, hash, findings, ledger } = checkReport(reportJson(text));
  checkKeys(text);
  if (trusted !== undefined && ledger !== trusted) {
    throw new VerifyError('GENESIS', `The report is of the ledger ${ledger}, and not of the trusted ${trusted}.`);
  }
  if (options.json) printJson(io, { verified: true, only: 'consistency', day, hash, findings: findings.length });
  else {
    const named = trusted === undefined ? '' : ' and names the ledger that you trust';
    io.stdout.write(
      `${day}: the report ${hash} is consistent with itself${named}. That shows neither who made it nor that it follows from a ` +
        'ledger: for that, verify its bundle ("event2ledger report --bundle").\n',
    );
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new VerifyError('UNREADABLE', `${printable(file)} ${whyUnreadable(cause)}.`, { cause });
  }
}

/** A key twice means one thing to this reader and another to the next. @throws VerifyError `FORMAT` */
function checkKeys(text: string): void {
  parseLossless(text, undefined, {
    onDuplicateKey: ({ key }) => {
      throw new VerifyError('FORMAT', `The report has the key "${printable(key, 40)}" twice in one object.`);
    },
  });
}
