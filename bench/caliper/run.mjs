// Runs Caliper on a network in a folder and writes its HTML report. See README.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    network: { type: 'string' },
    out: { type: 'string', default: 'report' },
    label: { type: 'string', default: '' },
    seconds: { type: 'string', default: '15' },
    batches: { type: 'string', default: '1,100,500,1000' },
  },
});
if (values.network === undefined) {
  console.error('Name the folder of the network: npm run bench -- --network DIR');
  process.exit(2);
}

/** Transactions a second, by how many attestations each holds: up to what a small machine does, and beyond. */
const RATES = new Map([
  [1, [10, 25, 50]],
  [100, [2, 5, 10]],
  [500, [1, 2, 5]],
  [1000, [1, 2, 3]],
]);

const label = values.label === '' ? '' : `${values.label}: `;
const actors = profilesOf(values.network);
const out = resolve(values.out);
mkdirSync(out, { recursive: true });
// JSON is YAML.
write('network.yaml', networkConfig(actors));
write('benchmark.yaml', benchmarkConfig(actors));
process.exitCode = await launch();

/** Each actor's collector, as `network up` (and `ledger serve`) leaves its profile. */
function profilesOf(network) {
  const folder = join(network, 'actors');
  return readdirSync(folder)
    .sort()
    .map((actor) => {
      const file = resolve(folder, actor, 'collector-1', 'profile.json');
      return { folder: dirname(file), ...JSON.parse(readFileSync(file, 'utf8')) };
    });
}

function networkConfig(profiles) {
  const [{ channel, chaincode }] = profiles;
  return {
    name: 'event2ledger',
    version: '2.0.0',
    caliper: { blockchain: 'fabric' },
    channels: [{ channelName: channel, contracts: [{ id: chaincode }] }],
    organizations: profiles.map(({ mspId, folder, certificate, privateKey, endpoint, tlsCaCert }) => ({
      mspid: mspId,
      identities: {
        certificates: [
          {
            name: 'collector-1',
            clientPrivateKey: { path: resolve(folder, privateKey) },
            clientSignedCert: { path: resolve(folder, certificate) },
          },
        ],
      },
      peers: [{ endpoint, tlsCACerts: { path: resolve(folder, tlsCaCert) }, grpcOptions: {} }],
    })),
  };
}

function benchmarkConfig(profiles) {
  const sizes = values.batches.split(',').map(Number);
  const rounds = sizes.flatMap((size) =>
    (RATES.get(size) ?? [1, 2, 4]).map((tps) => ({
      label: `${label}${size} a transaction, ${tps} tx/s`,
      description: `${size} attestations a transaction, ${tps} transactions a second sent: ${size * tps} attestations a second`,
      txDuration: Number(values.seconds),
      rateControl: { type: 'fixed-rate', opts: { tps } },
      workload: {
        module: join(HERE, 'attest.cjs'),
        arguments: { size, chaincode: profiles[0].chaincode, actors: profiles.map(({ mspId }) => mspId) },
      },
    })),
  );
  return {
    test: {
      name: `${label}event2ledger`,
      description: 'Attest: batches of container events of about 650 bytes, from the collectors of all actors',
      workers: { number: profiles.length },
      rounds,
    },
  };
}

function write(name, content) {
  writeFileSync(join(out, name), `${JSON.stringify(content, null, 2)}\n`);
}

async function launch() {
  const caliper = createRequire(import.meta.url).resolve('@hyperledger/caliper-cli/caliper.js');
  const args = ['launch', 'manager', '--caliper-workspace', out, '--caliper-networkconfig', 'network.yaml'];
  const more = [
    '--caliper-benchconfig',
    'benchmark.yaml',
    '--caliper-flow-only-test',
    '--caliper-report-path',
    'report.html',
  ];
  const child = spawn(process.execPath, [caliper, ...args, ...more], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code === 0) console.log(`The report is ${join(out, 'report.html')}.`);
  return code ?? 1;
}
