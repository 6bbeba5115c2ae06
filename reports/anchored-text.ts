import { printable } from '../cli/printable.js';
import type { Anchored, ComparedAnchor } from '../reconciler/anchoring.js';
import type { DailyReport } from './model.js';

/** Beyond these a terminal would bury its own point. */
const MAX_OBJECTS = 10;

/** What was anchored, and how it compares with what others have: a line each. */
export function anchoredText({ day, hash }: DailyReport, { actor, block, others }: Anchored): string {
  const lines = [
    `Anchored ${hash} for ${day} as ${printable(actor)}, in block ${block}.`,
    ...(others.length === 0 ? ['No other report of this day is anchored yet.'] : others.map(lineOf)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function lineOf({ actor, hash, same, difference }: ComparedAnchor): string {
  if (same || difference === undefined) return `  ${printable(actor)}: the same`;
  const { part, class: name, objects = [] } = difference;
  const shown = objects.slice(0, MAX_OBJECTS).map((object) => (object === '' ? '(no object)' : printable(object, 80)));
  const more = objects.length > shown.length ? ` and ${objects.length - shown.length} more` : '';
  const about =
    objects.length === 0 ? '' : `, of ${objects.length > 1 ? 'one or more of ' : ''}${shown.join(', ')}${more}`;
  const where = name === undefined ? part : `findings "${name}"`;
  return `  ${printable(actor)}: another report, ${hash}; the first difference is in ${where}${about}`;
}
