import { type Anchor, type Day, NAME, type Policy, parseAnchor, RecordError } from '#chaincode';
import type { Invocation } from '../ledger/block.js';
import type { Db } from './database.js';

/** An anchor that an actor signed. */
export interface BookedAnchor extends Pick<Anchor, 'day' | 'hash' | 'ranges'> {
  readonly actor: string;
}

interface AnchorRow extends Omit<BookedAnchor, 'ranges'> {
  readonly ranges: string;
}

/** So many anchors of one actor are told between two seals: nobody needs more, and anybody could send thousands. */
const MOST_TOLD = 64;

/** The anchors of reports, followed from what the actors signed. The last of an actor, a day and a hash counts, as in the contract. */
export class AnchorBook {
  readonly #sql;

  constructor(db: Db) {
    this.#sql = {
      insert: db.prepare(`INSERT INTO anchors (day, actor, hash, seq, ranges) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET seq = excluded.seq, ranges = excluded.ranges WHERE ranges <> excluded.ranges`),
      since: db.prepare(`SELECT day, actor, hash, ranges FROM (
          SELECT *, row_number() OVER (PARTITION BY actor ORDER BY day DESC, hash) AS place FROM anchors WHERE seq >= @after OR day = @last
        ) WHERE place <= ${MOST_TOLD} ORDER BY day, actor, hash`),
    };
  }

  /** Takes in a valid `AnchorReport` of an actor of the policy in force. @param seq the latest batch transaction */
  take({ args, signer }: Invocation, seq: number, policy: Policy | undefined): void {
    const anchor = readAnchor(args);
    if (anchor === undefined || !policy?.actors.includes(signer.actor) || !NAME.test(signer.commonName)) return;
    const { day, hash, ranges } = anchor;
    this.#sql.insert.run(day, signer.actor, hash, seq, JSON.stringify(ranges));
  }

  /**
   * What was anchored after a batch transaction, and of the day that was sealed at it also before, when there was nothing
   * to hold it against; of each actor the latest days; in order of day, actor and hash.
   */
  since(after: number, last: Day | undefined): BookedAnchor[] {
    return (this.#sql.since.all({ after, last: last ?? null }) as AnchorRow[]).map(({ ranges, ...anchor }) => ({
      ...anchor,
      ranges: JSON.parse(ranges) as Anchor['ranges'],
    }));
  }
}

function readAnchor(args: readonly string[]): Anchor | undefined {
  if (args.length !== 1) return undefined;
  try {
    return parseAnchor(args[0] ?? '');
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
