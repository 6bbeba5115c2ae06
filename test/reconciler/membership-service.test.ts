import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { msp } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NodeUnits, Organisation, Unit } from '../../reconciler/ledger/channel-config.js';
import { type Identity, MembershipService } from '../../reconciler/ledger/identity.js';
import { satisfies } from '../../reconciler/ledger/principal.js';
import { describeWithOpenssl, OpensslCa, type OpensslKind } from '../support/openssl-ca.js';

const ROLES = ['client', 'peer', 'admin', 'orderer'] as const;
const { MSPRoleType } = msp.MSPRole;
const P384: OpensslKind = { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], digest: 'sha384' };
const P521: OpensslKind = { key: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], digest: 'sha512' };
const RSA: OpensslKind = { key: ['rsa:2048'], digest: 'sha512' };
const ED25519: OpensslKind = { key: ['ed25519'] };

describeWithOpenssl('an organisation’s certificates, made by openssl,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'e2l-membership-'));
  let root: OpensslCa;
  let other: OpensslCa;

  beforeAll(() => {
    root = new OpensslCa(join(folder, 'root'), 'root');
    other = new OpensslCa(join(folder, 'other'), 'other');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const unit = (name: string, certifier?: string): Unit => ({ name, certifier });
  const unitsOf = (certifier?: string): NodeUnits => ({
    client: unit('client', certifier),
    peer: unit('peer', certifier),
    admin: unit('admin', certifier),
    orderer: unit('orderer', certifier),
  });

  function service(wishes: Partial<Organisation> = {}): MembershipService {
    return new MembershipService({
      mspId: 'AliceMSP',
      roots: [root.certificate],
      intermediates: [],
      admins: [],
      revocationLists: [],
      nodeUnits: unitsOf(),
      requiredUnits: [],
      ...wishes,
    });
  }

  /** What Fabric's principals say of an identity. */
  function rolesOf(identity: Identity | undefined): string[] {
    if (identity === undefined) return ['nobody'];
    return [...ROLES, 'member' as const].filter((name) => {
      const role = new msp.MSPRole();
      role.setMspIdentifier('AliceMSP');
      role.setRole(MSPRoleType[name.toUpperCase() as Uppercase<typeof name>]);
      return satisfies(identity, principal('ROLE', role.serializeBinary()));
    });
  }

  function principal(kind: keyof typeof msp.MSPPrincipal.Classification, bytes: Uint8Array): msp.MSPPrincipal {
    const made = new msp.MSPPrincipal();
    made.setPrincipalClassification(msp.MSPPrincipal.Classification[kind]);
    made.setPrincipal(bytes);
    return made;
  }

  it('have the role that their unit tells, and no other', () => {
    for (const role of ROLES) {
      const { certificate } = root.issue(`one-${role}`, role, 'accounting');
      expect(rolesOf(service().identify(certificate))).toEqual([role, 'member']);
    }
  });

  it('count for nothing with no unit that tells a role, with two, or with the same twice', () => {
    for (const [index, units] of [[], ['accounting'], ['client', 'admin'], ['peer', 'peer']].entries()) {
      const identity = service().identify(root.issue(`unclear-${index}`, ...units).certificate);
      expect(identity?.isValid).toBe(false);
      expect(rolesOf(identity)).toEqual([]);
    }
  });

  it('tell no roles where the configuration has no units for them, but are members', () => {
    const { certificate } = root.issue('plain', 'admin', 'client');
    expect(rolesOf(service({ nodeUnits: undefined }).identify(certificate))).toEqual(['member']);
    const none = { client: undefined, peer: undefined, admin: undefined, orderer: undefined };
    const some = { ...none, client: unit('client') };
    expect(rolesOf(service({ nodeUnits: some }).identify(certificate))).toEqual(['client', 'member']);
  });

  it('are admins’ by being listed, whatever their unit is', () => {
    const { certificate } = root.issue('listed', 'client');
    const stranger = root.issue('not-listed', 'client').certificate;
    const listing = { admins: [certificate] };
    expect(rolesOf(service(listing).identify(certificate))).toEqual(['client', 'admin', 'member']);
    expect(rolesOf(service({ ...listing, nodeUnits: undefined }).identify(certificate))).toEqual(['admin', 'member']);
    expect(rolesOf(service(listing).identify(stranger))).toEqual(['client', 'member']);
    expect(rolesOf(service({ admins: [stranger] }).identify(other.issue('x', 'client').certificate))).toEqual([
      'nobody',
    ]);
  });

  it('count only from the CA that is named as the certifier of their unit', () => {
    const roots = [root.certificate, other.certificate];
    const nodeUnits = { ...unitsOf(root.certificate), client: unit('client') };
    const rules = service({ roots, nodeUnits });
    expect(rolesOf(rules.identify(root.issue('p', 'peer').certificate))).toEqual(['peer', 'member']);
    expect(rolesOf(rules.identify(other.issue('p', 'peer').certificate))).toEqual([]);
    expect(rolesOf(rules.identify(other.issue('a', 'admin').certificate))).toEqual([]);
    expect(rolesOf(rules.identify(other.issue('c', 'client').certificate))).toEqual(['client', 'member']);
  });

  it('need one of the units that all must have, certified by the CA named', () => {
    const roots = [root.certificate, other.certificate];
    const requiredUnits = [unit('sales', root.certificate), unit('support', other.certificate)];
    const rules = service({ roots, requiredUnits });
    expect(rules.identify(root.issue('s1', 'client', 'sales').certificate)?.isValid).toBe(true);
    expect(rules.identify(other.issue('s2', 'client', 'support').certificate)?.isValid).toBe(true);
    expect(rules.identify(other.issue('s3', 'client', 'sales').certificate)?.isValid).toBe(false);
    expect(rules.identify(root.issue('s4', 'client').certificate)?.isValid).toBe(false);
  });

  it('come from a CA at the end of the tree alone: not from one that certified another', () => {
    const middle = new OpensslCa(join(folder, 'middle'), 'middle', undefined, root);
    const leaf = new OpensslCa(join(folder, 'leaf'), 'leaf', undefined, middle);
    const intermediates = [middle.certificate, leaf.certificate];
    const rules = service({ intermediates, nodeUnits: unitsOf(leaf.certificate) });
    const identity = rules.identify(leaf.issue('good', 'peer').certificate);
    expect(rolesOf(identity)).toEqual(['peer', 'member']);
    expect(rules.identify(middle.issue('inner', 'peer').certificate)).toBeUndefined();
    expect(rules.identify(root.issue('upper', 'peer').certificate)).toBeUndefined();
    expect(rules.identify(leaf.certificate)).toBeUndefined();
    // Without the CA between them it leads to no root.
    expect(service({ intermediates: [leaf.certificate] }).identify(leaf.issue('lost', 'peer').certificate)).toBe(
      undefined,
    );

    const named = new msp.OrganizationUnit();
    named.setMspIdentifier('AliceMSP');
    named.setOrganizationalUnitIdentifier('peer');
    const chain = [leaf, middle, root].map(({ certificate }) => new X509Certificate(certificate).raw);
    const whole = createHash('sha256').update(Buffer.concat(chain)).digest();
    for (const [certifiers, isMeant] of [
      [whole, true],
      [
        createHash('sha256')
          .update(Buffer.concat(chain.slice(0, 1)))
          .digest(),
        false,
      ],
      [Buffer.alloc(0), false],
    ] as const) {
      named.setCertifiersIdentifier(certifiers);
      const meant = principal('ORGANIZATION_UNIT', named.serializeBinary());
      expect(identity !== undefined && satisfies(identity, meant)).toBe(isMeant);
      const both = new msp.CombinedPrincipal();
      both.setPrincipalsList([meant, meant]);
      expect(identity !== undefined && satisfies(identity, principal('COMBINED', both.serializeBinary()))).toBe(
        isMeant,
      );
    }
    const nothing = principal('COMBINED', new msp.CombinedPrincipal().serializeBinary());
    expect(identity !== undefined && satisfies(identity, nothing)).toBe(false);
  });

  it.each([
    ['P-256 with SHA-256', undefined],
    ['P-384 with SHA-384', P384],
    ['P-521 with SHA-512', P521],
    ['P-384 with SHA-1', { ...P384, digest: 'sha1' }],
    ['RSA with SHA-512', RSA],
    ['RSA with SHA-384', { ...RSA, digest: 'sha384' }],
    ['Ed25519', ED25519],
  ] as const)('are revoked by a list that a CA signed by %s, and by no altered one', (name, kind) => {
    const ca = new OpensslCa(join(folder, name.replaceAll(' ', '-')), name, kind);
    const gone = ca.issue('gone', 'peer').certificate;
    const kept = ca.issue('kept', 'peer').certificate;
    const list = ca.revoke('gone');
    const of = (revocationLists: readonly Uint8Array[]) => service({ roots: [ca.certificate], revocationLists });
    expect(of([]).identify(gone)?.isRevoked).toBe(false);
    expect(of([list]).identify(gone)).toMatchObject({ isRevoked: true, isValid: false });
    expect(rolesOf(of([list]).identify(gone))).toEqual([]);
    expect(of([list]).identify(kept)).toMatchObject({ isRevoked: false, isValid: true });
    const pem = `-----BEGIN X509 CRL-----\n${Buffer.from(list).toString('base64')}\n-----END X509 CRL-----\n`;
    expect(of([Buffer.from(pem)]).identify(gone)).toMatchObject({ isRevoked: true, isValid: false });
    expect(of([Buffer.from(pem)]).identify(kept)).toMatchObject({ isRevoked: false, isValid: true });
    const altered = Uint8Array.from(list);
    altered[altered.length - 3] = (altered.at(-3) ?? 0) ^ 1;
    expect(of([altered]).identify(gone)?.isRevoked).toBe(false);
  });
});
