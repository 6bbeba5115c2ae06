import type { Nanos } from '#chaincode';
import { printable } from '../cli/printable.js';
import { humanTime } from './format.js';

/**
 * A piece of a sentence. Renderers escape `text` and give its kind a form of their own: plain words, an actor, a
 * name that came from outside, a time in nanoseconds.
 */
type Span = string | { readonly actor: string } | { readonly name: string } | { readonly time: Nanos };

/** A sentence whose pieces each renderer sets and escapes in its own way. */
export type Phrase = readonly Span[];

const MAX_NAME = 80;

/** A name from outside, safe and short enough to stand in a sentence. */
export function nameText(name: string): string {
  return name === '' ? '(no name)' : printable(name, MAX_NAME);
}

/** Actors as `A, B and C`. */
export function actorsPhrase(actors: readonly string[]): Phrase {
  return actors.flatMap((actor, index): Span[] => {
    if (index === 0) return [{ actor }];
    return [index === actors.length - 1 ? ' and ' : ', ', { actor }];
  });
}

/** A sentence as plain text. */
export function plainText(phrase: Phrase): string {
  return phrase
    .map((span) => {
      if (typeof span === 'string') return span;
      if ('actor' in span) return nameText(span.actor);
      return 'name' in span ? nameText(span.name) : humanTime(span.time);
    })
    .join('');
}
