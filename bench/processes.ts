import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../event2ledger.js', import.meta.url));

/** Runs the built command to its end. @throws Error with what it said on standard error, unless it ended with 0 */
export async function runCommand(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [BINARY, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`"${args.join(' ')}" ended with ${code}: ${said}`);
}

/** The built command, running in a process of its own as it does for its users. */
export interface Service {
  readonly pid: number;
  /** Sends SIGTERM and waits for the end; gives what came on standard output since it was ready. */
  stop(): Promise<string>;
}

/**
 * Starts a command; resolves when it has said `ready` on standard output or standard error.
 * @param niceness 19: all its threads run only where nobody else wants the processor, or nearly so
 */
export async function startService(args: readonly string[], ready: RegExp, niceness = 0): Promise<Service> {
  const own = [process.execPath, BINARY, ...args];
  const [program = '', ...rest] = niceness > 0 ? ['nice', '-n', String(niceness), ...own] : own;
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  await saying(child, ready);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null) return output;
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
      return output;
    },
  };
}

async function saying(child: ChildProcess, pattern: RegExp): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      // What comes later is read and thrown away, or the process would block on a full pipe.
      if (said.length < 100_000) said += chunk.toString();
      if (pattern.test(said)) resolve();
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
}
