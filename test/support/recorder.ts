import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Expected, expectedOf } from './audit.js';

/** Listens to an engine beside the collectors, on a stream of its own: what an engine published, as a suite may know it. */
export class Recorder {
  readonly #source: string;
  readonly #stream: Readable;
  #text = '';

  private constructor(source: string, stream: Readable) {
    this.#source = source;
    this.#stream = stream;
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk;
    });
    stream.on('error', () => {});
  }

  static async on(docker: Docker): Promise<Recorder> {
    const { ID } = (await docker.info()) as { ID: string };
    return new Recorder(ID, (await docker.getEvents()) as Readable);
  }

  /** Ends listening. */
  stop(): void {
    this.#stream.destroy();
  }

  /** What the policy has recorded so far, each once. */
  events(): Expected[] {
    const complete = this.#text.slice(0, this.#text.lastIndexOf('\n') + 1);
    const lines = new Set(complete.split('\n').filter((line) => line.trim() !== ''));
    return [...lines].flatMap((line) => expectedOf(line, this.#source) ?? []);
  }

  /** The last event of so far. */
  latest(): bigint {
    return this.events().reduce((latest, { time }) => (time > latest ? time : latest), 0n);
  }
}
