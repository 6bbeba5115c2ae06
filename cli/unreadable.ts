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
    default:
      return `cannot be read (${code})`;
  }
}
