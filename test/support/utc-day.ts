const QUIET_SECONDS = 600;

/**
 * The UTC day that a suite of a few minutes lies in. Its expectations are about one day, so it must not begin within
 * ten minutes of midnight.
 * @throws within ten minutes of midnight.
 */
export function utcDay(now: Date = new Date()): string {
  const left = 86_400 - ((now.getTime() / 1000) % 86_400);
  if (left < QUIET_SECONDS) throw new Error(`UTC midnight is ${Math.round(left)} s away; run this suite after it.`);
  return now.toISOString().slice(0, 10);
}
