import { describe, it } from 'vitest';
import { lackingPrograms } from '../../network/fabric/programs.js';

/** Why no Fabric network can be started here; `undefined` if one can. */
export function fabricLacks(): string | undefined {
  const lacking = lackingPrograms(process.env, process.cwd());
  return lacking.length === 0 ? undefined : `Fabric's ${lacking.join(', ')} cannot be found on PATH or in ./bin`;
}

/**
 * `describe` for suites that need Fabric's programs. Where they cannot be had, the suite is left out and says why; with
 * `E2L_REQUIRE_FABRIC=1` it fails instead.
 */
export function describeWithFabric(name: string, suite: () => void): void {
  const reason = fabricLacks();
  if (reason === undefined) {
    describe(name, suite);
    return;
  }
  if (process.env.E2L_REQUIRE_FABRIC === '1') throw new Error(`${name} needs Fabric: ${reason}`);
  console.warn(`left out: ${name}: ${reason}`);
  describe(name, () => it.skip(`left out: ${reason}`, () => {}));
}

/** The same suite for each of several values, whose name stands for `%s` in the suite's. */
describeWithFabric.each =
  <T extends string>(values: readonly T[]) =>
  (name: string, suite: (value: T) => void): void => {
    for (const value of values) describeWithFabric(name.replace('%s', value), () => suite(value));
  };
