import { VerifyError } from './errors.js';

/** A report has a dozen levels. Parsed, a level that takes one byte in a file takes some seventy of memory. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Parses a report that anybody may have made.
 * @throws VerifyError `FORMAT` if it is no JSON, or goes deeper than any report
 */
export function reportJson(text: string): unknown {
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VerifyError('FORMAT', 'This is neither a bundle nor a report: it is no JSON.', { cause });
  }
}

function checkDepth(text: string): void {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (isInString) {
      if (unit === BACKSLASH) at += 1;
      else if (unit === QUOTE) isInString = false;
    } else if (unit === QUOTE) isInString = true;
    else if (OPENING.has(unit)) depth += 1;
    else if (CLOSING.has(unit)) depth -= 1;
    if (depth > MAX_DEPTH) throw new VerifyError('FORMAT', 'This is no report: it goes deeper than any report does.');
  }
}
