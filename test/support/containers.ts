import type Docker from 'dockerode';
import { TEST_IMAGE } from './docker-engine.js';

const AT_A_TIME = 8;

/** Does something for each name, several at a time. */
export async function forEachOf(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const queue = names.values();
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (const name of queue) await work(name);
    }),
  );
}

export function names(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
}

/** A container that is made and thrown away: two events. */
export async function conceived(docker: Docker, name: string): Promise<void> {
  const container = await docker.createContainer({ ...SETTINGS, name });
  await container.remove();
}

/** A container's whole life: create, connect, start, die, disconnect, destroy. */
export async function lived(docker: Docker, name: string): Promise<void> {
  const container = await docker.createContainer({ ...SETTINGS, name });
  await container.start();
  await container.wait();
  await container.remove();
}

/** A container that is made and gets another name so many times: `times` + 2 events. */
export async function renamed(docker: Docker, name: string, times: number): Promise<void> {
  const container = await docker.createContainer({ ...SETTINGS, name });
  for (let time = 1; time <= times; time++) await container.rename({ name: `${name}-${time}` });
  await container.remove();
}

const SETTINGS = { Image: TEST_IMAGE, HostConfig: { NetworkMode: 'none' } } as const;
