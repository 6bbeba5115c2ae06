/** Why the contract refuses. A closed set; over the wire only the message travels. */
export type ContractErrorCode =
  | 'ARGUMENT' // an argument is not what the transaction takes
  | 'FUNCTION' // no such transaction
  | 'IDENTITY' // the client's certificate does not fit what it submits
  | 'NOT_ADMIN'
  | 'NOT_FOUND'
  | 'POLICY' // the policy cannot be proposed or approved so
  | 'DISPUTE' // the actor may not do that in the dispute
  | 'STATE_DATABASE' // the peer's state database cannot answer it
  | 'BUNDLE';

/** A refusal of the contract: nothing was written. `message` is a sentence that says what to do. */
export class ContractError extends Error {
  readonly code: ContractErrorCode;

  constructor(code: ContractErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ContractError';
    this.code = code;
  }
}

/** Outside text inside a message: quoted, escaped, short. */
export function quoted(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return JSON.stringify(short).replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
