import type { Batch, Gap, Watch } from '#chaincode';

/** What a batch claims about its source's time. */
export interface Claims {
  readonly watches: readonly Watch[];
  readonly gaps: readonly Gap[];
}

interface Run {
  readonly id: number;
  /** All batches up to this number are committed. */
  contiguous: number;
  /** Claims of batches beyond a hole in the numbers. */
  readonly waiting: Map<number, Claims>;
}

export type RunsState = readonly (readonly [
  key: string,
  id: number,
  contiguous: number,
  waiting: readonly (readonly [number, Claims])[],
])[];

/** What became of a committed batch. */
export interface BatchArrival {
  /** Number of the run in the projection. */
  readonly runId: number;
  /** Claims that take effect now: of this batch, if all before it are there, and of those that waited for it. */
  readonly inEffect: readonly Claims[];
}

/**
 * The runs of all collectors: a watch takes effect when every batch of its run up to its own is committed, in
 * whatever order parallel batches land.
 */
export class Runs {
  readonly #runs: Map<string, Run>;

  constructor(state: RunsState = []) {
    this.#runs = new Map(
      state.map(([key, id, contiguous, waiting]) => [key, { id, contiguous, waiting: new Map(waiting) }]),
    );
  }

  /** The run's number in the projection; undefined if it is new. */
  idOf(actor: string, collector: string, run: string): number | undefined {
    return this.#runs.get(keyOf(actor, collector, run))?.id;
  }

  /** Makes a run known; its number counts from 1. */
  open(actor: string, collector: string, run: string): number {
    const id = this.#runs.size + 1;
    this.#runs.set(keyOf(actor, collector, run), { id, contiguous: 0, waiting: new Map() });
    return id;
  }

  /** Takes in the first batch committed under its number. */
  arrived(actor: string, batch: Batch): BatchArrival {
    const run = this.#runs.get(keyOf(actor, batch.collector, batch.run)) as Run;
    run.waiting.set(batch.n, { watches: batch.watches, gaps: batch.gaps });
    const inEffect: Claims[] = [];
    for (let next = run.waiting.get(run.contiguous + 1); next; next = run.waiting.get(run.contiguous + 1)) {
      run.contiguous += 1;
      run.waiting.delete(run.contiguous);
      inEffect.push(next);
    }
    return { runId: run.id, inEffect };
  }

  snapshot(): RunsState {
    return [...this.#runs].map(([key, { id, contiguous, waiting }]) => [key, id, contiguous, [...waiting]]);
  }
}

function keyOf(actor: string, collector: string, run: string): string {
  return `${actor}/${collector}/${run}`;
}
