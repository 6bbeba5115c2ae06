import { readFileSync } from 'node:fs';

/** Where Debian's `busybox-static` puts it. */
export const BUSYBOX = '/bin/busybox';

const APPLETS = ['sh', 'sleep', 'true', 'false', 'echo', 'cat', 'tail', 'dd', 'kill', 'id', 'ls'];
const BLOCK = 512;

/**
 * A root file system as a tar: busybox, its links, an empty /tmp. Small enough to import into an engine that
 * cannot reach a registry.
 */
export function busyboxTar(busybox: string = BUSYBOX): Buffer {
  const binary = readFileSync(busybox);
  const entries = [
    header('bin/', { mode: 0o755, type: '5' }),
    header('tmp/', { mode: 0o1777, type: '5' }),
    header('bin/busybox', { mode: 0o755, type: '0', size: binary.length }),
    binary,
    Buffer.alloc((BLOCK - (binary.length % BLOCK)) % BLOCK),
    ...APPLETS.map((applet) => header(`bin/${applet}`, { mode: 0o777, type: '2', link: 'busybox' })),
  ];
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

/** Whether an ELF program names no loader: only such a one runs in an image that holds nothing else. */
export function isStatic(program: string): boolean {
  return !readFileSync(program).subarray(0, 4096).includes('/ld-');
}

interface TarEntry {
  readonly mode: number;
  readonly type: '0' | '2' | '5';
  readonly size?: number;
  readonly link?: string;
}

function header(name: string, { mode, type, size = 0, link = '' }: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0, 100, 'utf8');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(link, 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
