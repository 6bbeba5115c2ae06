import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Read by anyone but the owner, or changed. */
const OTHERS = 0o077;
/**
 * systemd gives a service's user its credentials by an access control list, which shows as a group's right to read; the
 * folder around them is that user's alone.
 */
const OTHERS_IN_CREDENTIALS = 0o037;

/**
 * The mode of a file that somebody besides its owner may read or change, as four octal digits; `undefined` if it is its
 * owner's alone. Windows has no such modes.
 * @param credentials systemd's CREDENTIALS_DIRECTORY, if there is one
 * @throws the file system's error if the file is not there
 */
export function modeOpenToOthers(file: string, credentials?: string): string | undefined {
  const { mode } = statSync(file);
  if (process.platform === 'win32') return undefined;
  const given = credentials !== undefined && credentials !== '' && dirname(resolve(file)) === resolve(credentials);
  if ((mode & (given ? OTHERS_IN_CREDENTIALS : OTHERS)) === 0) return undefined;
  return (mode & 0o777).toString(8).padStart(4, '0');
}
