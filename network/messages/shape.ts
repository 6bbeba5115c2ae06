/**
 * What a field holds: a number (cut to 32 bits, with a sign or without, or of 64), yes or no, bytes, text, a message that comes once, or many. A
 * map's entries are messages.
 */
export type FieldShape =
  | { readonly kind: 'int32' | 'uint32' | 'int64' | 'truth' | 'bytes' | 'text'; readonly choice?: true }
  | { readonly kind: 'one'; readonly of: MessageShape; readonly choice?: true }
  | { readonly kind: 'many'; readonly of: MessageShape };

/**
 * A message's fields by their numbers, all below 16. Of those that are a `choice` the last that comes is the one that counts;
 * no message of Fabric's has two such sets.
 */
export type MessageShape = readonly (FieldShape | undefined)[];

type Fields = Readonly<Record<number, FieldShape>>;

export const INT32: FieldShape = { kind: 'int32' };
export const UINT32: FieldShape = { kind: 'uint32' };
export const INT64: FieldShape = { kind: 'int64' };
export const TRUTH: FieldShape = { kind: 'truth' };
export const BYTES: FieldShape = { kind: 'bytes' };
export const TEXT: FieldShape = { kind: 'text' };

export function one(of: MessageShape): FieldShape {
  return { kind: 'one', of };
}

export function many(of: MessageShape): FieldShape {
  return { kind: 'many', of };
}

/** A map from texts. */
export function map(value: FieldShape): FieldShape {
  return many(message({ 1: TEXT, 2: value }));
}

/** @param chosen fields of which the last that comes counts */
export function message(fields: Fields, chosen: Fields = {}): MessageShape {
  return define([], fields, chosen);
}

/** As `message`, for one that may hold itself. */
export function define(shape: (FieldShape | undefined)[], fields: Fields, chosen: Fields = {}): MessageShape {
  for (const [number, field] of Object.entries(fields)) shape[Number(number)] = field;
  for (const [number, field] of Object.entries(chosen)) {
    if (field.kind !== 'many') shape[Number(number)] = { ...field, choice: true };
  }
  return shape;
}
