import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { trustedGenesis } from '../reconciler/trusted-genesis.js';
import { checkReport } from '../reports/check.js';
import { ReportError } from '../reports/errors.js';
import { bundleContent, isBundle } from './bundle-file.js';
import { VerifyError } from './errors.js';
import { verifyBundle } from './verify-bundle.js';
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
    else verifyReport(io, file, options);
    return EXIT.clean;
  } catch (error) {
    if (!(error instanceof VerifyError || error instanceof ReportError) || error.code === 'UNREADABLE') throw error;
    if (options.json) printJson(io, { verified: false, code: error.code, refused: error.message });
    else io.stdout.write(`Refused (${error.code}): ${printable(error.message, 2000)}\n`);
    return EXIT.findings;
  }
}

async function verifyFile(io: CommandIo, file: string, trusted: string | undefined, options: Options): Promise<void> {
  const content = await bundleContent(file);
  const folder = mkdtempSync(join(tmpdir(), 'event2ledger-verify-'));
  try {
    const verified = await verifyBundle(content, { trusted, workFile: join(folder, 'judged-anew.db') });
    if (options.json) printJson(io, verifiedJson(verified));
    else io.stdout.write(verifiedText(verified));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function verifyReport(io: CommandIo, file: string, options: Options): void {
  const { day, hash, findings } = checkReport(parsed(file));
  if (options.json) printJson(io, { verified: true, only: 'consistency', day, hash, findings: findings.length });
  else {
    io.stdout.write(
      `${day}: the report ${hash} is consistent with itself. That shows neither who made it nor that it follows from a ` +
        'ledger: for that, verify its bundle ("event2ledger report --bundle").\n',
    );
  }
}

function parsed(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new VerifyError('UNREADABLE', `${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VerifyError('FORMAT', 'This is neither a bundle nor a report: it is no JSON.', { cause });
  }
}
