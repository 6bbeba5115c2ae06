/** Milliseconds since the epoch, with fractions: comparable among the processes of one machine. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
