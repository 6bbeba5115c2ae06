import {
  type AnchorAnswer,
  type AnchorDifference,
  anchorDifference,
  type DisputeAnswer,
  dayStart,
  isoOfNanos,
  latestRound,
} from '#chaincode';
import { type CommandIo, printJson } from '../cli/command.js';
import { EXIT, type ExitCode } from '../cli/exit.js';
import { printable, terminalSafe } from '../cli/printable.js';
import { policiesOf, print, table, withLedger } from './command-support.js';
import type { LedgerConnection } from './connection.js';
import { NetworkError } from './errors.js';

interface Options {
  readonly profile: string;
  readonly json?: boolean;
}

/** `query disputes`: exit code 1 if any is open. */
export async function queryDisputes(
  io: CommandIo,
  { profile, json, open }: Options & { open?: boolean },
): Promise<ExitCode> {
  return withLedger(io, profile, async (ledger) => {
    await policiesOf(io, ledger);
    const all = await pages<DisputeAnswer>(ledger, 'disputes', ['GetDisputes']);
    const disputes = all.map((dispute) => ({ ...dispute, state: stateOf(dispute) }));
    const shown = disputes.filter(({ state }) => open !== true || state !== 'closed');
    if (json === true)
      await print(
        io,
        shown.map((dispute) => terminalSafe(JSON.stringify(dispute))),
      );
    else if (shown.length === 0) await print(io, [open === true ? 'No dispute is open.' : 'There are no disputes.']);
    else await print(io, shown.flatMap(describeDispute));
    return disputes.some(({ state }) => state !== 'closed') ? EXIT.findings : EXIT.clean;
  });
}

/** By the acts alone: who is to answer, and whether the time has passed, finding and ledger clock tell, which reconcilers know. */
function stateOf({ acts }: DisputeAnswer): 'open' | 'closed' {
  return latestRound(acts)?.isClosed === false ? 'open' : 'closed';
}

function describeDispute({ finding, openedBy, acts, state }: DisputeAnswer & { state: string }): string[] {
  const round = latestRound(acts);
  const about = round === undefined ? '' : ` of ${round.opening.day}, hash ${round.opening.hash}`;
  return [
    `${state}: ${printable(openedBy)} disputes finding ${finding}${about}`,
    ...acts.map((act) => {
      const what = act.act === 'answer' ? `${act.answer}s` : act.act === 'open' ? 'opens' : 'closes';
      const reference = act.act === 'answer' && act.reference !== undefined ? ` [${printable(act.reference)}]` : '';
      const text = act.text === undefined || act.text === '' ? '' : `: ${printable(act.text)}`;
      return `  ${isoOfNanos(act.time)}  ${printable(act.actor)} (${printable(act.name)}) ${what}${text}${reference}`;
    }),
  ];
}

/** The anchors of one day, and where they differ from what most actors anchored. */
interface AnchoredDay {
  readonly day: string;
  readonly same: boolean;
  readonly anchors: readonly (Omit<AnchorAnswer, 'ranges'> & { readonly difference?: AnchorDifference })[];
}

/** `query anchors`: exit code 1 if the anchors of a day differ. */
export async function queryAnchors(
  io: CommandIo,
  { profile, json, day }: Options & { day?: string },
): Promise<ExitCode> {
  if (day !== undefined) dayStart(day);
  return withLedger(io, profile, async (ledger) => {
    const { inForce } = await policiesOf(io, ledger);
    const actors = new Set(inForce.flatMap(({ policy }) => policy.actors));
    const all = await pages<AnchorAnswer>(ledger, 'anchors', ['GetAnchors', day ?? '']);
    // Anybody on the channel can write an anchor; that of an outsider says nothing about the actors.
    const days = comparedAnchors(all.filter(({ actor }) => actors.has(actor)));
    if (json === true) for (const each of days) printJson(io, each);
    else if (days.length === 0) await print(io, ['No report has been anchored.']);
    else await print(io, describeDays(days));
    return days.every(({ same }) => same) ? EXIT.clean : EXIT.findings;
  });
}

/** Holds the anchors of each day against the hash that most actors anchored, the least of those if several. */
export function comparedAnchors(all: readonly AnchorAnswer[]): AnchoredDay[] {
  const days = [...new Set(all.map(({ day }) => day))].sort();
  return days.map((day) => {
    const anchors = all.filter((anchor) => anchor.day === day);
    const votes = (hash: string) => anchors.filter((anchor) => anchor.hash === hash).length;
    const [most] = [...anchors].sort((a, b) => votes(b.hash) - votes(a.hash) || (a.hash < b.hash ? -1 : 1));
    return {
      day,
      same: anchors.every(({ hash }) => hash === most?.hash),
      anchors: anchors.map(({ ranges, ...anchor }) => {
        const difference = most === undefined ? undefined : anchorDifference(most, { ...anchor, ranges });
        return difference === undefined ? anchor : { ...anchor, difference };
      }),
    };
  });
}

/** A difference in words. */
export function differenceText({ part, class: name, object = '', counts }: AnchorDifference): string {
  if (name === undefined && part !== 'running') return part;
  const what = name === undefined ? 'running time' : `findings "${name}"`;
  const about = object === '' ? 'about no object' : `of ${object}`;
  const alone = counts === undefined || Math.max(...counts) === 1;
  return alone ? `${what} ${about}` : `${what} ${about} or another of the same range`;
}

function describeDays(days: readonly AnchoredDay[]): string[] {
  return table(
    ['DAY', 'ACTOR', 'HASH', 'SAYS'],
    days.flatMap(({ day, same, anchors }) =>
      anchors.map(({ actor, hash, difference }) => [
        day,
        actor,
        hash,
        difference !== undefined ? `differs: ${differenceText(difference)}` : same ? 'the same' : 'what most say',
      ]),
    ),
  );
}

/** All pages of a listing. @throws NetworkError `ANSWER` */
async function pages<T>(
  ledger: LedgerConnection,
  list: string,
  [fn, ...args]: readonly [string, ...string[]],
): Promise<T[]> {
  const all: T[] = [];
  let bookmark = '';
  do {
    const page = JSON.parse(await ledger.evaluate(fn, ...args, bookmark)) as { bookmark: string } & Record<string, T[]>;
    all.push(...(page[list] ?? []));
    if (page.bookmark !== '' && page.bookmark === bookmark) {
      throw new NetworkError('ANSWER', 'The ledger gave the same page twice; ask a peer with another state database.');
    }
    bookmark = page.bookmark;
    // A signal to stop has closed the connection: part of a list is never taken for all of it.
  } while (bookmark !== '');
  return all;
}
