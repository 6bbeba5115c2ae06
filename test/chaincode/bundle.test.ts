import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bundle = join(root, 'chaincode/dist/contract.bundle.js');
const manifest = join(root, 'chaincode/package.json');

/** As it is deployed: the manifest, the one file, and what npm installs for the dependencies in the manifest. */
let deployed: string;
beforeAll(() => {
  deployed = mkdtempSync(join(tmpdir(), 'event2ledger-contract-'));
  mkdirSync(join(deployed, 'dist'));
  copyFileSync(manifest, join(deployed, 'package.json'));
  copyFileSync(bundle, join(deployed, 'dist/contract.bundle.js'));
  mkdirSync(join(deployed, 'node_modules'));
  const { dependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(root, 'node_modules', name), join(deployed, 'node_modules', name));
  }
});
afterAll(() => rmSync(deployed, { recursive: true, force: true }));

/** Runs a script in a process of its own, in the deployed folder, and reads the JSON it prints. */
function run(script: string, folder = deployed, kind = 'commonjs'): unknown {
  const output = execFileSync(process.execPath, [`--input-type=${kind}`, '-e', script], {
    cwd: folder,
    env: { ...process.env, CORE_CHAINCODE_LOGGING_LEVEL: 'CRITICAL' },
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

describe('the bundle', () => {
  it("loads under fabric-shim's own loader and lists its transactions", () => {
    // What `fabric-chaincode-node start` does before it connects to a peer.
    const metadata = run(`
      const Bootstrap = require('fabric-shim/lib/contract-spi/bootstrap');
      const ChaincodeFromContract = require('fabric-shim/lib/contract-spi/chaincodefromcontract');
      const { contracts, serializers, title, version } = Bootstrap.getInfoFromContract(process.cwd());
      const { metadata } = new ChaincodeFromContract(contracts, serializers, {}, title, version);
      console.log(JSON.stringify(metadata));
    `) as {
      info: { title: string };
      contracts: Record<string, { transactions: { name: string; tag: string[]; parameters: { name: string }[] }[] }>;
    };
    expect(metadata.info.title).toBe('event2ledger-chaincode');
    const listed = metadata.contracts.event2ledger?.transactions.map(
      ({ name, tag, parameters }) => `${tag[0]} ${name}(${parameters.map((parameter) => parameter.name).join(', ')})`,
    );
    expect(listed?.sort()).toEqual([
      'EVALUATE GetAnchors(day, bookmark)',
      'EVALUATE GetCollector(actor, collector)',
      'EVALUATE GetCollectors()',
      'EVALUATE GetDispute(finding)',
      'EVALUATE GetDisputedEvents(day, bookmark)',
      'EVALUATE GetDisputes(bookmark)',
      'EVALUATE GetEvent(reference)',
      'EVALUATE GetEvents(fromNanos, toNanos, bookmark)',
      'EVALUATE GetPolicies()',
      'EVALUATE GetPolicy(number)',
      'EVALUATE GetVersion()',
      'EVALUATE QueryEvents(selector, bookmark)',
      'SUBMIT AnchorReport(json)',
      'SUBMIT AnswerDispute(json)',
      'SUBMIT ApprovePolicy(number, hash)',
      'SUBMIT Attest(batchJson)',
      'SUBMIT CloseDispute(json)',
      'SUBMIT OpenDispute(json)',
      'SUBMIT ProposePolicy(policyText)',
    ]);
  });

  it('needs nothing but its manifest and the dependencies in it', () => {
    const required = [...readFileSync(bundle, 'utf8').matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = '']) => name);
    const { dependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies: Record<string, string> };
    const foreign = new Set(required.filter((name) => !/^(node:|crypto$|fs$|path$)/.test(name)));
    expect([...foreign].filter((name) => !(name in dependencies))).toEqual([]);
    expect(foreign.size).toBeGreaterThan(0);
  });

  it('gives the hash of its own file as its version', async () => {
    const answer = run(`
      const { contracts: [AttestationContract] } = require('./dist/contract.bundle.js');
      new AttestationContract().GetVersion().then((answer) => console.log(answer));
    `) as { version: string; bundle: string };
    expect(answer.bundle).toBe(createHash('sha256').update(readFileSync(bundle)).digest('hex'));
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(answer.version).toBe(version);
  });

  it('has the same bytes when it is built again', () => {
    const again = join(deployed, 'again.js');
    execFileSync(process.execPath, [join(root, 'chaincode/build.mjs'), again], { cwd: deployed });
    expect(readFileSync(again).equals(readFileSync(bundle))).toBe(true);
  });

  it('names no path of the machine it was built on', () => {
    expect(readFileSync(bundle, 'utf8').includes(root)).toBe(false);
  });
});

describe('the unbundled contract', () => {
  it('has named exports for an ES module', () => {
    const script = `
      import { AttestationContract, CONTRACT_VERSION, contracts } from '#contract';
      import { canonicalEvent, certificateNames, isApproved, parseBatch } from '#chaincode';
      const functions = [canonicalEvent, certificateNames, isApproved, parseBatch].map((each) => typeof each);
      console.log(JSON.stringify([AttestationContract === contracts[0], CONTRACT_VERSION, ...functions]));
    `;
    expect(run(script, root, 'module')).toEqual([true, '0.1.0', 'function', 'function', 'function', 'function']);
  });
});
