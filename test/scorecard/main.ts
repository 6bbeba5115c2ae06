// `npm run scorecard -- --histories 14000 --seed 1 [--only K] [--out FILE]`, see docs/scorecard.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { historyOf } from './history.js';
import { type Outcome, outcomeOf } from './outcome.js';
import { pageOf } from './page.js';
import { tallyOf } from './tally.js';

/** In one history of so many it is looked at after each transaction how far the report is. */
const TIMED = 40;
const MARK = '<!-- measured -->';

interface Share {
  readonly seed: number;
  readonly from: number;
  readonly histories: number;
  readonly step: number;
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    console.error(`--${name} must be a whole number.`);
    process.exit(2);
  }
  return Number(text);
}

function judgeShare({ seed, from, histories, step }: Share): void {
  const port = parentPort;
  for (let index = from; index < histories; index += step) {
    port?.postMessage(outcomeOf(seed, index, index % TIMED === 0));
  }
}

async function outcomesOf(seed: number, histories: number): Promise<Outcome[]> {
  const workers = Math.max(1, Math.min(cpus().length, 8));
  const outcomes: Outcome[] = [];
  await Promise.all(
    Array.from({ length: workers }, (_, from) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { seed, from, histories, step: workers } });
      worker.on('message', (outcome: Outcome) => {
        outcomes.push(outcome);
        if (outcomes.length % 1000 === 0) console.log(`${outcomes.length} histories`);
      });
      return new Promise<void>((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', () => resolve());
      });
    }),
  );
  return outcomes.sort((a, b) => a.index - b.index);
}

/** Prints all of one history that can be told in words. */
function showOne(seed: number, index: number): void {
  const { world, expected, optional } = historyOf(seed, index);
  const { actors, liars, begin, end, skewed, tracks } = world;
  console.log(JSON.stringify({ actors, liars, begin, end, skewed, tracks, expected, optional }, null, 1));
  console.log(JSON.stringify(outcomeOf(seed, index, true), null, 1));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      histories: { type: 'string', default: '14000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const seed = wholeNumber('seed', values.seed);
  const histories = wholeNumber('histories', values.histories);
  if (values.only !== undefined) {
    showOne(seed, wholeNumber('only', values.only));
    return;
  }
  const start = performance.now();
  const tally = tallyOf(await outcomesOf(seed, histories));
  const seconds = (performance.now() - start) / 1000;
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}`;
  const page = pageOf(tally, { seed, histories, machine, date: new Date().toISOString().slice(0, 10), seconds });
  console.log(page);
  if (values.out !== undefined) {
    const [method = ''] = readFileSync(values.out, 'utf8').split(MARK);
    writeFileSync(values.out, `${method}${MARK}\n\n${page}`);
  }
  process.exitCode = tally.faults.length === 0 ? 0 : 1;
}

if (isMainThread) await main();
else judgeShare(workerData as Share);
