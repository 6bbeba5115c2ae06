// `npm run campaign -- --kills 500 --seed S`: the suite beside this file, with more kills and a seed to repeat.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '500' }, seed: { type: 'string' } } });
for (const [name, value] of Object.entries(values)) {
  if (!/^\d{1,9}$/.test(value)) {
    console.error(`--${name} "${value}" is no whole number.`);
    process.exit(2);
  }
}
const seed = values.seed ?? String(Date.now() % 1_000_000);
const env = { ...process.env, E2L_CAMPAIGN_KILLS: values.kills, E2L_CAMPAIGN_SEED: seed };
const { status } = spawnSync('npx', ['vitest', 'run', 'test/campaign', '--disable-console-intercept'], {
  stdio: 'inherit',
  env,
});
process.exit(status ?? 2);
