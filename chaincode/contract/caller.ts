import type { Context } from 'fabric-contract-api';
import { certificateNames, isAdmin, NAME } from '../record/index.js';
import { ContractError, quoted } from './errors.js';

/** Who signed the transaction, as the peer has verified it. */
export interface Caller {
  /** The MSP. */
  readonly actor: string;
  /** The certificate's common name. */
  readonly name: string;
  readonly admin: boolean;
}

/**
 * Reads the caller from the transaction's creator.
 * @throws ContractError `IDENTITY` if its names cannot be part of a state key, RecordError `CERTIFICATE`.
 */
export function callerOf(ctx: Context): Caller {
  const actor = ctx.clientIdentity.getMSPID();
  const names = certificateNames(Buffer.from(ctx.clientIdentity.getIDBytes()).toString());
  for (const [what, name] of [
    ['MSP ID', actor],
    ["certificate's common name", names.commonName],
  ] as const) {
    if (!NAME.test(name)) {
      throw new ContractError(
        'IDENTITY',
        `The ${what} ${quoted(name)} cannot be used: names are 1 to 64 letters, digits, dots, dashes and underscores.`,
      );
    }
  }
  return { actor, name: names.commonName, admin: isAdmin(names) };
}

/**
 * The caller, who must hold an admin certificate.
 * @throws ContractError `NOT_ADMIN`.
 */
export function adminOf(ctx: Context): Caller {
  const caller = callerOf(ctx);
  if (!caller.admin) {
    throw new ContractError(
      'NOT_ADMIN',
      `${caller.name} of ${caller.actor} holds no admin certificate (organisational unit "admin"); policies need one.`,
    );
  }
  return caller;
}
