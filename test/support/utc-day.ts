const DAY_MS = 86_400_000;

/** The UTC days from one moment to another, both included: a suite of minutes may see midnight pass. */
export function utcDays(from: Date, to: Date): string[] {
  const first = Math.floor(from.getTime() / DAY_MS);
  const last = Math.floor(to.getTime() / DAY_MS);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    new Date((first + index) * DAY_MS).toISOString().slice(0, 10),
  );
}
