import { type ArmTally, precisionOf, type Row, recallOf, sortedRows, type Tally } from './tally.js';
import { PACE } from './timing.js';

/** How a scorecard came about. */
export interface RunFacts {
  readonly seed: number;
  readonly histories: number;
  readonly machine: string;
  readonly date: string;
  readonly seconds: number;
}

const COLUMNS = '| class | expected | found | false | precision | recall |';
const TIMES = ' median time | 95 % | longest | median batches | measured |';

/** The measured part of docs/scorecard.md. */
export function pageOf({ arms, actors, collusions, faults }: Tally, facts: RunFacts): string {
  const sizes = [...actors].sort(([a], [b]) => a - b).map(([size, count]) => `${count} of ${size} actors`);
  const one = arms.get('one');
  const parts = [
    `${facts.histories} histories, seed ${facts.seed}, ${facts.date}, ${facts.machine}: ${Math.round(facts.seconds)} s.`,
    `Again: \`npm run scorecard -- --histories ${facts.histories} --seed ${facts.seed}\`.`,
    '',
    `### One dishonest actor (${one?.histories ?? 0} histories: ${sizes.join(', ')})`,
    '',
    ...(one === undefined ? [] : table(one, true)),
    '',
    ...armPart(arms.get('two'), 'Two liars of five or seven that do not agree'),
    ...armPart(arms.get('honest'), 'Honest actors only'),
    `### A lying majority (${arms.get('majority')?.histories ?? 0} histories)`,
    '',
    '| what the report says of a lie | lies |',
    '|---|---:|',
    `| names the honest minority as dissenting, and the liars as the majority on whose word that stands | ${collusions.minorityAccused} |`,
    `| \`unresolved\`, or against liars alone | ${collusions.unresolved} |`,
    `| nothing | ${collusions.unseen} |`,
    '',
    '### Missed or false',
    '',
    ...(faults.length === 0 ? ['None.'] : faults.map((fault) => `- ${fault}`)),
    '',
  ];
  return parts.join('\n');
}

function armPart(tally: ArmTally | undefined, title: string): string[] {
  if (tally === undefined) return [];
  const lines = table(tally, false);
  const allowed = `Besides, ${tally.allowed} findings \`late\` and \`silent\` that are neither expected nor false (see above).`;
  return [`### ${title} (${tally.histories} histories)`, '', ...lines, '', allowed, ''];
}

function table(tally: ArmTally, timed: boolean): string[] {
  const rows = sortedRows(tally);
  return [
    `${COLUMNS}${timed ? TIMES : ''}`,
    `|---|---:|---:|---:|---:|---:|${timed ? '---:|---:|---:|---:|---:|' : ''}`,
    ...rows.map((row) => line(row, timed)),
  ];
}

function line(row: Row, timed: boolean): string {
  const { name, expected, found, falseOnes } = row;
  const scores = `| ${name} | ${expected} | ${found} | ${falseOnes} | ${precisionOf(row).toFixed(3)} | ${recallOf(row).toFixed(3)} |`;
  if (!timed) return scores;
  if (row.seconds.length === 0) return `${scores} – | – | – | – | 0 |`;
  const [median, most, longest] = [0.5, 0.95, 1].map((share) => heartbeats(quantile(row.seconds, share)));
  return `${scores} ${median} | ${most} | ${longest} | ${quantile(row.batches, 0.5)} | ${row.seconds.length} |`;
}

/** Times are told in heartbeats: the histories' clock is one of half hours. */
function heartbeats(seconds: number): string {
  return (seconds / PACE).toFixed(1);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
