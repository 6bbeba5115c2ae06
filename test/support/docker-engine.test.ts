import { expect, it } from 'vitest';
import { describeWithDocker, TEST_IMAGE } from './docker-engine.js';

describeWithDocker('the engine the tests start', (engine) => {
  it('runs the image it was given', async () => {
    const greeting = await engine.cli('run', '--rm', '--network', 'none', TEST_IMAGE);
    expect(greeting).toBe('Hello from Docker!\n');
  });

  it('comes back after a restart with the image it had', async () => {
    if (process.env.E2L_TEST_DOCKER_HOST) {
      await expect(engine.restart()).rejects.toThrow('not started by the tests');
      return;
    }
    await engine.restart();
    expect(await engine.cli('images', '--format', '{{.Repository}}')).toContain(TEST_IMAGE);
  });
});
