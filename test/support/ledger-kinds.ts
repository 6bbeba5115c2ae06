import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { event2ledger, type Running, startEvent2ledger } from './command.js';

/** The ledgers that everything must work on unchanged. */
export type LedgerKind = 'embedded' | 'raft' | 'bft';

/** A ledger in a folder, run by the commands that a user runs. */
export interface LedgerUnderTest {
  /** Starts it, the first time with what its first policy says; resolves when it is ready. */
  start(): Promise<void>;
  /** Stops it, as an operator does. */
  stop(): Promise<void>;
  /** Kills whatever runs of it. */
  kill(): Promise<void>;
}

/** The one that a run of the suites is about: the embedded ledger, unless `E2L_TEST_LEDGER` names another. */
export function ledgerKind(): LedgerKind {
  const named = process.env.E2L_TEST_LEDGER ?? 'embedded';
  if (named === 'embedded' || named === 'raft' || named === 'bft') return named;
  throw new Error(`E2L_TEST_LEDGER is "${named}", which is neither embedded, raft nor bft`);
}

export function ledgerUnderTest(kind: LedgerKind, data: string, policyFile: string): LedgerUnderTest {
  return kind === 'embedded' ? embedded(data, policyFile) : fabric(kind, data, policyFile);
}

function embedded(data: string, policyFile: string): LedgerUnderTest {
  let running: Running | undefined;
  const start = async () => {
    const first = existsSync(data) ? [] : ['--port', '0', '--policy', policyFile];
    running = startEvent2ledger(['ledger', 'serve', '--data', data, ...first]);
    await running.said(/ready/);
  };
  return { start, stop: async () => void (await running?.stop()), kill: async () => running?.kill() };
}

function fabric(kind: 'raft' | 'bft', data: string, policyFile: string): LedgerUnderTest {
  const network = async (...args: string[]) => {
    const { code, stderr } = await event2ledger(['network', ...args, '--data', data]);
    if (code !== 0) throw new Error(`network ${args[0]} ended with ${code}: ${stderr}`);
  };
  return {
    start: () => network('up', ...(existsSync(data) ? [] : ['--consensus', kind, '--policy', policyFile])),
    stop: () => network('down'),
    kill: async () => {
      for (const pid of pidsOf(data)) process.kill(pid, 'SIGKILL');
    },
  };
}

/** Of the processes that `network up` started in this folder. */
function pidsOf(data: string): number[] {
  const folder = join(data, 'run');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { pid: number }).pid);
}
