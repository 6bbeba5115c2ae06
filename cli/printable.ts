// Control (Cc), format (Cf: bidirectional overrides, zero-width) and surrogate (Cs) characters and the line and
// paragraph separators: what could move a cursor, recolour a terminal, or show one text and mean another.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * Text from outside (labels, names, images, errors of others) in a form that is safe to print on a terminal, in a
 * log line or in Markdown and HTML before their own escaping: each unprintable character becomes `\u{hex}`.
 * @param limit at most so many characters are kept; an ellipsis says that more was there
 */
export function printable(text: string, limit = 500): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** As `printable`, of each line of a text of several. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}

/**
 * JSON in which the unprintable characters that JSON leaves alone (DEL, C1, bidirectional overrides, zero-width ones) are
 * escaped too: the same value, but nothing a terminal would obey, nor text that shows one thing and means another.
 * @param json may have line breaks between its values, which stay
 */
export function terminalSafe(json: string): string {
  return json.replace(UNPRINTABLE, (character) => (character === '\n' ? character : escaped(character)));
}

/** JSON's own escape, of two units where the character has two. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
