import { Option } from 'commander';
import {
  type CollectorAnswer,
  type DisputedEventAnswer,
  dayEnd,
  dayStart,
  type EventAnswer,
  isoOfNanos,
  type Nanos,
  type Page,
  padNanos,
  parseReference,
  parseTime,
} from '#chaincode';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { terminalSafe } from '../cli/printable.js';
import { policiesOf, print, table, withLedger } from './command-support.js';
import type { LedgerConnection } from './connection.js';
import { NetworkError } from './errors.js';
import { showPolicy } from './policy-command.js';
import { queryAnchors, queryDisputes } from './query-exchange.js';

const BEGINNING = '0';
const END = '9223372036854775807';

interface Common {
  readonly profile: string;
  readonly json?: boolean;
}

interface EventsOptions extends Common {
  readonly from: string;
  readonly to: string;
  readonly selector?: string;
}

interface DisputedOptions extends Common {
  readonly day: string;
  readonly from?: string;
}

const SELECTOR_HELP = `
A selector is JSON as CouchDB's Mango has it, and works on peers whose state database is CouchDB. It may name type,
action, detail, object, source, scope, attributes.<name>, time, actor, collector, run and number; join by $and, $or, $nor
and $not; and compare by $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin and $exists.

Examples:
  event2ledger query events --selector '{"type":"container","action":"die","attributes.image":"nginx"}' --profile P
  event2ledger query events --selector '{"actor":"UserMSP","time":{"$gte":"2026-11-22T09:30"}}' --profile P --json`;

/** `query event`, `events`, `disputed`, `disputes`, `anchors`, `collectors`, `policy`: what the contract itself answers. */
export const registerQueryCommands: RegisterCommands = (program, io) => {
  const query = program
    .command('query')
    .description('ask the ledger: answers of the contract, without any reconciler')
    .addHelpText(
      'after',
      `
Times are ISO 8601 (2026-11-22T09:30:00Z, 2026-11-22) or nanoseconds since the epoch.

Examples:
  event2ledger query events --from 2026-11-22 --to 2026-11-23 --profile P
  event2ledger query disputed --day 2026-11-22 --profile P --json`,
    );
  const add = (name: string, description: string) =>
    query
      .command(name)
      .description(description)
      .requiredOption('--profile <file>', "an identity's profile.json")
      .addOption(new Option('--json', 'print for machines: JSON, for lists one document a line'));
  add('event <reference>', 'one event and who attested it').action(
    action(io, (reference: string, options: Common) => queryEvent(io, reference, options)),
  );
  add('events', 'the events of a stretch of time, in its order')
    .addOption(new Option('--from <time>', 'from this time on').default(BEGINNING, 'the beginning'))
    .addOption(new Option('--to <time>', 'before this time').default(END, 'the end'))
    .option('--selector <json>', 'only attestations that it names, and who made these (needs CouchDB, see below)')
    .addHelpText('after', SELECTOR_HELP)
    .action(action(io, (options: EventsOptions) => queryEvents(io, options)));
  add('disputed', 'the events of a day that not all expected actors attest, or others do; exit code 1 if any')
    .requiredOption('--day <day>', 'UTC day, YYYY-MM-DD')
    .option('--from <time>', 'only events of that day from this time on')
    .action(action(io, (options: DisputedOptions) => queryDisputed(io, options)));
  add('disputes', 'what actors say about findings; exit code 1 if any is open')
    .option('--open', 'only those that are not closed')
    .action(action(io, (options: Common & { open?: boolean }) => queryDisputes(io, options)));
  add('anchors', "whether the actors' reconcilers report the same; exit code 1 if not")
    .option('--day <day>', 'of this UTC day only, YYYY-MM-DD')
    .action(action(io, (options: Common & { day?: string }) => queryAnchors(io, options)));
  add('collectors', 'every collector and where its latest batch stands').action(
    action(io, (options: Common) => queryCollectors(io, options)),
  );
  add('policy', 'the policy in force, and open proposals')
    .option('--number <number>', 'this one instead')
    .action(
      action(io, (options: Common & { number?: string }) =>
        withLedger(io, options.profile, (ledger) => showPolicy(io, ledger, options.number, options.json === true)),
      ),
    );
};

async function queryEvent(io: CommandIo, reference: string, { profile, json }: Common): Promise<ExitCode> {
  parseReference(reference);
  return withLedger(io, profile, async (ledger) => {
    await policiesOf(io, ledger);
    const answer = parsed<EventAnswer>(await ledger.evaluate('GetEvent', reference));
    if (json === true) printJson(io, answer);
    else await print(io, describe(answer));
    return EXIT.clean;
  });
}

async function queryEvents(io: CommandIo, options: EventsOptions): Promise<ExitCode> {
  const from = parseTime(options.from);
  const to = parseTime(options.to);
  if (BigInt(from) > BigInt(to)) {
    throw new UsageError(
      `--from ${isoOfNanos(from)} lies after --to ${isoOfNanos(to)}; give the earlier time by --from.`,
    );
  }
  const query: [string, ...string[]] =
    options.selector === undefined ? ['GetEvents', from, to] : ['QueryEvents', within(options.selector, from, to)];
  return withLedger(io, options.profile, async (ledger) => {
    await policiesOf(io, ledger);
    const count = await printPages<EventAnswer>(io, ledger, query, options.json === true, (event) => [
      ...eventCells(event),
      String(new Set(event.attestations.map(({ actor }) => actor)).size),
      event.reference,
    ]);
    const none = options.selector === undefined ? 'No events in that time.' : 'No attestation is what it names.';
    if (options.json !== true && count === 0) await print(io, [none]);
    return EXIT.clean;
  });
}

/** A selector's attestations from a time (inclusive) to another (exclusive). @throws UsageError */
function within(selector: string, from: Nanos, to: Nanos): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(selector);
  } catch (cause) {
    throw new UsageError(`The selector is no JSON: ${(cause as Error).message}.`, { cause });
  }
  const time = { ...(from === BEGINNING ? {} : { $gte: from }), ...(to === END ? {} : { $lt: to }) };
  return JSON.stringify(Object.keys(time).length === 0 ? parsed : { $and: [parsed, { time }] });
}

async function queryDisputed(io: CommandIo, { profile, json, day, from }: DisputedOptions): Promise<ExitCode> {
  const start = BigInt(dayStart(day));
  const first = from === undefined ? start : BigInt(parseTime(from));
  if (first < start || first >= BigInt(dayEnd(day)))
    throw new UsageError(`--from lies outside ${day}; give a time of that day.`);
  return withLedger(io, profile, async (ledger) => {
    await policiesOf(io, ledger);
    const count = await printPages<DisputedEventAnswer>(
      io,
      ledger,
      ['GetDisputedEvents', day],
      json === true,
      (event) => [...eventCells(event), disputeOf(event), event.reference],
      first === start ? '' : bookmarkAt(first.toString()),
    );
    if (json !== true && count === 0)
      await print(io, [`No event of ${day}${from === undefined ? '' : ` from ${from} on`} is disputed.`]);
    return count === 0 ? EXIT.clean : EXIT.findings;
  });
}

async function queryCollectors(io: CommandIo, { profile, json }: Common): Promise<ExitCode> {
  return withLedger(io, profile, async (ledger) => {
    await policiesOf(io, ledger);
    const collectors = parsed<CollectorAnswer[]>(await ledger.evaluate('GetCollectors'));
    if (json === true) {
      printJson(io, collectors);
    } else if (collectors.length === 0) {
      await print(io, ['No collector has sent anything yet.']);
    } else {
      const rows = collectors.map(({ actor, collector, run, n, sentAt, watches }) => {
        const until = watches.map(({ source, to }) => `${source} to ${isoOfNanos(to)}`).join(', ');
        return [actor, collector, run, String(n), isoOfNanos(sentAt), until || '-'];
      });
      await print(io, table(['ACTOR', 'COLLECTOR', 'RUN', 'BATCH', 'SENT', 'WATCHES'], rows));
    }
    return EXIT.clean;
  });
}

/** The bookmark with which a listing goes on at a time: that of a key before all keys of events of that time. */
export function bookmarkAt(time: Nanos): string {
  return `a/${padNanos(time)}/${'0'.repeat(64)}/-/-`;
}

/**
 * Prints every page of a listing.
 * @param from bookmark to begin at
 * @returns how many events there were
 */
async function printPages<T extends EventAnswer>(
  io: CommandIo,
  ledger: LedgerConnection,
  [fn, ...args]: readonly [string, ...string[]],
  json: boolean,
  cells: (event: T) => string[],
  from = '',
): Promise<number> {
  let count = 0;
  let bookmark = from;
  do {
    const page = parsed<Page<T>>(await ledger.evaluate(fn, ...args, bookmark));
    const rows = json
      ? page.events.map((event) => terminalSafe(JSON.stringify(event)))
      : table(HEAD, page.events.map(cells));
    const repeated = !json && (count > 0 || page.events.length === 0);
    await print(io, repeated ? rows.slice(1) : rows);
    count += page.events.length;
    if (page.bookmark !== '' && page.bookmark === bookmark) {
      throw new NetworkError('ANSWER', 'The ledger gave the same page twice; ask a peer with another state database.');
    }
    bookmark = page.bookmark;
    // A signal to stop has closed the connection: part of a list is never taken for all of it.
  } while (bookmark !== '');
  return count;
}

const HEAD = ['TIME', 'WHAT', 'OBJECT', 'SOURCE', 'ACTORS', 'REFERENCE'];

function eventCells({ reference, event }: EventAnswer): string[] {
  const what = `${event.type} ${event.action}${event.detail === undefined ? '' : `: ${event.detail}`}`;
  return [isoOfNanos(timeOf(reference)), what.slice(0, 40), event.object.slice(0, 12), shortened(event.source)];
}

function shortened(source: string): string {
  return source.length > 40 ? `${source.slice(0, 39)}…` : source;
}

function disputeOf({ attestations, absent, unexpected }: DisputedEventAnswer): string {
  const attested = [...new Set(attestations.map(({ actor }) => actor))].join('+');
  return [
    attested,
    ...absent.map(({ actor, state }) => `${actor} ${state}`),
    ...unexpected.map((a) => `${a} unexpected`),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function describe(answer: EventAnswer): string[] {
  const { event, reference, eventHash, attestations } = answer;
  const attributes = typeof event.attributes === 'string' ? { '(all)': event.attributes } : event.attributes;
  return [
    ...table(
      ['EVENT', reference],
      [
        ['hash', eventHash],
        ['time', isoOfNanos(timeOf(reference))],
        ['source', `${event.source} (${event.scope})`],
        ['what', `${event.type} ${event.action}${event.detail === undefined ? '' : `: ${event.detail}`}`],
        ['object', event.object],
        ...Object.entries(attributes).map(([name, content]) => [`  ${name}`, content]),
      ],
    ),
    '',
    ...table(
      ['ATTESTED BY', 'COLLECTOR', 'RUN', 'NUMBER'],
      attestations.map(({ actor, collector, run, number }) => [actor, collector, run, String(number)]),
    ),
  ];
}

function timeOf(reference: string): Nanos {
  return parseReference(reference).time;
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new NetworkError('ANSWER', 'The contract gave an answer that is no JSON; is it another version?', { cause });
  }
}
