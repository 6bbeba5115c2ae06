import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** The machine in a few words: processors, memory, Node. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [high = Number.NaN, low = Number.NaN] = [sorted[middle], sorted[middle - 1]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** What a process has used, from Linux's /proc: seconds of CPU, and resident memory in MiB now and at the most. */
export function usageOf(pid: number): { readonly cpu: number; readonly rss: number; readonly peak: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name, may hold blanks; the others follow its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
}
