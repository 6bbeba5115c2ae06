import { isoOfNanos, type Nanos } from '#chaincode';

/** An interval as people read it. */
export function span(from: Nanos, to: Nanos): string {
  return `${isoOfNanos(from)} to ${isoOfNanos(to)}`;
}
