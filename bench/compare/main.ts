// `npm run bench:compare -- --events 1000000 --rounds 5 --seed 1 [--folder DIR]`: this project and its peers in turn, on the same logs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, median } from '../machine.js';
import { writeLogs } from './logs.js';
import { type Peer, peersIn, type Run, runOnce } from './peers.js';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string' },
    alone: { type: 'boolean', default: false },
  },
});
const events = Number(values.events);
const rounds = Number(values.rounds);

/** A Python with DuckDB and polars in a folder of the bench; the system's own if these cannot be had. */
function pythonIn(folder: string): string {
  const venv = join(folder, 'venv');
  const isMade = spawnSync('python3', ['-m', 'venv', venv]).status === 0;
  const python = join(venv, 'bin', 'python');
  if (!isMade) return 'python3';
  spawnSync(python, ['-m', 'pip', '-q', 'install', 'duckdb', 'polars']);
  return python;
}

async function rivals(peers: readonly Peer[], logs: readonly string[], folder: string, lacking: readonly number[]) {
  const runs = new Map(peers.map((peer) => [peer, [] as Run[]]));
  for (const { prepare } of peers) prepare?.(logs);
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) {
      const run = await runOnce(peer, logs, folder);
      if (run.lacking.join() !== lacking.join()) {
        throw new Error(`${peer.name} found ${run.lacking.join()} where the logs lack ${lacking.join()}.`);
      }
      runs.get(peer)?.push(run);
    }
  }
  const [own] = [...runs.values()].map((list) => median(list.map(({ seconds }) => seconds)));
  console.log('| | median s | times ours | peak MiB | rounds |\n|---|---:|---:|---:|---|');
  for (const [{ name }, list] of runs) {
    const seconds = median(list.map((run) => run.seconds));
    const memory = Math.max(...list.map(({ mebibytes }) => mebibytes));
    const all = list.map((run) => run.seconds.toFixed(2)).join(', ');
    console.log(
      `| ${name} | ${seconds.toFixed(2)} | ${(seconds / (own as number)).toFixed(2)} | ${memory.toFixed(0)} | ${all} |`,
    );
  }
}

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
try {
  const peers = peersIn(folder, values.alone ? 'false' : pythonIn(folder)).filter(
    ({ name }) => !values.alone || name.startsWith('event2ledger'),
  );
  const { logs, reordered, lacking } = await writeLogs(folder, events, Number(values.seed));
  console.log(`${machine()}; three logs of ${events} events, seed ${values.seed}; each lacks ${lacking.join(', ')}\n`);
  console.log('Logs as Docker writes them:\n');
  await rivals(peers, logs, folder, lacking);
  console.log('\nThe keys of one log in the opposite order:\n');
  const turned = [logs[0], logs[1], reordered];
  await rivals(
    peers.filter(({ byLine }) => !byLine),
    turned,
    folder,
    lacking,
  );
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
