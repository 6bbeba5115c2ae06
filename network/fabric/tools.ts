import { execFile } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { NetworkError } from '../errors.js';

const LIMIT_MS = 120_000;
/** Of the user's environment, what would change the configuration of Fabric's programs behind our back. */
const FABRIC_VARIABLE = /^(?:CORE|ORDERER|FABRIC|CONFIGTX|CHAINCODE)_/;

export interface ToolCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The environment of a process of Fabric's: the user's, without what configures Fabric, and with what we say. */
export function fabricEnvironment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !FABRIC_VARIABLE.test(name));
  return { ...Object.fromEntries(inherited), ...own };
}

/**
 * Runs one of Fabric's commands to its end.
 * @returns its standard output
 * @throws NetworkError `TOOL` with its last words
 */
export async function runTool({ program, args, env = {}, signal }: ToolCall): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: fabricEnvironment({ FABRIC_LOGGING_SPEC: 'error', ...env }), timeout: LIMIT_MS, signal };
    execFile(program, args, { ...options, maxBuffer: 16 * 1024 * 1024 }, (cause, stdout, stderr) => {
      if (cause === null) return resolve(stdout);
      const said = lastWords(`${stdout}\n${stderr}`) || cause.message;
      const what = [program.split('/').at(-1), ...args.slice(0, 3).filter((word) => !word.startsWith('-'))].join(' ');
      return reject(new NetworkError('TOOL', `Fabric's "${what}" failed: ${said}`, { cause }));
    });
  });
}

/** The line that says what went wrong: Fabric prints a usage text around it, and may colour it. */
function lastWords(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .filter((line) => line.trim() !== '');
  return (lines.filter((line) => /error|fail|panic/i.test(line)).at(-1) ?? lines.at(-1) ?? '').trim().slice(0, 1000);
}
