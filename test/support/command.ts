import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built command. */
export const BINARY = fileURLToPath(new URL('../../dist/event2ledger.js', import.meta.url));

/** What a finished command left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Added to the environment; `undefined` takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What the command reads on standard input. */
  readonly input?: string;
}

/** Runs the built `event2ledger` to its end, as a user does. */
export async function event2ledger(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = launch(args, options);
  child.stdin?.end(options.input ?? '');
  const { stdout, stderr } = collectOutput(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

/** A command that runs until it is told to stop. */
export interface Running {
  /** Resolves when `pattern` has appeared on standard output or standard error; rejects if the command ends first. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<Finished>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
  readonly finished: Promise<Finished>;
  readonly pid: number | undefined;
  /** The exit code, if it has ended by itself. */
  code(): number | null;
  /** What it has written to standard error so far. */
  stderr(): string;
}

/** Starts the built `event2ledger` and leaves it running. */
export function startEvent2ledger(args: readonly string[], options: RunOptions = {}): Running {
  const child = launch(args, options);
  child.stdin?.end(options.input ?? '');
  const { stdout, stderr } = collectOutput(child);
  const finished = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout: stdout(),
    stderr: stderr(),
  }));
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(stdout()) ?? pattern.exec(stderr());
        if (found) resolve(found);
      };
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
      void finished.then(({ code }) => {
        look();
        reject(new Error(`ended with ${code} before it said ${pattern}:\n${stdout()}\n${stderr()}`));
      });
      look();
    });
  return {
    said,
    finished,
    pid: child.pid,
    code: () => child.exitCode,
    stderr,
    stop: () => {
      child.kill('SIGTERM');
      return finished;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await finished;
    },
  };
}

function launch(args: readonly string[], { env, cwd }: RunOptions): ChildProcess {
  return spawn(process.execPath, [BINARY, ...args], { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
}

function collectOutput(child: ChildProcess): { stdout: () => string; stderr: () => string } {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  return { stdout: () => stdout, stderr: () => stderr };
}
