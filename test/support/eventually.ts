import { setTimeout as delay } from 'node:timers/promises';

const ATTEMPTS = 600;
const PAUSE_MS = 100;

/**
 * Waits until something that tells no one when it happens has happened.
 * @param attempts so often it is asked for, a tenth of a second apart
 */
export async function eventually(
  what: string,
  happened: () => Promise<boolean>,
  attempts: number = ATTEMPTS,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await happened()) return;
    await delay(PAUSE_MS);
  }
  throw new Error(`Waited in vain for: ${what}`);
}
