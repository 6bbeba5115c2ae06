import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../../event2ledger.js', import.meta.url));
/** GNU time: seconds and peak memory of a process. */
const TIME = '/usr/bin/time';

/** Longer than that nothing is waited for. */
const MOST_SECONDS = '120';

/** What a command used, printed and ended with. */
export interface MeasuredRun {
  readonly seconds: number;
  /** Seconds of CPU, of all threads. */
  readonly cpu: number;
  readonly mebibytes: number;
  readonly code: number | null;
  readonly output: string;
}

/** Runs this project's command once. @throws Error if GNU time is not there */
export async function measuredRun(args: readonly string[], folder: string): Promise<MeasuredRun> {
  if (!existsSync(TIME)) throw new Error(`${TIME} is needed for peak memory; install GNU time.`);
  const used = join(folder, 'used');
  const child = spawn(
    TIME,
    ['-o', used, '-f', '%e %U %S %M', 'timeout', MOST_SECONDS, process.execPath, BINARY, ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const [seconds = Number.NaN, user = Number.NaN, system = Number.NaN, kibibytes = Number.NaN] = (
    readFileSync(used, 'utf8').trim().split('\n').at(-1) ?? ''
  )
    .split(' ')
    .map(Number);
  return { seconds, cpu: user + system, mebibytes: kibibytes / 1024, code, output: Buffer.concat(chunks).toString() };
}
