import type { CanonicalEvent } from '#chaincode';
import type { Absence, Finding, Variant } from '../reconciler/judgement.js';
import { attribute } from './event-words.js';

/** One column of a finding: a version of the event and who attests it, or actors that have none. */
export interface Column {
  readonly actors: readonly string[];
  readonly side: 'majority' | 'dissent' | undefined;
  readonly variant?: Variant;
  readonly absences: readonly Absence[];
}

/** One field of the event over the columns; `undefined` where a version lacks it or there is no version. */
export interface FieldRow {
  readonly path: string;
  readonly differs: boolean;
  readonly values: readonly (string | undefined)[];
}

/** A finding laid out for comparing: columns beside each other, fields below each other. */
export interface SideBySide {
  readonly columns: readonly Column[];
  readonly rows: readonly FieldRow[];
  /** Versions that were left out because there are too many to stand side by side. */
  readonly more: number;
}

const MAX_COLUMNS = 6;
// What a reader looks for first; all other fields that agree are in the full event.
const CORE = ['attributes.name', 'attributes.image', 'attributes.exitCode', 'attributes.container'];

/** Lays a finding's versions side by side, the majority's first, those who have none last. */
export function sideBySide(finding: Finding): SideBySide {
  const rank = (column: Column) => (column.side === 'majority' ? 0 : 1);
  const versions = finding.variants
    .map(
      (variant): Column => ({ actors: variant.actors, side: sideOf(finding, variant.actors), variant, absences: [] }),
    )
    .sort((a, b) => rank(a) - rank(b) || ((a.actors[0] ?? '') < (b.actors[0] ?? '') ? -1 : 1));
  const shown = versions.slice(0, MAX_COLUMNS);
  const columns = [...shown, ...absentColumns(finding)];
  return { columns, rows: rowsOf(finding, columns), more: versions.length - shown.length };
}

function absentColumns(finding: Finding): Column[] {
  const attesting = new Set(finding.variants.flatMap(({ actors }) => actors));
  const absences = finding.absence.filter(({ actor }) => !attesting.has(actor));
  if (absences.length === 0) return [];
  const actors = [...new Set(absences.map(({ actor }) => actor))];
  return [{ actors, side: sideOf(finding, actors), absences }];
}

function sideOf({ majority, dissent }: Finding, actors: readonly string[]): Column['side'] {
  // Who attested late stands in a column with the majority: such a column is no side's.
  if (actors.every((actor) => majority.includes(actor))) return 'majority';
  return actors.every((actor) => dissent.includes(actor)) ? 'dissent' : undefined;
}

function rowsOf(finding: Finding, columns: readonly Column[]): FieldRow[] {
  const differing = new Set(finding.diff.map(({ path }) => path));
  const paths = [...new Set(['time', ...differing, 'detail', ...CORE])];
  return paths
    .map((path): FieldRow => {
      const values = columns.map(({ variant }) => variant && fieldValue(variant.event, path));
      const versions = columns.flatMap(({ variant }, index) => (variant ? [values[index]] : []));
      return { path, differs: new Set(versions).size > 1, values };
    })
    .filter(({ path, values }) => path === 'time' || values.some((value) => value !== undefined));
}

/** A field by the path that diffs use: `time`, `detail`, `scope`, `attributes`, `attributes.<name>`. */
function fieldValue(event: CanonicalEvent, path: string): string | undefined {
  if (path === 'time' || path === 'detail' || path === 'scope') return event[path];
  if (path === 'attributes') return typeof event.attributes === 'string' ? event.attributes : undefined;
  return path.startsWith('attributes.') ? attribute(event, path.slice('attributes.'.length)) : undefined;
}
