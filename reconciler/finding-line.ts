import { printable } from '../cli/printable.js';
import type { Finding } from './judgement.js';

const LONGEST_SUBJECT = 240;

/** A finding in one line for people. */
export function lineOf(finding: Finding): string {
  const { class: name, type, action: what, object, dissent, majority, verdict } = finding;
  const about = finding.source === '' ? 'batches' : `watches of ${finding.source}`;
  const subject = type === undefined ? about : `${type} ${what} ${object?.slice(0, 12)}`;
  const sides =
    verdict === 'unresolved'
      ? 'no majority'
      : `${dissent.join(', ') || 'nobody in dissent'}${majority.length > 0 ? ` against ${majority.join(', ')}` : ''}`;
  // A long subject must not hide who stands against whom.
  return `${printable(`${name}: ${subject}`, LONGEST_SUBJECT)}: ${printable(sides)} [${finding.id.slice(0, 12)}]`;
}
