import { status as grpcStatus, Metadata, type ServiceError } from '@grpc/grpc-js';
import { gateway, google } from '@hyperledger/fabric-protos';
import { Stopped } from './committer.js';
import { AccessDenied } from './members.js';
import { Malformed } from './proposal.js';

const DETAIL_TYPE = 'type.googleapis.com/gateway.ErrorDetail';

/** A gRPC error as a gateway peer sends it: the reason in `grpc-status-details-bin`, a general message outside. */
export function gatewayError(
  code: grpcStatus,
  message: string,
  details: readonly { readonly address: string; readonly mspId: string; readonly message: string }[] = [],
): ServiceError {
  const metadata = new Metadata();
  if (details.length > 0) {
    const status = new google.rpc.Status();
    status.setCode(code);
    status.setMessage(message);
    for (const each of details) {
      const detail = new gateway.ErrorDetail();
      detail.setAddress(each.address);
      detail.setMspId(each.mspId);
      detail.setMessage(each.message);
      const any = status.addDetails();
      any.setTypeUrl(DETAIL_TYPE);
      any.setValue(detail.serializeBinary());
    }
    metadata.set('grpc-status-details-bin', Buffer.from(status.serializeBinary()));
  }
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** An error of this ledger's own as a gRPC error. What was not foreseen is not shown to the client. */
export function asGatewayError(error: unknown): ServiceError {
  if (error instanceof AccessDenied) return gatewayError(grpcStatus.PERMISSION_DENIED, error.message);
  if (error instanceof Malformed) return gatewayError(grpcStatus.INVALID_ARGUMENT, error.message);
  if (error instanceof Stopped) return gatewayError(grpcStatus.UNAVAILABLE, error.message);
  if (error instanceof Error && 'code' in error && 'metadata' in error) return error as ServiceError;
  return gatewayError(grpcStatus.INTERNAL, 'the ledger failed to handle the request');
}
