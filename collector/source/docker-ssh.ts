import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { UsageError } from '../../cli/exit.js';
import { printable } from '../../cli/printable.js';
import type { Environment } from './docker-context.js';

const MAX_SAID = 2_000;

/**
 * Reaches an engine as Docker's own client does: each connection is an `ssh` that runs `docker system dial-stdio` over
 * there. So ~/.ssh/config, known_hosts, agents and jump hosts apply, and a host whose key is not known is refused.
 * @throws UsageError if the URL's parts are none to hand to ssh.
 */
export class SshAgent extends Agent {
  readonly #args: readonly string[];
  readonly #env: Environment;

  constructor(url: URL, env: Environment) {
    super({ keepAlive: true, maxFreeSockets: 1 });
    this.#args = sshArguments(url);
    this.#env = env;
  }

  override createConnection(): Duplex {
    return new ChildSocket(spawn('ssh', this.#args, { env: { ...this.#env }, stdio: 'pipe' }));
  }
}

/** Nobody is there to type a password; a connection that died without a word is noticed. */
const OPTIONS = ['BatchMode=yes', 'ConnectTimeout=30', 'ServerAliveInterval=30'];

function sshArguments({ username, password, hostname, port, pathname }: URL): string[] {
  if (password !== '')
    throw new UsageError('A password in an ssh:// URL is seen by everyone on the machine; use a key or an agent.');
  const user = decoded(username);
  const socket = pathname === '/' ? '' : decoded(pathname);
  if (
    user === undefined ||
    socket === undefined ||
    hostname === '' ||
    hostname.startsWith('-') ||
    user.startsWith('-') ||
    !/^[\w./-]*$/.test(socket)
  ) {
    throw new UsageError(
      'That ssh:// URL is none of a Docker host; write ssh://user@host, ssh://user@host:port or ssh://user@host/path/docker.sock.',
    );
  }
  return [
    ...OPTIONS.flatMap((option) => ['-o', option]),
    '-T',
    ...(user === '' ? [] : ['-l', user]),
    ...(port === '' ? [] : ['-p', port]),
    '--',
    hostname.replace(/^\[(.*)\]$/, '$1'),
    // One word for the shell over there: nothing in the path needs quoting.
    `docker ${socket === '' ? '' : `--host unix://${socket} `}system dial-stdio`,
  ];
}

/** A part of a URL without its percent signs; undefined if they mean nothing. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** A child's standard input and output as the socket that HTTP wants. */
class ChildSocket extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #said = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    super();
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-MAX_SAID);
    });
    // What it says on its way out arrives before 'close'; a broken pipe is told there too.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});
    child.once('error', (cause) => this.destroy(new Error(`ssh cannot be started (${cause.message})`, { cause })));
    child.once('close', (code) => {
      if (code === 0) this.push(null);
      else this.destroy(new Error(this.#why()));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // Without a reader the error comes with 'close', which knows why.
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  // What HTTP asks of a socket beyond a stream.
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this.#holdProcess('ref');
  }

  /** An idle connection does not keep the process. */
  unref(): this {
    return this.#holdProcess('unref');
  }

  #holdProcess(how: 'ref' | 'unref'): this {
    this.#child[how]();
    const { stdin, stdout, stderr } = this.#child;
    // Pipes of a child are sockets.
    for (const pipe of [stdin, stdout, stderr] as unknown as { ref?(): void; unref?(): void }[]) pipe[how]?.();
    return this;
  }

  #why(): string {
    const last = this.#said.trim().split('\n').at(-1) ?? '';
    return last === '' ? 'ssh ended without a word' : `ssh said: ${printable(last, 300)}`;
  }
}
