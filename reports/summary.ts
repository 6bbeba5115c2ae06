import type { Finding, FindingClass } from '../reconciler/judgement.js';
import { FINDING_CLASSES } from '../reconciler/judgement.js';
import { counted, grouped, nanosOfSeconds } from './format.js';
import type { DailyReport } from './model.js';
import { actorsPhrase, type Phrase } from './phrase.js';
import { CLASS_WORDS, SEVERITY_ORDER } from './words.js';

const ABOUT_EVENTS: readonly FindingClass[] = ['missing', 'differs', 'uncorroborated'];

/** Findings in which the same actors stand against the same others. */
export interface Sides {
  readonly dissent: readonly string[];
  readonly majority: readonly string[];
  readonly findings: number;
  readonly classes: readonly (readonly [FindingClass, number])[];
}

/** The day in plain words: one sentence, or two. */
export function verdictPhrase(report: DailyReport): Phrase {
  const { events, agreed, pending, unobservable } = report.coverage;
  const sofar = report.sealed ? '' : 'So far, ';
  const lower = (text: string) => (report.sealed ? text : text.charAt(0).toLowerCase() + text.slice(1));
  const first: Phrase =
    events === 0
      ? [sofar, lower('No event was attested')]
      : events === agreed
        ? [sofar, events === 1 ? lower('The one event agreed') : lower(`All ${grouped(events)} events agreed`)]
        : [sofar, `${grouped(agreed)} of ${counted(events, 'event')} agreed`];
  const open = [
    pending > 0 ? `${grouped(pending)} not yet decided` : '',
    unobservable > 0 ? `${grouped(unobservable)} that no majority could observe` : '',
  ].filter((text) => text !== '');
  return [
    ...first,
    ...standings(report),
    ...(open.length > 0 ? [`; ${open.join(' and ')}`] : []),
    '.',
    ...besides(report),
  ];
}

function standings({ findings }: DailyReport): Phrase {
  const sides = sidesOf(findings.filter((finding) => ABOUT_EVENTS.includes(finding.class)));
  const shown = sides.slice(0, 3).flatMap(({ dissent, majority, findings: count }): Phrase => {
    if (dissent.length === 0) return ['; in ', grouped(count), ' no side has a majority'];
    const against: Phrase = majority.length > 0 ? [' against ', ...actorsPhrase(majority)] : [' alone'];
    return dissent.length === 1
      ? [
          '; ',
          ...actorsPhrase(dissent),
          ' stands alone',
          ...(majority.length > 0 ? against : []),
          ` in ${grouped(count)}`,
        ]
      : ['; ', ...actorsPhrase(dissent), ' stand', ...against, ` in ${grouped(count)}`];
  });
  const more = sides.slice(3).reduce((sum, { findings: count }) => sum + count, 0);
  return more > 0 ? [...shown, `; other sides in ${grouped(more)}`] : shown;
}

function besides({ findings }: DailyReport): Phrase {
  const counts = FINDING_CLASSES.filter((name) => !ABOUT_EVENTS.includes(name))
    .map((name) => [name, findings.filter((finding) => finding.class === name).length] as const)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${grouped(count)} ${CLASS_WORDS[name].label.toLowerCase()}`);
  return counts.length === 0 ? [] : [` Further findings: ${counts.join(', ')}.`];
}

/**
 * Who stands against whom, the most frequent first; where no side has a majority, both are empty. Gaps are left out: they
 * accuse no one.
 */
export function sidesOf(findings: readonly Finding[]): Sides[] {
  const groups = new Map<string, { dissent: readonly string[]; majority: readonly string[]; of: Finding[] }>();
  for (const finding of findings) {
    if (finding.class === 'gap') continue;
    const key = JSON.stringify([finding.dissent, finding.majority]);
    const group = groups.get(key) ?? { dissent: finding.dissent, majority: finding.majority, of: [] };
    group.of.push(finding);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => b.of.length - a.of.length)
    .map(({ dissent, majority, of }) => ({
      dissent,
      majority,
      findings: of.length,
      classes: FINDING_CLASSES.map((name) => [name, of.filter((each) => each.class === name).length] as const).filter(
        ([, count]) => count > 0,
      ),
    }));
}

/** What a day's gaps mean for their actors; undefined if there is none. */
export function gapsSentence(findings: readonly Finding[]): string | undefined {
  const gaps = findings.filter((finding) => finding.class === 'gap').length;
  if (gaps === 0) return undefined;
  return `${counted(gaps, 'gap')} ${gaps === 1 ? 'stands' : 'stand'} against no one: an actor is blind there, and the others’ words stand.`;
}

/** At most `limit` findings, the gravest first chosen, given in the report's order. */
export function gravest(findings: readonly Finding[], limit: number): readonly Finding[] {
  if (findings.length <= limit) return findings;
  const chosen = new Set(
    [...findings].sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity]).slice(0, limit),
  );
  return findings.filter((finding) => chosen.has(finding));
}

/** The day's running seconds over all containers, in nanoseconds. */
export function runningTotals({ running, actors }: DailyReport): {
  readonly agreed: bigint;
  readonly disputed: bigint;
  readonly unknown: bigint;
  readonly perActor: readonly (readonly [string, bigint])[];
} {
  const sum = (pick: (time: DailyReport['running'][number]) => string) =>
    running.reduce((total, time) => total + nanosOfSeconds(pick(time)), 0n);
  return {
    agreed: sum((time) => time.agreedSeconds),
    disputed: sum((time) => time.disputedSeconds),
    unknown: sum((time) => time.unknownSeconds),
    perActor: actors.map(({ actor }) => [actor, sum((time) => time.perActor[actor] ?? '0')] as const),
  };
}
