import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { printableLines } from '../cli/printable.js';
import { type Channel, streamChannel } from './channel.js';
import { ExchangeError } from './protocol/errors.js';
import { answer, type Offer, type Random } from './session.js';

/** Milliseconds that an ended command's last words may take. */
const LAST_WORDS = 1000;

/**
 * Runs a command that answers on its standard input and output, asks it, and waits for its end. What it writes to standard
 * error, which may be the other actor's, goes to ours, made harmless.
 * @param command a line for the shell: it is the operator's own
 * @throws ExchangeError `CHANNEL` if it cannot be run or fails
 */
export async function withCommand<T>(
  command: string,
  signal: AbortSignal,
  ask: (channel: Channel) => Promise<T>,
): Promise<T> {
  if (command.trim() === '') {
    throw new ExchangeError('CHANNEL', 'The command of the other side is empty; give the line that runs it.');
  }
  const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'pipe'], signal });
  child.stderr.setEncoding('utf8').on('data', (text: string) => process.stderr.write(printableLines(text)));
  const over = once(child, 'close').catch((cause) => {
    throw new ExchangeError('CHANNEL', 'The command of the other side cannot be run, or was interrupted.', { cause });
  }) as Promise<[number | null]>;
  // Awaited below; until then its failure must not count as unhandled.
  over.catch(() => {});
  const channel = streamChannel(child.stdout, child.stdin);
  try {
    const result = await ask(channel);
    channel.close();
    const [code] = await over;
    if (code !== 0)
      throw new ExchangeError('CHANNEL', `The command of the other side ended with ${code ?? 'a signal'}.`);
    return result;
  } finally {
    child.stdin.destroy();
    child.stdout.destroy();
    // One that has ended is not there to be told. What it had to say of its end is waited for, but not what it left behind.
    child.kill();
    await Promise.race([over.catch(() => {}), setTimeout(LAST_WORDS, undefined, { ref: false })]);
    child.stderr.destroy();
  }
}

/** Asks another side within this process. */
export async function withOffer<T>(offer: Offer, random: Random, ask: (channel: Channel) => Promise<T>): Promise<T> {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const channel = streamChannel(back, there);
  const answering = answer(streamChannel(there, back), offer, random);
  // Whatever stops the answering side is told to the asking one too; its own error says more.
  const failed = answering.then(
    () => new Promise<never>(() => {}),
    (error) => Promise.reject(error),
  );
  try {
    const result = await Promise.race([ask(channel), failed]);
    channel.close();
    await answering;
    return result;
  } finally {
    there.destroy();
    back.destroy();
  }
}
