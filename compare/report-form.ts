import { createHash } from 'node:crypto';
import stringify from 'fast-json-stable-stringify';
import { orderedFinding } from '../reconciler/finding-form.js';
import type { ActorSummary, Coverage, Finding, Variant } from '../reconciler/judgement.js';
import type { UnreadLines } from './differences.js';
import type { LogJudgement } from './judge-logs.js';
import { type Moment, nanosOf } from './line-scan.js';
import type { ComparedLogs } from './testimony.js';
import type { WalkedPart } from './walk-part.js';
import type { PassedLines } from './window.js';

/** Where in a log an event stands. Numbers are decimal strings. */
export interface LineEvidence {
  readonly actor: string;
  readonly line: string;
  /** The line's own time, for an event that carries none. */
  readonly t?: string;
}

/** A finding as in a report of a ledger, with lines of logs instead of places on it. */
export type ComparedFinding = Omit<Finding, 'variants' | 'absence' | 'batches' | 'silence' | 'numbers'> & {
  readonly variants: readonly (Omit<Variant, 'evidence'> & { readonly evidence: readonly LineEvidence[] })[];
  readonly absence: readonly { readonly actor: string; readonly by: 'watch' | 'deadline' }[];
};

/** One of the logs. Times are nanoseconds as decimal strings; left out where it has no event. */
export interface ComparedLog {
  readonly actor: string;
  readonly file: string;
  readonly lines: string;
  readonly unreadable: string;
  readonly from?: string;
  readonly to?: string;
}

/** What is found in logs, without any ledger. A pure function of the logs, their actors, the source and the policy. */
export interface CompareReport {
  readonly v: 1;
  readonly source: string;
  readonly policyHash: string;
  readonly logs: readonly ComparedLog[];
  readonly coverage: Coverage;
  readonly actors: readonly ActorSummary[];
  readonly findings: readonly ComparedFinding[];
  /** SHA-256 over the stable stringification of it without this field. */
  readonly hash: string;
}

interface Parts extends ComparedLogs {
  readonly parts: readonly WalkedPart[];
  readonly unread: readonly UnreadLines[];
  readonly judgement: LogJudgement;
}

/** Gives the report its form. */
export function reportForm({ actors, logs, source, parts, unread, judgement }: Parts): CompareReport {
  const compared = actors.map((actor, log): ComparedLog => {
    const own = parts.map((part) => part.logs[log] as PassedLines);
    const [from, to] = [least(own.map(({ earliest }) => earliest)), greatest(own.map(({ latest }) => latest))];
    return {
      actor,
      file: logs[log]?.name ?? '',
      lines: own.reduce((sum, { lines }) => sum + lines, 0).toString(),
      unreadable: unread
        .filter((lines) => lines.log === log)
        .reduce((sum, { lines }) => sum + lines, 0)
        .toString(),
      ...(from !== undefined && to !== undefined && { from, to }),
    };
  });
  const body = {
    v: 1 as const,
    source,
    policyHash: judgement.policyHash,
    logs: compared,
    coverage: judgement.coverage,
    actors: judgement.actors,
    findings: judgement.findings.map(comparedFinding),
  };
  return { ...body, hash: hashOf(body) };
}

/** SHA-256 over the stable stringification, made piece by piece: of one text of all findings several copies would be made. */
function hashOf(body: Omit<CompareReport, 'hash'>): string {
  const hash = createHash('sha256');
  const names = (Object.keys(body) as (keyof typeof body)[]).sort();
  for (const [index, name] of names.entries()) {
    hash.update(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    if (name !== 'findings') {
      hash.update(stringify(body[name]));
      continue;
    }
    for (const [at, finding] of body.findings.entries()) hash.update(`${at === 0 ? '[' : ','}${stringify(finding)}`);
    hash.update(body.findings.length === 0 ? '[]' : ']');
  }
  return hash.update('}').digest('hex');
}

function comparedFinding(finding: Finding): ComparedFinding {
  const { variants, absence, batches, silence, numbers, ...rest } = orderedFinding(finding);
  return {
    ...rest,
    variants: variants.map(({ evidence, ...variant }) => ({
      ...variant,
      evidence: evidence.map(({ actor, number, t }) => ({ actor, line: number, ...(t !== undefined && { t }) })),
    })),
    absence: absence.map(({ actor, by }) => ({ actor, by })),
  };
}

function least(moments: readonly Moment[]): string | undefined {
  const known = moments.filter(({ seconds }) => Number.isFinite(seconds)).map(nanosOf);
  return known.sort((a, b) => (a < b ? -1 : 1))[0]?.toString();
}

function greatest(moments: readonly Moment[]): string | undefined {
  const known = moments.filter(({ seconds }) => seconds >= 0).map(nanosOf);
  return known.sort((a, b) => (a < b ? 1 : -1))[0]?.toString();
}
