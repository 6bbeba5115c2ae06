import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../collector/log.js';
import { NetworkError } from '../../network/errors.js';
import { FakeLedger, unreachable } from './fake-ledger.js';
import { S, Watching } from './watching.js';

const its = new Watching();

describe('a ledger that is away', () => {
  async function expiredCertificate(): Promise<string> {
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=collector-1',
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2021-01-01T00:00:00Z'),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys,
    });
    return certificate.toString('pem');
  }

  const refuse = () => {
    throw new NetworkError('REFUSED', 'creator is not valid');
  };

  it.each([
    ['does not answer', false, unreachable],
    ["takes no more of the collector's expired certificate", true, refuse],
  ])('because it %s: said once, and all comes onto it later', async (_, expired, fails) => {
    its.ledger = new FakeLedger('UserMSP', 'collector-1', expired ? await expiredCertificate() : '');
    const warned: string[] = [];
    const log = { ...silentLog, warn: (text: string) => warned.push(text) };
    const collector = await its.begin({}, log);
    let tries = 0;
    its.ledger.beforeSubmit = () => {
      tries++;
      fails();
    };
    its.ledger.beforeEvaluate = () => fails();
    for (let index = 0; index < 300; index++) its.engine.happens(`meanwhile ${index}`);
    await expect.poll(() => tries, { timeout: 10_000 }).toBeGreaterThan(8);
    expect(warned).toEqual([expect.stringContaining(expired ? 'expired at 2021-01-01' : 'does not answer')]);
    its.ledger.beforeSubmit = () => {};
    its.ledger.beforeEvaluate = () => {};
    await its.attested('meanwhile 299');
    await collector.end();
    expect(its.objects()).toHaveLength(301);
    expect(its.gaps()).toEqual([]);
    expect(its.ledger.faults()).toEqual([]);
  });
});

describe('two collectors of one actor on one engine', () => {
  it('attest the same, each in its own run, and are named to each other', async () => {
    const other = new FakeLedger('UserMSP', 'collector-2');
    const said: string[] = [];
    const first = await its.begin();
    await its.claimed('ENGINE');
    const { batch } = its.ledger.accepted.at(-1) ?? { batch: undefined };
    if (batch !== undefined) other.others = [{ actor: 'UserMSP', ...batch }];
    const second = its.start(
      {},
      { ...silentLog, warn: (text) => said.push(text) },
      {
        connection: other,
        spool: join(its.dir, 'second.db'),
      },
    );
    await expect.poll(() => its.engine.streams).toBe(2);
    its.engine.now += 5n * S;
    await other.until(() => other.batches().some(({ batch }) => batch.watches.length > 0));
    its.engine.happens('two');
    await Promise.all([its.attested('two'), its.attested('two', other)]);
    await expect.poll(() => said).toEqual([expect.stringContaining('collector-1 watches ENGINE too')]);
    await Promise.all([first.end(), second.end()]);
    expect([...its.ledger.faults(), ...other.faults()]).toEqual([]);
    expect(its.objects(other)).toEqual(['two']);
  });
});
