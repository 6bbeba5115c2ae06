import { timeOf } from './lines.js';

/** As far as it is looked at. */
interface ToldFinding {
  readonly class: string;
  readonly time: string;
  readonly dissent: readonly string[];
  readonly folded?: number;
  readonly variants: readonly { readonly event: { readonly time?: string } }[];
  readonly gap?: { readonly reason: string };
}

/** What a comparison says of two honest logs and a third. */
export interface Verdicts {
  /** Moments at which the honest two differ, and of how many of them a finding tells. */
  readonly differing: number;
  readonly told: number;
  /** Findings against one of the honest two where they do not differ. */
  readonly unjust: number;
  /** What is said against the third alone: findings of each class. */
  readonly against: string;
}

/** Moments of lines that one of two logs has and the other has not. */
export function momentsApart(one: readonly string[], other: readonly string[]): ReadonlySet<string> {
  const [first, second] = [new Set(one), new Set(other)];
  return new Set([...one.filter((line) => !second.has(line)), ...other.filter((line) => !first.has(line))].map(timeOf));
}

/** Holds a report, as `compare --json` prints it, against what is known of the honest two, A and B. */
export function verdictsOf(output: string, apart: ReadonlySet<string>): Verdicts {
  const { findings } = JSON.parse(output) as { findings: readonly ToldFinding[] };
  const told = new Set<string>();
  const against = new Map<string, number>();
  let unjust = 0;
  for (const { class: name, time, dissent, folded, variants } of findings) {
    const times = [BigInt(time).toString(), ...variants.flatMap(({ event }) => event.time ?? [])];
    const known = times.filter((at) => apart.has(at));
    for (const at of known) told.add(at);
    if (known.length === 0 && dissent.some((actor) => actor !== 'C')) unjust++;
    if (dissent.join() === 'C') against.set(name, (against.get(name) ?? 0) + (folded ?? 1));
  }
  return {
    differing: apart.size,
    told: told.size,
    unjust,
    against: [...against].map(([name, count]) => `${name} ${count}`).join(', '),
  };
}
