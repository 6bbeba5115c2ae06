import { z } from 'zod';

/** How values are written in a file, the environment and flags: the latter two have strings alone. */

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A whole number, as such or in digits. */
export function wholeNumber(least: number, most: number) {
  const said = `must be a whole number from ${least} to ${most}`;
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,15}$/, said)
          .transform(Number),
      ],
      said,
    )
    .pipe(z.number(said).int(said).min(least, said).max(most, said));
}

/** Yes or no, as such or in words. */
export const yesNo = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])], 'must be true or false')
  .transform((value) => value === true || value === 'true' || value === '1');

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** A size in bytes: a number, or a number and a unit (`500MB`, `2GiB`). */
export function byteSize(least: number) {
  const said = `must be a size such as 500MB or 2GiB, at least ${least} bytes`;
  return z
    .union([z.number(), z.string()], said)
    .transform((value) => (typeof value === 'number' ? value : bytesOf(value)))
    .pipe(z.number(said).int(said).min(least, said).max(Number.MAX_SAFE_INTEGER, said));
}

function bytesOf(text: string): number {
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,3})?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = UNITS[unit?.toLowerCase() ?? '?'];
  return digits === undefined || factor === undefined ? Number.NaN : Math.floor(Number(digits) * factor);
}

const LOOPBACK = '127.0.0.1';
const ADDRESS = /^(?:(\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+)?:)?(\d{1,5})$/;

/** Where to listen: `HOST:PORT`, or `:PORT` and `PORT` for this machine alone. Port 0 takes any free one. */
export const listenAddress = z.union([z.number(), z.string()]).transform((value, context): HostPort => {
  const [, host, port] = ADDRESS.exec(String(value)) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    context.addIssue({ code: 'custom', message: 'must be HOST:PORT, or a port of this machine alone' });
    return z.NEVER;
  }
  return { host: host === undefined ? LOOPBACK : host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
});
