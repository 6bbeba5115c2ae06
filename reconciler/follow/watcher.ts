import { type CommandIo, printJson } from '../../cli/command.js';
import { lineOf } from '../finding-line.js';
import type { Finding } from '../judgement.js';
import type { Progress } from '../reconcile.js';

/** Says what happens while blocks come in: progress on a terminal, and each finding as it appears. */
export class Watcher {
  readonly #io: Pick<CommandIo, 'stdout' | 'stderr'>;
  readonly #json: boolean;
  /** Against whom each finding was told last, by its name and class. */
  readonly #told = new Map<string, string>();

  /** @param json whether to print for machines */
  constructor(io: Pick<CommandIo, 'stdout' | 'stderr'>, json: boolean) {
    this.#io = io;
    this.#json = json;
  }

  readonly progress = ({ block, newest }: Progress): void => {
    if (this.#io.stderr.isTTY) this.#io.stderr.write(`\rblock ${block} of ${newest}${block === newest ? '\n' : ''}`);
  };

  /** Tells each finding once, and again when it is of another class or against others. */
  readonly found = (findings: readonly Finding[]): void => {
    for (const finding of findings) {
      const key = `${finding.id}/${finding.class}`;
      const dissent = finding.dissent.join();
      if (this.#told.get(key) === dissent) continue;
      this.#told.set(key, dissent);
      if (this.#json) printJson(this.#io, { finding });
      else this.#io.stdout.write(`${lineOf(finding)}\n`);
    }
  };
}
