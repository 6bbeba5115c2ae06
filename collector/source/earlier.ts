import type { Nanos } from '#chaincode';

export function earlier(a: Nanos, b: Nanos): Nanos {
  return BigInt(a) < BigInt(b) ? a : b;
}

export function later(a: Nanos, b: Nanos): Nanos {
  return BigInt(a) > BigInt(b) ? a : b;
}
