/** How long a follower takes no new block in when a day is sealed, a policy or a restart has all judged anew, with many events open. */
import {
  batchDigest,
  canonicalEvent,
  completePolicy,
  type HashedEvent,
  NO_PREVIOUS,
  parsePolicy,
  policyText,
} from '#chaincode';
import { CHAINCODE, DEFAULT_ACTORS } from '../../network/actor-folders.js';
import { LiveJudge } from '../../reconciler/follow/live-judge.js';
import type { Invocation } from '../../reconciler/ledger/block.js';
import { Projection } from '../../reconciler/projection/projection.js';
import { Sealer } from '../../reconciler/seal.js';
import { quantile } from '../machine.js';
import { batchOf, COLLECTOR, DAY, SOURCE } from '../made-batches.js';

const SECOND = 1_000_000_000n;
/** 2026-11-22T00:00:00Z */
const DAY_START = 1_795_305_600_000_000_000n;
const DAY_END = DAY_START + 86_400n * SECOND;
const IDENTITY = { channel: 'events', chaincode: CHAINCODE };
/** Entries of a batch. */
const BATCH = 500;
/** Blocks of one batch that come in while all is judged anew. */
const BLOCKS = 50;

/** What one piece of work took, milliseconds of CPU. */
interface Took {
  /** Taking the block in, sealing included. */
  readonly intake: number;
  /** What the follower adds to that. */
  readonly judging: number;
}

/** Milliseconds of CPU since the process began: of a piece of work this says more where others share the machine. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function invocation(actor: string, fn: string, args: readonly string[], commonName: string): Invocation {
  const signer = { actor, commonName, admin: commonName === 'admin' };
  return { txId: batchDigest(JSON.stringify([actor, fn, ...args])), signer, fn, args };
}

function policyInForce(quota: number): Invocation[] {
  const text = policyText(completePolicy({ from: '0', actors: [...DEFAULT_ACTORS], quota }));
  const [first = '', ...others] = DEFAULT_ACTORS;
  return [
    invocation(first, 'ProposePolicy', [text], 'admin'),
    ...others.map((actor) => invocation(actor, 'ApprovePolicy', ['1', parsePolicy(text).hash], 'admin')),
  ];
}

function eventAt(name: string, time: bigint): HashedEvent {
  const attributes = new Map([['image', 'bench']]);
  return canonicalEvent(
    { scope: 'local', type: 'container', action: 'start', id: name, attributes, timeNano: `${time}` },
    { source: SOURCE, ignore: [] },
  );
}

/** One actor's collector. */
class Collector {
  #run = { n: 1, from: 1, prev: NO_PREVIOUS };

  constructor(private readonly actor: string) {}

  /** A batch that has watched up to a time. */
  batch(events: readonly HashedEvent[], until: bigint): Invocation {
    const text = JSON.stringify(batchOf(events, this.#run, until));
    const { n, from } = this.#run;
    this.#run = { n: n + 1, from: from + events.length, prev: batchDigest(text) };
    return invocation(this.actor, 'Attest', [text], COLLECTOR);
  }
}

/** A projection into which blocks are taken, each by itself, and the live judge that follows. */
class Follower {
  readonly projection: Projection;
  live: LiveJudge;
  readonly #sealer: Sealer;
  #number = 0;

  constructor(file: string) {
    this.projection = new Projection(file);
    this.#sealer = new Sealer(this.projection);
    this.live = new LiveJudge(this.projection);
  }

  block(...invocations: Invocation[]): Took {
    const { projection } = this;
    const begun = spent();
    let taken = begun;
    projection.db
      .transaction(() => {
        const previousHash = projection.head?.hash ?? '';
        const block = { number: BigInt(this.#number), hash: `${this.#number}`, previousHash, invocations };
        projection.apply(block, IDENTITY, () => this.#sealer.afterBatch());
        projection.flush();
        this.#number += 1;
        taken = spent();
        this.live.update();
      })
      .immediate();
    return { intake: taken - begun, judging: spent() - taken };
  }

  turn(): number {
    const begun = spent();
    this.projection.db.transaction(() => this.live.update()).immediate();
    return spent() - begun;
  }

  /** @returns what each piece of the work that waits took */
  rest(): number[] {
    const turns: number[] = [];
    while (this.live.isCutShort) turns.push(this.turn());
    return turns;
  }
}

function row(name: string, open: number, [first = 0, ...turns]: readonly number[], intake: number): string {
  const all = [first, ...turns];
  const total = all.reduce((sum, one) => sum + one, 0);
  const cells = [intake, first, Math.max(...all), quantile(all, 0.5), total].map((millis) => millis.toFixed(1));
  return `| ${name} | ${open} | ${cells.join(' | ')} | ${all.length} |`;
}

/**
 * Prints what a seal and a restart cost with so many open events, those within `quota` judged one by one, the rest a flood of one
 * actor.
 * @param decided whether the deadline of the open events has passed, so that each is a finding
 */
export function sealWith(
  file: string,
  { open, quota, decided }: { open: number; quota: number; decided: boolean },
): void {
  const follower = new Follower(file);
  const [first, second, late] = DEFAULT_ACTORS.map((actor) => new Collector(actor)) as [
    Collector,
    Collector,
    Collector,
  ];
  follower.block(...policyInForce(quota));
  // The day that is sealed has a difference itself: what may be another content of it is looked for among all that is open.
  const before = [eventAt('before', DAY_START + SECOND), eventAt('lacking', DAY_START + 2n * SECOND)];
  follower.block(late.batch(before.slice(0, 1), DAY_START + 3n * SECOND));
  for (const collector of [first, second]) follower.block(collector.batch(before, DAY_END));
  const isFlood = open > quota;
  for (let from = 0; from < open; from += BATCH) {
    const events = Array.from({ length: Math.min(BATCH, open - from) }, (_, index) =>
      eventAt(`open-${from + index}`, DAY_END + BigInt(from + index) * 1_000_000n),
    );
    const until = DAY_END + BigInt(from + events.length) * 1_000_000n;
    follower.block(first.batch(events, until));
    if (!isFlood) follower.block(second.batch(events, until));
  }
  const now = DAY_END + (decided ? 1500n : 200n) * SECOND;
  if (!decided) for (const collector of [first, second]) follower.block(collector.batch([], now));
  follower.rest();
  const name = `${isFlood ? 'flood, ' : ''}${decided ? 'decided' : 'pending'}`;
  if (decided) {
    const took = [first, second].map((collector) => follower.block(collector.batch([], now)));
    const intake = Math.max(...took.map((block) => block.intake));
    console.log(
      row(
        `${name}, deadline passes, sealed`,
        open,
        [...took.map(({ judging }) => judging), ...follower.rest()],
        intake,
      ),
    );
  } else {
    const { intake, judging } = follower.block(late.batch([], DAY_END));
    console.log(row(`${name}, sealed`, open, [judging, ...follower.rest()], intake));
  }
  if (follower.projection.db.prepare('SELECT count(*) FROM days WHERE day = ?').pluck().get(DAY) !== 1) {
    throw new Error(`${DAY} was not sealed`);
  }
  follower.live = new LiveJudge(follower.projection);
  const begun = process.memoryUsage().rss;
  const took = [follower.turn()];
  for (let block = 0; block < BLOCKS && follower.live.isCutShort; block += 1) {
    took.push(follower.block(first.batch([], now + BigInt(block))).judging);
  }
  took.push(...follower.rest());
  console.log(row(`${name}, restarted`, open, took, 0));
  console.log(
    `held ${follower.live.held}; ${((process.memoryUsage().rss - begun) / 2 ** 20).toFixed(0)} MiB more than before the restart`,
  );
  follower.projection.close();
}
