import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { replaceFile } from '../actor-folders.js';
import { NetworkError } from '../errors.js';

const pidFileSchema = z.object({ pid: z.int().positive(), started: z.string().min(1) });
/** A process, and when it started: a number that was given to another process since is not mistaken for it. */
export type KnownProcess = z.infer<typeof pidFileSchema>;

/** What to start. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly logFile: string;
  readonly pidFile: string;
}

const LOOK_EVERY_MS = 50;

/** Starts a process that outlives this one, with its output appended to its log. @throws NetworkError `PROCESS` */
export async function launch({ program, args, env, folder, logFile, pidFile }: Launch): Promise<KnownProcess> {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(program, args, { cwd: folder, env, detached: true, stdio: ['ignore', log, log] });
    // At once: whoever is killed between the two leaves a process that nobody knows.
    const known = { pid: child.pid ?? 0, started: startOf(child.pid ?? 0) ?? 'ended' };
    if (child.pid !== undefined) replaceFile(pidFile, `${JSON.stringify(known)}\n`, 0o600);
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (cause) => {
        reject(new NetworkError('PROCESS', `${program} cannot be started: ${cause.message}.`, { cause }));
      });
    });
    const spawned = new Promise<void>((resolve) => child.once('spawn', resolve));
    await Promise.race([spawned, failed]);
    child.unref();
    return known;
  } finally {
    closeSync(log);
  }
}

/** The process that a pid file names, if it still runs. */
export function runningProcess(pidFile: string): KnownProcess | undefined {
  let known: KnownProcess;
  try {
    known = pidFileSchema.parse(JSON.parse(readFileSync(pidFile, 'utf8')));
  } catch {
    // None was started, or the file was cut off before its process was known.
    return undefined;
  }
  return isRunning(known) ? known : undefined;
}

function isRunning({ pid, started }: KnownProcess): boolean {
  return startOf(pid) === started;
}

/**
 * Ends a process as an operator does, and kills it if it does not go.
 * @param graceMs how long it may take
 */
export async function endProcess(pidFile: string, graceMs: number): Promise<void> {
  const known = runningProcess(pidFile);
  if (known !== undefined) {
    signal(known, 'SIGTERM');
    if (!(await ended(known, graceMs))) {
      signal(known, 'SIGKILL');
      await ended(known, graceMs);
    }
  }
  rmSync(pidFile, { force: true });
}

/** Not our child, as a rule: nothing tells us of its end, so we look. */
async function ended(known: KnownProcess, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (isRunning(known)) {
    if (performance.now() > until) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}

function signal(known: KnownProcess, name: NodeJS.Signals): void {
  if (!isRunning(known)) return;
  try {
    process.kill(known.pid, name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new NetworkError('PROCESS', `Process ${known.pid} cannot be ended: ${(cause as Error).message}.`, { cause });
  }
}

/** When a process started, in whatever words the system has for it; `undefined` if there is none, or only its corpse. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // After the name, which may hold anything in its parentheses: state, …, and 20th the start in clock ticks.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootId()} ${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  try {
    // Always in the same words, whatever the language and the time zone of who asks.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const start = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: 'pipe',
      env,
    }).trim();
    return start === '' ? undefined : start;
  } catch {
    return undefined;
  }
}

/** Ticks count from the machine's start. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
