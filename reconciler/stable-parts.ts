import stringify from 'fast-json-stable-stringify';

/**
 * The stable stringification of an object, in parts: of each of its arrays item by item, for there may be very many, and a text
 * has a greatest length.
 */
export function* stableParts(value: object): Generator<string> {
  let before = '{';
  for (const [key, one] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (one === undefined) continue;
    const name = `${before}${JSON.stringify(key)}:`;
    before = ',';
    if (!Array.isArray(one)) {
      yield name + stringify(one);
      continue;
    }
    yield `${name}[`;
    for (const [index, item] of one.entries()) yield `${index === 0 ? '' : ','}${stringify(item)}`;
    yield ']';
  }
  yield before === '{' ? '{}' : '}';
}
