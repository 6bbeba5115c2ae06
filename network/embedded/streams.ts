import type { EventEmitter } from 'node:events';
import type { Committer } from './committer.js';
import type { Store } from './store.js';

interface Ledger {
  readonly store: Store;
  readonly committer: Committer;
}

/** A server's side of a gRPC stream. */
interface Call extends EventEmitter {
  readonly cancelled: boolean;
}

/**
 * Blocks from number `start` on, then each new one. Ends when the client goes away.
 * @throws Stopped when the ledger shuts down
 */
export async function* followBlocks(
  { store, committer }: Ledger,
  start: number,
  call: Call,
): AsyncGenerator<{ readonly number: number; readonly bytes: Buffer }> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  call.on('cancelled', leave);
  try {
    for (let number = start; !call.cancelled; ) {
      committer.stopped.throwIfAborted();
      const bytes = store.block(number);
      if (bytes === undefined) {
        await committer.beyond(number, gone.signal);
      } else {
        yield { number, bytes };
        number += 1;
      }
    }
  } finally {
    call.off('cancelled', leave);
  }
}

/** Writes one message and waits until the client has room for the next, or is gone. */
export function writeTo<T>(call: Call & { write(message: T): boolean }, message: T): Promise<void> {
  if (call.write(message)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done);
      call.off('cancelled', done);
      resolve();
    };
    call.on('drain', done);
    call.on('cancelled', done);
  });
}
