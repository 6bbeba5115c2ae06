import { batchDigest } from '#chaincode';
import type { DayFindings } from '../../../reconciler/findings.js';
import { LiveJudge } from '../../../reconciler/follow/live-judge.js';
import type { Finding } from '../../../reconciler/judgement.js';
import type { Invocation } from '../../../reconciler/ledger/block.js';
import { Projection } from '../../../reconciler/projection/projection.js';
import { Sealer } from '../../../reconciler/seal.js';
import { IDENTITY } from '../support/history.js';

type Fineness = ConstructorParameters<typeof LiveJudge>[1];

/** A projection that takes blocks in one by one, and the live judge that follows. */
export class Following {
  readonly projection: Projection;
  live: LiveJudge;
  readonly #sealer: Sealer;
  readonly #fineness: Fineness;
  #number = 0;
  #questions = 0;

  constructor(file = ':memory:', fineness: Fineness = {}) {
    this.projection = new Projection(file);
    this.#sealer = new Sealer(this.projection);
    this.#fineness = fineness;
    this.#count();
    this.live = new LiveJudge(this.projection, fineness);
  }

  /** How often the database was asked for what is judged. */
  get questions(): number {
    return this.#questions;
  }

  /** A block of these transactions is read and judged. @returns what is told then */
  block(...invocations: readonly Invocation[]): Finding[] {
    const { projection } = this;
    const hashOf = (number: number) => batchDigest(`block ${number}`);
    const previousHash = this.#number === 0 ? '' : hashOf(this.#number - 1);
    const block = { number: BigInt(this.#number), hash: hashOf(this.#number), previousHash, invocations };
    this.#number += 1;
    return findingsIn(
      projection.db.transaction(() => {
        projection.apply(block, IDENTITY, () => this.#sealer.afterBatch());
        projection.flush();
        this.#questions = 0;
        return this.live.update();
      })(),
    );
  }

  /** Judges on without a block. */
  turn(settle = false): Finding[] {
    this.#questions = 0;
    return findingsIn(this.projection.db.transaction(() => this.live.update(settle))());
  }

  /** As after a restart, up to the first judgement. */
  restart(): Finding[] {
    this.live = new LiveJudge(this.projection, this.#fineness);
    return this.turn();
  }

  #count(): void {
    const { db } = this.projection;
    const prepare = db.prepare.bind(db) as (sql: string) => ReturnType<typeof db.prepare>;
    const counted = (sql: string) => {
      const statement = prepare(sql);
      for (const name of ['get', 'all', 'run'] as const) {
        const ask = statement[name].bind(statement) as (...args: unknown[]) => unknown;
        Object.assign(statement, {
          [name]: (...args: unknown[]) => {
            this.#questions += 1;
            return ask(...args);
          },
        });
      }
      return statement;
    };
    Object.assign(db, { prepare: counted });
  }
}

function findingsIn(days: readonly DayFindings[]): Finding[] {
  return days.flatMap(({ findings }) => [...findings]);
}
