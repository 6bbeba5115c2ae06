import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { eventReference, parseTime } from '#chaincode';
import { action, type CommandIo, printJson } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import { printable } from '../cli/printable.js';
import { withProjection } from '../reconciler/projection/with-projection.js';
import { type Channel, streamChannel } from './channel.js';
import { attestedSet, eventOf, hostOf, knownActors, offerOf } from './ledger-sets.js';
import { withCommand } from './other-side.js';
import { ExchangeError } from './protocol/errors.js';
import type { Item } from './protocol/item-set.js';
import { answer, ask, type Host, type Scope, type SessionResult } from './session.js';

interface WithOptions {
  readonly db: string;
  readonly actor?: string;
  readonly source?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

const SHOWN = 20;
/** The other side names actors too: it is not followed for ever. */
const MAX_ACTORS = 200;

const EXAMPLES = `
Examples:
  event2ledger exchange with "ssh provider.example event2ledger exchange serve --db provider.db" --db user.db
  event2ledger exchange with "event2ledger exchange serve --db old.db" --db new.db --from 2026-11-22 --to 2026-11-23

Exit codes: 0 no differences, 1 differences, 2 could not compare.`;

/** Adds `exchange`. */
export function registerExchangeCommands(program: Command, io: CommandIo): void {
  const exchange = program
    .command('exchange')
    .description("find the events on which two reconcilers' databases differ, by bytes in proportion to their number");
  exchange
    .command('serve')
    .description('answer on standard input and output for a database, until the other side ends')
    .requiredOption('--db <file>', "a reconciler's database")
    .action(action(io, ({ db }: { db: string }) => serve(db, io)));
  exchange
    .command('with')
    .description('compare a database with that of another side')
    .argument('<command>', 'runs "exchange serve" for the other database; a line for the shell')
    .requiredOption('--db <file>', "a reconciler's database")
    .option('--actor <msp>', 'what this actor attested (default: each actor that either database knows)')
    .option('--source <id>', 'events of this source (default: all)')
    .option('--from <time>', 'events from this time on (ISO 8601)')
    .option('--to <time>', 'events before this time (ISO 8601)')
    .option('--json', 'print for machines: one line for each actor')
    .addHelpText('after', EXAMPLES)
    .action(action(io, (command: string, options: WithOptions) => compare(command, options, io)));
}

async function serve(db: string, io: CommandIo): Promise<ExitCode> {
  // What is no database is told before anybody is heard.
  withProjection(db, hostOf);
  const channel = streamChannel(io.stdin as Readable, io.stdout as unknown as Writable);
  // Else a side that asks nothing would keep it from ending.
  const stop = () => (io.stdin as Readable).destroy();
  io.signal.addEventListener('abort', stop, { once: true });
  await answer(channel, offerOf(db), randomBytes);
  return EXIT.clean;
}

async function compare(command: string, options: WithOptions, io: CommandIo): Promise<ExitCode> {
  const { db, actor, source } = options;
  const from = options.from === undefined ? undefined : parseTime(options.from);
  const to = options.to === undefined ? undefined : parseTime(options.to);
  if (from !== undefined && to !== undefined && BigInt(from) >= BigInt(to)) {
    throw new UsageError('--from must be before --to: nothing lies between.');
  }
  const ours = withProjection(db, hostOf);
  const found = await withCommand(command, io.signal, async (channel) => {
    const compared = new Map<string, SessionResult>();
    const names = actor === undefined ? [...ours.actors] : [actor];
    for (const name of names) {
      const result = await compareOne(channel, db, { actor: name, source, from, to });
      compared.set(name, result);
      // The other side may know actors that we do not.
      if (actor === undefined && names.length < MAX_ACTORS) {
        names.push(...result.host.actors.filter((one) => !names.includes(one)));
      }
    }
    return compared;
  });
  if (found.size === 0) {
    throw new ExchangeError(
      'SCOPE',
      'The database has nothing of any actor; name one with --actor, or read the ledger first.',
    );
  }
  if (actor !== undefined) mustBeKnown(actor, found.get(actor) as SessionResult, db);
  if (source !== undefined) sourceMustBeKnown(source, [...found.values()], db);
  const isSame = [...found.values()].every(({ mine, theirs }) => mine.count + theirs.count === 0);
  for (const [name, result] of found) {
    if (options.json) printJson(io, forMachines(name, result));
    else io.stdout.write(forPeople(name, result, db));
  }
  const [host] = [...found.values()].map((result) => result.host);
  if (host !== undefined && !options.json) io.stdout.write(ledgers(ours, host));
  return isSame ? EXIT.clean : EXIT.findings;
}

/**
 * That two databases have the same of somebody whom nobody knows says nothing.
 * @throws ExchangeError `SCOPE`
 */
function mustBeKnown(actor: string, { mine, theirs, host }: SessionResult, db: string): void {
  const known = withProjection(db, (projection) => knownActors(projection, actor));
  if (mine.count + theirs.count > 0 || known.includes(actor) || host.actors.includes(actor)) return;
  const names = [...new Set([...known, ...host.actors])].sort();
  throw new ExchangeError(
    'SCOPE',
    `Neither side knows an actor ${actor}; ${names.length === 0 ? 'they know none yet' : `name one of ${names.slice(0, SHOWN).join(', ')}`}.`,
  );
}

/**
 * As `mustBeKnown`, of a source.
 * @throws ExchangeError `SCOPE`
 */
function sourceMustBeKnown(source: string, found: readonly SessionResult[], db: string): void {
  const isKnown = withProjection(db, ({ sources }) => sources.find(source) !== undefined);
  const theirs = new Set(found.flatMap(({ host }) => host.sources ?? []));
  const isAny = found.some(({ mine, theirs: others }) => mine.count + others.count > 0);
  // One that does not tell its sources may know it.
  if (isKnown || isAny || theirs.size === 0 || theirs.has(source)) return;
  throw new ExchangeError(
    'SCOPE',
    `Neither side knows a source ${printable(source, 100)}; the other side knows ${[...theirs]
      .slice(0, SHOWN)
      .map((name) => printable(name, 100))
      .join(', ')}: look at --source.`,
  );
}

function compareOne(channel: Channel, db: string, scope: Scope): Promise<SessionResult> {
  return ask(
    channel,
    scope,
    withProjection(db, (projection) => attestedSet(projection, scope)),
    randomBytes,
  );
}

const referenceOf = ({ time, hash }: Item) => eventReference(time, hash);

function forMachines(actor: string, { mine, theirs, host, cost }: SessionResult) {
  return { actor, here: mine.items().map(referenceOf), there: theirs.items().map(referenceOf), host, cost };
}

function forPeople(actor: string, { mine, theirs, cost }: SessionResult, db: string): string {
  const bytes = cost.bytesSent + cost.bytesReceived;
  const lines = [
    `${actor}: ${mine.count} only here, ${theirs.count} only there (${bytes} bytes in ${cost.messages} messages)`,
  ];
  withProjection(db, (projection) => {
    for (let at = 0; at < Math.min(mine.count, SHOWN); at++) {
      const item = mine.item(at);
      const event = eventOf(projection, item);
      const what = event === undefined ? '' : `: ${event.type} ${event.action} ${event.object.slice(0, 12)}`;
      lines.push(`  only here: ${referenceOf(item)}${what}`);
    }
  });
  for (let at = 0; at < Math.min(theirs.count, SHOWN); at++)
    lines.push(`  only there: ${referenceOf(theirs.item(at))}`);
  const more = Math.max(0, mine.count - SHOWN) + Math.max(0, theirs.count - SHOWN);
  if (more > 0) lines.push(`  and ${more} more; --json prints all`);
  return lines.map((line) => `${printable(line, 1000)}\n`).join('');
}

function ledgers(ours: Host, theirs: Host): string {
  const line =
    ours.ledger === theirs.ledger
      ? `One ledger: read up to block ${ours.block} here, ${theirs.block} there.`
      : `Two ledgers: ${ours.channel} up to block ${ours.block} here, ${theirs.channel} up to block ${theirs.block} there.`;
  return `${printable(line)}\n`;
}
