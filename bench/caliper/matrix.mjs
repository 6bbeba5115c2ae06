// Caliper on a network for each consensus and block size, one after the other; each report is named after both.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'caliper' },
    seconds: { type: 'string', default: '15' },
    batches: { type: 'string', default: '1,100,500,1000' },
    consensus: { type: 'string', default: 'raft,bft' },
    blocks: { type: 'string', default: '20,50,500' },
  },
});
const event2ledger = fileURLToPath(new URL('../../dist/event2ledger.js', import.meta.url));
const caliper = fileURLToPath(new URL('run.mjs', import.meta.url));

for (const consensus of values.consensus.split(',')) {
  for (const transactions of values.blocks.split(',')) {
    const folder = mkdtempSync(join(tmpdir(), 'event2ledger-caliper-'));
    const network = join(folder, 'network');
    try {
      await run(
        event2ledger,
        'network',
        'up',
        '--data',
        network,
        '--consensus',
        consensus,
        '--block-transactions',
        transactions,
      );
      const out = resolve(values.out, `${consensus}-${transactions}`);
      const rounds = ['--seconds', values.seconds, '--batches', values.batches];
      await run(caliper, '--network', network, '--label', `${consensus}, ${transactions}`, '--out', out, ...rounds);
    } finally {
      if (existsSync(join(network, 'network.json'))) await run(event2ledger, 'network', 'clean', '--data', network);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function run(program, ...args) {
  const [code] = await once(spawn(process.execPath, [program, ...args], { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`"${args.join(' ')}" ended with ${code}`);
}
