import type { CollectorAnswer } from '#chaincode';
import { printable } from '../../cli/printable.js';

/** So many of the lines that a collector wrote last are told. */
const LINES = 15;

/** A collector's process. */
export interface Speaker {
  readonly actor: string;
  /** What it has written to standard error, or the end of it. */
  readonly said: string;
  /** Its exit code, if it has ended by itself. */
  readonly code: number | null | undefined;
}

/**
 * How far each collector claims to have watched and what it said last, for whoever must find out why one says no more.
 * @param beyond what a watch was awaited behind, and `now` the engine's time: nanoseconds since 1970
 */
export function lastWords(
  collectors: readonly CollectorAnswer[],
  speakers: readonly Speaker[],
  { beyond, now }: { readonly beyond: bigint; readonly now: bigint },
): string {
  const told = speakers.map(({ actor, said, code }) => {
    const row = collectors.find((one) => one.actor === actor);
    const ends = (row?.watches ?? []).map(({ to }) => BigInt(to)).sort((a, b) => (a < b ? -1 : 1));
    const last = ends.at(-1);
    const claim = last === undefined ? 'has claimed nothing' : `claims up to ${seconds(last - beyond)} s from there`;
    const batch = row === undefined ? 'No batch.' : `Batch ${row.n}, sent at ${row.sentAt}.`;
    const state = code === undefined || code === null ? 'runs' : `has ended with ${code}`;
    const lines = said.split('\n').filter((line) => line !== '');
    const words = lines.slice(-LINES).map((line) => `  ${printable(line, 1_000)}`);
    return [`${actor} ${state} and ${claim}. ${batch} It said last:`, ...words].join('\n');
  });
  return [`Beyond ${beyond}; the engine's time is ${seconds(now - beyond)} s from there.`, ...told].join('\n');
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
