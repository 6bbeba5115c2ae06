/** A text in its parts: together they may be longer than one text can be. */
export type TextParts = readonly string[] | Generator<string>;

/** So many characters, about, are written at once. */
const BLOCK = 1 << 16;

/** Parts put together, so that few are to be written. */
export function* inBlocks(parts: TextParts): Generator<string> {
  let block: string[] = [];
  let length = 0;
  for (const part of parts) {
    block.push(part);
    length += part.length;
    if (length < BLOCK) continue;
    yield block.join('');
    block = [];
    length = 0;
  }
  if (length > 0) yield block.join('');
}
