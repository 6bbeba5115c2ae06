import type { Finding, Variant } from '../reconciler/judgement.js';
import { attribute, eventPhrase } from './event-words.js';
import { short } from './format.js';
import { actorsPhrase, type Phrase } from './phrase.js';

/** The variant that the majority attests, or else the first. */
export function leadingVariant({ majority, variants }: Finding): Variant | undefined {
  return variants.find(({ actors }) => actors.some((actor) => majority.includes(actor))) ?? variants[0];
}

/** Actors as the subject of a sentence, with their verb in the right number. */
export function subject(actors: readonly string[], one = '', many = ''): Phrase {
  const verb = actors.length === 1 ? one : many;
  const names: Phrase = actors.length === 0 ? ['An actor'] : actorsPhrase(actors);
  return verb === '' ? names : [...names, ` ${verb}`];
}

/** The event that a finding is about, in words. */
export function eventOf(finding: Finding): Phrase {
  const event = leadingVariant(finding)?.event;
  if (event !== undefined) return eventPhrase(event);
  const { type, action, object } = finding;
  return type !== undefined && action !== undefined && object !== undefined
    ? eventPhrase({ type, action, object })
    : ['an event'];
}

/** The object that a finding is about, in words. */
export function objectOf(finding: Finding): Phrase {
  const event = leadingVariant(finding)?.event;
  const name = event && attribute(event, 'name');
  const kind = /^[a-z]+$/.test(finding.type ?? '') ? finding.type : 'object';
  return [`${kind} `, { name: name || short(finding.object ?? '') }];
}
