import type { Finding, FindingClass } from '../reconciler/judgement.js';
import type { Lie } from './dishonest.js';

/** A lie and the findings that name its teller for it. */
export interface Exposed {
  readonly lie: Lie;
  readonly finding: Finding | undefined;
}

const CLASS_OF: Readonly<Record<Lie['kind'], FindingClass>> = {
  'left out': 'missing',
  moved: 'differs',
  invented: 'uncorroborated',
};

/** For each lie the finding that exposes it: of the right class, about the right event, with the liar alone in dissent. */
export function exposed(lies: readonly Lie[], findings: readonly Finding[], liar: string): Exposed[] {
  return lies.map((lie) => ({
    lie,
    finding: findings.find(
      (finding) =>
        finding.class === CLASS_OF[lie.kind] &&
        finding.object === lie.event.id &&
        finding.action === lie.action &&
        finding.dissent.length === 1 &&
        finding.dissent[0] === liar,
    ),
  }));
}

/** Whether the three lies were found, and nothing else. */
export function foundExactly(lies: readonly Exposed[], findings: readonly Finding[]): boolean {
  return lies.length === 3 && lies.every(({ finding }) => finding !== undefined) && findings.length === lies.length;
}
