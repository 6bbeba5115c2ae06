import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/**
 * Removes an engine's folder with what it left mounted in it: dockerd ends without unmounting the host's network
 * namespace, or the overlay of a container that was being created.
 */
export function removeWithMounts(dir: string): void {
  // The newest mount may lie on an older one. Lazily: the kernel may not have let go of it yet.
  for (const point of mountPointsBelow(dir).reverse()) spawnSync('umount', ['--lazy', point]);
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

// The fifth field of proc(5)'s mountinfo, where blanks and backslashes are octal escapes.
function mountPointsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescapeOctal(line.split(' ')[4] ?? ''))
    .filter((point) => point.startsWith(`${dir}/`));
}

function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
