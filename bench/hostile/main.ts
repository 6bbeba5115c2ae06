// `npm run bench:hostile -- --events 300000 --rounds 3 --seed 1 [--only TEXT] [--folder DIR]`: two honest logs and a hostile one,
// against the same two and an honest one.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seeded, writeLogs } from '../compare/logs.js';
import { machine, median } from '../machine.js';
import { HOSTILE_ACTORS, type HostileActor } from './actors.js';
import { linesIn } from './lines.js';
import { type MeasuredRun, measuredRun } from './measured-run.js';
import { momentsApart, verdictsOf } from './verdicts.js';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '300000' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    folder: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

/** So few events on which honest logs differ that each is told by itself. */
const FEW = 120;

interface Sums {
  readonly seconds: number;
  readonly cpu: number;
  readonly mebibytes: number;
  readonly bytes: number;
}

function sumsOf(runs: readonly MeasuredRun[], logs: readonly string[]): Sums {
  const of = (what: (run: MeasuredRun) => number) => median(runs.map(what));
  return {
    seconds: of(({ seconds }) => seconds),
    cpu: of(({ cpu }) => cpu),
    mebibytes: Math.max(...runs.map(({ mebibytes }) => mebibytes)),
    bytes: logs.reduce((sum, log) => sum + statSync(log).size, 0),
  };
}

const compared = (logs: readonly string[]) => measuredRun(['compare', ...logs, '--names', 'A,B,C', '--json'], folder);

async function against(actor: HostileActor, honest: readonly [string, string, string], apart: ReadonlySet<string>) {
  const [a, b, c] = honest;
  const file = join(folder, 'hostile.ndjson');
  const lines = linesIn(c);
  if (!(await actor.write(file, lines, seeded(Number(values.seed))))) {
    console.log(`| ${actor.name} | left out: a program that makes it is not installed | | | | | |`);
    return;
  }
  lines.length = 0;
  const logs = [a, b, file];
  const [fair, foul]: [MeasuredRun[], MeasuredRun[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    fair.push(await compared(honest));
    foul.push(await compared(logs));
  }
  const [base, one] = [sumsOf(fair, honest), sumsOf(foul, logs)];
  const bytes = one.bytes / base.bytes;
  const cells = [
    actor.name,
    bytes.toFixed(2),
    one.seconds.toFixed(2),
    `${(one.seconds / base.seconds).toFixed(2)}`,
    `${(one.cpu / base.cpu).toFixed(2)}`,
    `${(one.cpu / base.cpu / bytes).toFixed(2)}`,
    `${one.mebibytes.toFixed(0)} (${(one.mebibytes / base.mebibytes).toFixed(2)})`,
    verdict(foul[0] as MeasuredRun, actor, apart),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  rmSync(file, { force: true });
}

/** What was found, or what is wrong with it. */
function verdict({ code, output }: MeasuredRun, { isTrue = false }: HostileActor, apart: ReadonlySet<string>): string {
  if (code !== 1) return `WRONG: exit code ${code}`;
  const { told, differing, unjust, against: found } = verdictsOf(output, apart);
  const faults = [
    ...(told < differing ? [`${told} of ${differing} honest differences told`] : []),
    ...(unjust > 0 ? [`${unjust} findings against the honest`] : []),
    ...(found === '' && !isTrue ? ['nothing said of the hostile one'] : []),
  ];
  if (faults.length > 0) process.exitCode = 2;
  return `${faults.length > 0 ? `WRONG: ${faults.join('; ')}; ` : ''}${found}`;
}

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'event2ledger-hostile-'));
try {
  const { logs } = await writeLogs(folder, Number(values.events), Number(values.seed), FEW);
  const apart = momentsApart(linesIn(logs[0]), linesIn(logs[1]));
  const honest = sumsOf([await compared(logs), await compared(logs)], logs);
  console.log(
    `${machine()}, load ${loadavg()[0]?.toFixed(1)}; two honest logs of ${values.events} events and a third, seed ${values.seed}; medians of ${rounds}.`,
  );
  console.log(
    `An honest third: ${honest.seconds.toFixed(2)} s, ${honest.cpu.toFixed(2)} s of CPU, ${honest.mebibytes.toFixed(0)} MiB. Times are relative to it.\n`,
  );
  console.log(
    '| the third log | bytes | seconds | times | times by CPU | by CPU and byte | peak MiB (times) | said of it |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|---|');
  for (const actor of HOSTILE_ACTORS.filter(({ name }) => name.includes(values.only)))
    await against(actor, logs, apart);
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
