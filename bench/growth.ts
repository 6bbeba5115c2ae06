import { join } from 'node:path';
import { batchDigest, completePolicy, parsePolicy, policyText } from '#chaincode';
import { CHAINCODE, DEFAULT_ACTORS } from '../network/actor-folders.js';
import type { Invocation } from '../reconciler/ledger/block.js';
import { Projection } from '../reconciler/projection/projection.js';
import { Sealer } from '../reconciler/seal.js';
import { benchSha256 } from './events.js';
import { median } from './machine.js';
import { COLLECTOR, eachMadeBatch } from './made-batches.js';

/** Blocks that are timed at each size, each of one batch and committed by itself. */
const TIMED = 90;
const IDENTITY = { channel: 'events', chaincode: CHAINCODE };

/** What one more block costs when so many events are known. */
export interface BlockCost {
  readonly events: number;
  /** Median of the milliseconds that its fold and its commit take. */
  readonly millis: number;
  /** Median of those of CPU, which say more where others share the machine. */
  readonly cpu: number;
}

/**
 * Folds blocks of about 1,000 attestations into a projection until it knows the greatest number of events, and times those at
 * each of the sizes. What a block costs before it is folded does not depend on what is known; blocks are made up here, unsigned.
 * @param sizes numbers of events, ascending
 */
export function* costOfBlocks(directory: string, sizes: readonly number[], bytes: number): Generator<BlockCost> {
  const projection = new Projection(join(directory, 'growth.db'));
  const sealer = new Sealer(projection);
  let number = 0;
  const commit = (blocks: readonly (readonly Invocation[])[]) => {
    projection.db
      .transaction(() => {
        for (const invocations of blocks) {
          const previousHash = projection.head?.hash ?? '';
          const block = { number: BigInt(number), hash: `${number}`, previousHash, invocations };
          projection.apply(block, IDENTITY, () => sealer.afterBatch());
          number += 1;
        }
        projection.flush();
      })
      .immediate();
  };
  commit([policyInForce()]);
  const due = [...sizes];
  let times: { readonly millis: number; readonly cpu: number }[] = [];
  let waiting: Invocation[][] = [];
  let events = 0;
  const total = (sizes.at(-1) ?? 0) + TIMED * 1000;
  for (const batch of eachMadeBatch({ events: total, batch: 1000, bytes, oneIn: 1000 })) {
    events += batch.events.length / DEFAULT_ACTORS.length;
    waiting.push([invocation(batch.actor, 'Attest', [batch.text], COLLECTOR)]);
    const isTimed = events >= (due[0] ?? Number.POSITIVE_INFINITY);
    if (!isTimed && waiting.length < 60) continue;
    if (isTimed && waiting.length === 1) {
      const start = performance.now();
      const before = process.cpuUsage();
      commit(waiting);
      const { user, system } = process.cpuUsage(before);
      times.push({ millis: performance.now() - start, cpu: (user + system) / 1000 });
    } else commit(waiting);
    waiting = [];
    if (times.length < TIMED) continue;
    const of = (what: 'millis' | 'cpu') => median(times.map((one) => one[what]));
    yield { events: due.shift() ?? 0, millis: of('millis'), cpu: of('cpu') };
    times = [];
    if (due.length === 0) break;
  }
  projection.close();
}

function policyInForce(): Invocation[] {
  const text = policyText(completePolicy({ from: '0', actors: [...DEFAULT_ACTORS] }));
  const { hash } = parsePolicy(text);
  const [first = '', ...others] = DEFAULT_ACTORS;
  return [
    invocation(first, 'ProposePolicy', [text], 'admin'),
    ...others.map((actor) => invocation(actor, 'ApprovePolicy', ['1', hash], 'admin')),
  ];
}

function invocation(actor: string, fn: string, args: readonly string[], commonName: string): Invocation {
  const signer = { actor, commonName, admin: commonName === 'admin' };
  return { txId: batchDigest(`${actor}/${fn}/${args[0]?.slice(0, 400)}`, benchSha256), signer, fn, args };
}
