import type { Day } from '#chaincode';
import { type CommandIo, printJson } from '../../cli/command.js';
import { lineOf } from '../finding-line.js';
import type { DayFindings } from '../findings.js';
import type { Finding } from '../judgement.js';
import type { Progress } from '../reconcile.js';

/** A finding as it was told last. */
interface Told {
  /** The day that tells of it. */
  readonly day: Day;
  /** Whom it is against. */
  readonly dissent: string;
}

/** Says what happens while blocks come in: progress on a terminal, and each finding as it appears. */
export class Watcher {
  readonly #io: Pick<CommandIo, 'stdout' | 'stderr'>;
  readonly #json: boolean;
  /** By its name and class. */
  readonly #told = new Map<string, Told>();
  #sealed: Day = '';
  /** The sealed day before which all is forgotten. */
  #forgotten: Day = '';

  /** @param json whether to print for machines */
  constructor(io: Pick<CommandIo, 'stdout' | 'stderr'>, json: boolean) {
    this.#io = io;
    this.#json = json;
  }

  /** How many findings are remembered as told. */
  get remembered(): number {
    return this.#told.size;
  }

  readonly progress = ({ block, newest }: Progress): void => {
    if (this.#io.stderr.isTTY) this.#io.stderr.write(`\rblock ${block} of ${newest}${block === newest ? '\n' : ''}`);
  };

  /** Tells each finding once, and again when it is of another class or against others. */
  readonly found = (days: readonly DayFindings[]): void => {
    for (const { day, sealed, findings } of days) {
      for (const finding of findings) this.#tell(day, finding);
      if (sealed && day > this.#sealed) this.#sealed = day;
    }
    this.#forget();
  };

  #tell(day: Day, finding: Finding): void {
    const key = `${finding.id}/${finding.class}`;
    const dissent = finding.dissent.join();
    const isTold = this.#told.get(key)?.dissent === dissent;
    this.#told.set(key, { day, dissent });
    if (isTold) return;
    if (this.#json) printJson(this.#io, { finding });
    else this.#io.stdout.write(`${lineOf(finding)}\n`);
  }

  /**
   * Of days before the last sealed one nothing is told any more. That one is told again when the ledger is read on after an
   * outage, and what goes on, as a silence, is told with the next day too.
   */
  #forget(): void {
    if (this.#forgotten === this.#sealed) return;
    this.#forgotten = this.#sealed;
    for (const [key, { day }] of this.#told) if (day < this.#sealed) this.#told.delete(key);
  }
}
