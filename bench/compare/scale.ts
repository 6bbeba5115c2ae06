// `npm run bench:scale -- --events 300000 --times 10 --rounds 5 --seed 1 [--folder DIR]`: this project on logs of so many events and on
// logs so many times as long, in turn, with the same rate of differences.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, median } from '../machine.js';
import { writeLogs } from './logs.js';
import { type Peer, peersIn, type Run, runOnce } from './peers.js';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '300000' },
    times: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string' },
  },
});
const events = Number(values.events);
const sizes = [events, events * Number(values.times)];

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'event2ledger-bench-'));
try {
  // No Python: nobody but this project is measured.
  const own = peersIn(folder, 'false').find(({ name }) => name.startsWith('event2ledger')) as Peer;
  const made = [];
  for (const size of sizes) {
    const at = join(folder, `${size}`);
    mkdirSync(at, { recursive: true });
    const { logs, reordered, lacking } = await writeLogs(at, size, Number(values.seed));
    // Room for the rest: it is of no use here.
    rmSync(reordered);
    made.push({ size, logs, lacking, runs: [] as Run[] });
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { size, logs, lacking, runs } of made) {
      const run = await runOnce(own, logs, folder);
      if (run.lacking.join() !== lacking.join()) {
        throw new Error(`Of ${size} events it found ${run.lacking.join()} where the logs lack ${lacking.join()}.`);
      }
      runs.push(run);
    }
  }
  console.log(`${machine()}; three logs, seed ${values.seed}\n`);
  console.log(
    '| events a log | median s | times the first | peak MiB | times the first | rounds |\n|---:|---:|---:|---:|---:|---|',
  );
  const [first] = made.map(({ runs }) => summary(runs));
  for (const { size, runs } of made) {
    const { seconds, mebibytes } = summary(runs);
    const times = (value: number, of: number | undefined) => (value / (of ?? value)).toFixed(2);
    const all = runs.map((run) => run.seconds.toFixed(2)).join(', ');
    console.log(
      `| ${size} | ${seconds.toFixed(2)} | ${times(seconds, first?.seconds)} | ${mebibytes.toFixed(0)} | ${times(mebibytes, first?.mebibytes)} | ${all} |`,
    );
  }
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

function summary(runs: readonly Run[]) {
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    mebibytes: median(runs.map(({ mebibytes }) => mebibytes)),
  };
}
