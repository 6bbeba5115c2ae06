import { constants } from 'node:buffer';

/**
 * Why a file cannot be read, as the rest of a sentence that begins with its name, without the full stop.
 * @param error the file system's
 */
export function whyUnreadable(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EISDIR':
      return 'is a folder; give a file';
    case 'EACCES':
    case 'EPERM':
      return `may not be read by this user (${code})`;
    case 'ERR_STRING_TOO_LONG':
    case 'ERR_FS_FILE_TOO_LARGE':
      return `is longer than can be read as one text (${Math.floor(constants.MAX_STRING_LENGTH / 2 ** 20)} MiB)`;
    default:
      return `cannot be read (${code})`;
  }
}
