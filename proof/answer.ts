/** What can be said: `unknown` where it cannot be followed from what the ledger's blocks hold. */
export type Answer = 'yes' | 'no' | 'unknown';

/** Whether all are so: one that is not decides, whatever is unknown of the others. */
export function all(answers: Iterable<Answer>): Answer {
  const given = new Set(answers);
  if (given.has('no')) return 'no';
  return given.has('unknown') ? 'unknown' : 'yes';
}
