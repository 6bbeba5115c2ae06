import { describe, expect, it } from 'vitest';
import { certificateNames, isAdmin } from '#chaincode';
import { adminOf, collectorOf, issue } from './support/identities.js';

const refused = expect.objectContaining({ name: 'RecordError', code: 'CERTIFICATE' });

describe('the names in a certificate', () => {
  it('are its common name and its units', async () => {
    const names = certificateNames((await collectorOf('UserMSP', 'collector-7')).certificate);
    expect(names).toEqual({ commonName: 'collector-7', units: ['client'] });
    expect(isAdmin(names)).toBe(false);
  });

  it('make an admin by the unit "admin", one of several too', async () => {
    expect(isAdmin(certificateNames((await adminOf('UserMSP')).certificate))).toBe(true);
    const both = await issue('UserMSP', [{ CN: ['root'] }, { OU: ['client'] }, { OU: ['admin'] }]);
    expect(isAdmin(certificateNames(both.certificate))).toBe(true);
  });

  it.each(['administrator', 'Admin', 'client/OU=admin', 'x\nOU=admin', 'x, OU=admin'])(
    'make no admin by the unit %j',
    async (unit) => {
      const { certificate } = await issue('UserMSP', [{ CN: ['mallory'] }, { OU: [unit] }]);
      expect(isAdmin(certificateNames(certificate))).toBe(false);
    },
  );

  it('are the same however many certificates were read between', async () => {
    const { certificate } = await collectorOf('UserMSP', 'collector-7');
    const first = certificateNames(certificate);
    // Other bytes, the same certificate: as good as another one to what remembers them.
    for (let index = 1; index <= 300; index++) certificateNames(`${certificate}${'\n'.repeat(index)}`);
    expect(certificateNames(certificate)).toEqual(first);
  });

  it('must have exactly one common name', async () => {
    const [two, none] = await Promise.all([
      issue('UserMSP', [{ CN: ['collector-1'] }, { CN: ['collector-2'] }]),
      issue('UserMSP', [{ OU: ['admin'] }]),
    ]);
    for (const { certificate } of [two, none]) expect(() => certificateNames(certificate)).toThrow(refused);
  });

  it('come from one certificate and nothing around it', async () => {
    const [a, b] = await Promise.all([collectorOf('UserMSP', 'a'), collectorOf('UserMSP', 'b')]);
    for (const text of [a.certificate + b.certificate, `x\n${a.certificate}`, `${a.certificate}x`, '', 'x']) {
      expect(() => certificateNames(text)).toThrow(refused);
    }
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(() => certificateNames(broken)).toThrow(refused);
  });
});
