import { afterAll, describe, it } from 'vitest';
import { type DockerEngine, dockerAvailable, startDockerEngine } from '../../bench/docker-engine.js';

export { cliAt, dockerAvailable, ensureImage, TEST_IMAGE, whenAnswering } from '../../bench/docker-engine.js';

/**
 * `describe` for suites that need a real engine. It gets a running one, which ends with the suite. Where none can be
 * had, the suite is left out and says why; with `E2L_REQUIRE_DOCKER=1` it fails instead.
 */
export function describeWithDocker(name: string, suite: (engine: DockerEngine) => void): void {
  // Vitest awaits the factory while it collects: only there can a suite still be left out.
  describe(name, async () => {
    const engine = await startOrReason();
    if (typeof engine === 'string') {
      if (process.env.E2L_REQUIRE_DOCKER === '1') throw new Error(`${name} needs a Docker engine: ${engine}`);
      console.warn(`left out: ${name}: ${engine}`);
      it.skip(`left out: ${engine}`, () => {});
      return;
    }
    afterAll(() => engine.stop());
    suite(engine);
  });
}

async function startOrReason(): Promise<DockerEngine | string> {
  const available = dockerAvailable();
  if (!available.ok) return available.reason;
  try {
    return await startDockerEngine();
  } catch (error) {
    return `the engine did not start: ${(error as Error).message}`;
  }
}
