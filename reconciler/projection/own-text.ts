const SCRATCH_BYTES = 4096;
const scratch = Buffer.alloc(SCRATCH_BYTES);
/** Most bytes that a UTF-16 unit takes. */
const MOST_OF_A_UNIT = 3;
/** V8 copies what is shorter when it is cut. */
const SHORTEST_SLICE = 13;

/**
 * A text that does not hold the one from which it was cut in memory, and is faster to compare than a part of another. Half of a pair of
 * surrogates stays as it is.
 */
export function ownText(text: string): string {
  if (text.length < SHORTEST_SLICE) return text;
  const copy =
    text.length * MOST_OF_A_UNIT > SCRATCH_BYTES
      ? Buffer.from(text).toString()
      : scratch.toString('utf8', 0, scratch.write(text));
  // Half of a pair of surrogates is no UTF-8.
  return copy === text ? copy : text;
}
