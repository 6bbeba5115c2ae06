import stringify from 'fast-json-stable-stringify';

/** Sorted by `compare`; what it holds equal is sorted by canonical form, so input order never shows. */
export function sorted<T>(values: readonly T[], compare: (a: T, b: T) => number): T[] {
  return [...values].sort((a, b) => compare(a, b) || byText(stringify(a), stringify(b)));
}

export function texts(values: readonly string[]): string[] {
  return [...values].sort(byText);
}

/** By UTF-16 unit, as the stable stringification sorts keys; never by locale. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Decimal strings by value: a longer one without leading zeros is greater. */
export function byNumber(a: string, b: string): number {
  return a.length - b.length || byText(a, b);
}

// Through text and back, for a label may be named `__proto__`, which copying by assignment loses.
export function sortedKeys<T extends object>(value: T): T {
  return hasSortedKeys(value) ? value : (JSON.parse(stringify(value)) as T);
}

function hasSortedKeys(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const keys = Object.keys(value);
  const isSorted = Array.isArray(value) || keys.every((key, index) => index === 0 || (keys[index - 1] as string) < key);
  return isSorted && Object.values(value).every(hasSortedKeys);
}
