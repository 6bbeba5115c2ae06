import { Context, Contract, Info, Returns, Transaction } from 'fabric-contract-api';
import {
  batchDigest,
  type CollectorAnswer,
  dayEnd,
  dayStart,
  parseBatch,
  parseEntry,
  parseReference,
} from '../record/index.js';
import { anchor, anchorPage } from './anchors.js';
import { adminOf, callerOf } from './caller.js';
import { disputePage, findingDisputes, takeDeed } from './dispute-acts.js';
import { disagreement, readWatches } from './disputed.js';
import { ContractError, quoted } from './errors.js';
import { checkRange, eventJson, eventPage, groups } from './events.js';
import { allPolicies, approve, policiesInForce, policyAnswer, propose } from './policies.js';
import { richPage } from './rich-query.js';
import {
  attestationKey,
  attestationValue,
  type BatchRow,
  batchKey,
  type CollectorRow,
  collectorKey,
  eventRange,
  get,
  kindRange,
  put,
  rows,
} from './state.js';
import { versionAnswer } from './version.js';

/**
 * The contract: what the actors may put on the ledger, and what it answers. All answers are JSON, in the shapes of
 * `record/answers.ts`. A transaction that throws has written nothing.
 */
@Info({ title: 'event2ledger', description: 'Container events, attested by every actor' })
export class AttestationContract extends Contract {
  constructor() {
    super('event2ledger');
  }

  /**
   * Every transaction has one spelling, so that all who read the ledger agree on what was called.
   * @throws ContractError `FUNCTION` for a name with the contract's prefix.
   */
  override async beforeTransaction(ctx: Context): Promise<void> {
    const name = ctx.stub.getFunctionAndParameters().fcn;
    if (name.includes(':')) {
      throw new ContractError('FUNCTION', `Call ${quoted(name)} by its plain name, without a prefix.`);
    }
  }

  /** @throws ContractError `FUNCTION` always, naming what was asked for. */
  override async unknownTransaction(ctx: Context): Promise<void> {
    const name = ctx.stub.getFunctionAndParameters().fcn;
    throw new ContractError('FUNCTION', `There is no transaction ${quoted(name)} in this contract.`);
  }

  /**
   * Records a batch. Reads no state, so parallel batches and retries never conflict.
   * @returns the batch's digest
   * @throws RecordError for a malformed batch, naming the entry; ContractError `IDENTITY` for another's collector.
   */
  @Transaction()
  @Returns('string')
  async Attest(ctx: Context, batchJson: string): Promise<string> {
    const { actor, name } = callerOf(ctx);
    const batch = parseBatch(batchJson);
    if (batch.collector !== name) {
      throw new ContractError(
        'IDENTITY',
        `The batch names the collector ${quoted(batch.collector)}, but ${quoted(name)} of ${actor} signed it.`,
      );
    }
    // Everything is checked before anything is written.
    const entries = batch.entries.map((_, index) => parseEntry(batch, index));
    const digest = batchDigest(batchJson);
    for (const entry of entries) {
      await put(ctx, attestationKey(entry, actor, name), attestationValue(entry, batch.run, actor, name));
    }
    const { run, n, from, prev, sentAt, watches, gaps } = batch;
    await put(ctx, batchKey(actor, batch), { from, count: entries.length, digest, prev, sentAt } satisfies BatchRow);
    await put(ctx, collectorKey(actor, name), { run, n, sentAt, watches, gaps } satisfies CollectorRow);
    return digest;
  }

  /** Puts a policy up for approval. Needs an admin certificate of an actor that has a say. */
  @Transaction()
  @Returns('string')
  async ProposePolicy(ctx: Context, policyText: string): Promise<string> {
    return JSON.stringify(await propose(ctx, adminOf(ctx), policyText));
  }

  /** Approves a proposal by number and hash. Needs an admin certificate of an actor that has a say. */
  @Transaction()
  @Returns('string')
  async ApprovePolicy(ctx: Context, number: string, hash: string): Promise<string> {
    const caller = adminOf(ctx);
    return JSON.stringify(await approve(ctx, caller, policyNumber(number), hash, transactionTime(ctx)));
  }

  /**
   * Opens the caller's dispute about a finding, or opens it again once it is closed. Any identity of an actor in force may.
   * @returns the dispute as it then stands
   * @throws RecordError for malformed input, ContractError `DISPUTE`.
   */
  @Transaction()
  @Returns('string')
  async OpenDispute(ctx: Context, json: string): Promise<string> {
    return takeDeed(ctx, callerOf(ctx), 'OpenDispute', json, transactionTime(ctx));
  }

  /** Answers an open dispute: accepts or contests it, which only others than its opener can, or explains. */
  @Transaction()
  @Returns('string')
  async AnswerDispute(ctx: Context, json: string): Promise<string> {
    return takeDeed(ctx, callerOf(ctx), 'AnswerDispute', json, transactionTime(ctx));
  }

  /** Closes a dispute; only the actor that opened it can. */
  @Transaction()
  @Returns('string')
  async CloseDispute(ctx: Context, json: string): Promise<string> {
    return takeDeed(ctx, callerOf(ctx), 'CloseDispute', json, transactionTime(ctx));
  }

  /**
   * Puts the hash of a sealed day's report on the ledger. Reads no state; the same again changes nothing.
   * @throws RecordError for malformed input.
   */
  @Transaction()
  @Returns('string')
  async AnchorReport(ctx: Context, json: string): Promise<string> {
    return anchor(ctx, callerOf(ctx), json);
  }

  /** A page of all disputes, in order of their findings' ids and of who opened them. */
  @Transaction(false)
  @Returns('string')
  async GetDisputes(ctx: Context, bookmark: string): Promise<string> {
    return disputePage(ctx, bookmark);
  }

  /** All disputes about one finding, in order of who opened them. */
  @Transaction(false)
  @Returns('string')
  async GetDispute(ctx: Context, finding: string): Promise<string> {
    return findingDisputes(ctx, finding);
  }

  /** A page of the anchors of a day's report, of all days' if the day is empty. */
  @Transaction(false)
  @Returns('string')
  async GetAnchors(ctx: Context, day: string, bookmark: string): Promise<string> {
    return anchorPage(ctx, day, bookmark);
  }

  /** One event and who attested it. */
  @Transaction(false)
  @Returns('string')
  async GetEvent(ctx: Context, reference: string): Promise<string> {
    const { time, hash } = parseReference(reference);
    for await (const { group } of groups(ctx, eventRange(time, hash))) return eventJson(group);
    throw new ContractError('NOT_FOUND', `No event ${reference} is on the ledger.`);
  }

  /** A page of the events from a time (inclusive) to another (exclusive), in order of time. */
  @Transaction(false)
  @Returns('string')
  async GetEvents(ctx: Context, fromNanos: string, toNanos: string, bookmark: string): Promise<string> {
    checkRange(fromNanos, toNanos);
    return eventPage(ctx, fromNanos, toNanos, bookmark, (group) => eventJson(group));
  }

  /**
   * A page of the attestations that a selector names, by event: `attestations` has those that it names, not all. Only
   * where the peer's state database is CouchDB.
   */
  @Transaction(false)
  @Returns('string')
  async QueryEvents(ctx: Context, selector: string, bookmark: string): Promise<string> {
    return richPage(ctx, selector, bookmark);
  }

  /**
   * A page of the events of a UTC day whose attesting actors are not the expected ones. A page may be empty and
   * still have a bookmark: it ends after a number of rows read.
   */
  @Transaction(false)
  @Returns('string')
  async GetDisputedEvents(ctx: Context, day: string, bookmark: string): Promise<string> {
    const from = dayStart(day);
    const to = dayEnd(day);
    checkRange(from, to);
    const inForce = await policiesInForce(ctx);
    const watches = await readWatches(ctx, new Set(inForce.flatMap(({ policy }) => policy.actors)));
    return eventPage(ctx, from, to, bookmark, (group) => {
      const found = disagreement(group, inForce, watches);
      return found === undefined ? undefined : eventJson(group, { ...found });
    });
  }

  /** One collector's latest batch; `null` if it has none. */
  @Transaction(false)
  @Returns('string')
  async GetCollector(ctx: Context, actor: string, collector: string): Promise<string> {
    const row = await get<CollectorRow>(ctx, collectorKey(actor, collector));
    return JSON.stringify(row === undefined ? null : ({ actor, collector, ...row } satisfies CollectorAnswer));
  }

  /** Every collector's latest batch. */
  @Transaction(false)
  @Returns('string')
  async GetCollectors(ctx: Context): Promise<string> {
    const answers: CollectorAnswer[] = [];
    for await (const { key, value } of rows<CollectorRow>(ctx, kindRange('c'))) {
      const [, actor = '', collector = ''] = key.split('/');
      answers.push({ actor, collector, ...value });
    }
    return JSON.stringify(answers);
  }

  /** Every policy, in force and proposed. */
  @Transaction(false)
  @Returns('string')
  async GetPolicies(ctx: Context): Promise<string> {
    return JSON.stringify(await allPolicies(ctx));
  }

  /** One policy with its approvals. */
  @Transaction(false)
  @Returns('string')
  async GetPolicy(ctx: Context, number: string): Promise<string> {
    return JSON.stringify(await policyAnswer(ctx, policyNumber(number)));
  }

  /** The contract's version and the hash of its bundle. */
  @Transaction(false)
  @Returns('string')
  async GetVersion(_ctx: Context): Promise<string> {
    return JSON.stringify(versionAnswer());
  }
}

function policyNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new ContractError('ARGUMENT', `${quoted(text)} is no policy's number; they count from 1.`);
  }
  return Number(text);
}

/** The time its client wrote into the transaction, nanoseconds. */
function transactionTime(ctx: Context): string {
  const millis = ctx.stub.getDateTimestamp().getTime();
  if (!Number.isSafeInteger(millis) || millis < 0) {
    throw new ContractError(
      'ARGUMENT',
      'The transaction has no usable time; set the clock of the machine that sent it.',
    );
  }
  return (BigInt(millis) * 1_000_000n).toString();
}
