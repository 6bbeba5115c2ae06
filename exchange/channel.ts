import type { Readable, Writable } from 'node:stream';
import { printable } from '../cli/printable.js';
import { ExchangeError } from './protocol/errors.js';
import { MAX_MESSAGE_BYTES } from './protocol/limits.js';

const LENGTH_BYTES = 4;
/** Long enough for the other side to read and hash millions of events. */
const SILENCE_MS = 300_000;

/** Messages to and from the other side. */
export interface Channel {
  /** Resolves once there is room for more; that the other side does not listen any more is told by `receive`. */
  send(message: Buffer): Promise<void>;
  /**
   * @returns undefined where the other side has ended after a whole message
   * @throws ExchangeError `CHANNEL`, `PROTOCOL`
   */
  receive(): Promise<Buffer | undefined>;
  /** Says that no more is sent. */
  close(): void;
}

/**
 * Messages over two streams, each behind its length of four bytes: standard input and output, a pipe, a socket.
 * @param silenceMs so long may the other side say nothing where it is its turn
 */
export function streamChannel(input: Readable, output: Writable, silenceMs = SILENCE_MS): Channel {
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
  let rest: Buffer = Buffer.alloc(0);
  let broken = false;
  output.on('error', () => {
    broken = true;
  });

  /** @returns false at the end of the stream */
  const fill = async (bytes: number): Promise<boolean> => {
    const parts = [rest];
    let length = rest.length;
    while (length < bytes) {
      const { done, value } = await within(chunks.next(), silenceMs, input);
      if (done === true) break;
      const part = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
      parts.push(part);
      length += part.length;
    }
    rest = Buffer.concat(parts, length);
    return length >= bytes;
  };

  return {
    async send(message) {
      const frame = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
      frame.writeUInt32BE(message.length);
      message.copy(frame, LENGTH_BYTES);
      // What the other side said last, or that it said nothing, tells more than that it does not listen.
      if (broken || !output.writable || output.write(frame)) return;
      await roomIn(output);
    },
    async receive() {
      if (!(await fill(LENGTH_BYTES))) {
        if (rest.length === 0) return undefined;
        throw ended();
      }
      const length = rest.readUInt32BE();
      if (length === 0 || length > MAX_MESSAGE_BYTES) {
        const begin = printable(rest.subarray(0, 40).toString('latin1'));
        throw new ExchangeError(
          'PROTOCOL',
          `The other side does not speak this exchange: it says "${begin}"; have it run "event2ledger exchange serve" and print nothing else.`,
        );
      }
      if (!(await fill(LENGTH_BYTES + length))) throw ended();
      const message = rest.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      rest = rest.subarray(LENGTH_BYTES + length);
      return message;
    },
    close() {
      output.end();
    },
  };
}

function roomIn(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      for (const event of ['drain', 'close']) output.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'close']) output.once(event, go);
  });
}

async function within<T>(reading: Promise<T>, silenceMs: number, input: Readable): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ExchangeError('CHANNEL', 'The other side says nothing any more; look at it and start again.'));
      input.destroy();
    }, silenceMs);
  });
  try {
    return await Promise.race([reading, silence]);
  } catch (error) {
    throw error instanceof ExchangeError ? error : ended(error as Error);
  } finally {
    clearTimeout(timer);
  }
}

function ended(cause?: Error): ExchangeError {
  return new ExchangeError(
    'CHANNEL',
    'The connection to the other side ended before the exchange did; see what the other side says, and start again.',
    { cause },
  );
}
