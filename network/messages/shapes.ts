import { common, ledger, msp, orderer, peer } from '@hyperledger/fabric-protos';
import {
  BYTES,
  define,
  type FieldShape,
  INT32,
  INT64,
  type MessageShape,
  many,
  map,
  message,
  one,
  TEXT,
  TRUTH,
  UINT32,
} from './shape.js';

/** A kind of message, as Fabric's packages have it. */
export interface MessageType<T> {
  deserializeBinary(bytes: Uint8Array): T;
}

const { lifecycle } = peer;
const { rwset } = ledger;
const { kvrwset } = rwset;

const timestamp = message({ 1: INT64, 2: INT32 });
const envelope = message({ 1: BYTES, 2: BYTES });
const header = message({ 1: BYTES, 2: BYTES });
const signatureHeader = message({ 1: BYTES, 2: BYTES });
const channelHeader = message({
  1: INT32,
  2: INT32,
  3: one(timestamp),
  4: TEXT,
  5: TEXT,
  6: INT64,
  7: BYTES,
  8: BYTES,
});

const groupSoFar: (FieldShape | undefined)[] = [];
const policy = message({ 1: INT32, 2: BYTES });
const configValue = message({ 1: INT64, 2: BYTES, 3: TEXT });
const configPolicy = message({ 1: INT64, 2: one(policy), 3: TEXT });
const configGroup = define(groupSoFar, {
  1: INT64,
  2: map(one(groupSoFar)),
  3: map(one(configValue)),
  4: map(one(configPolicy)),
  5: TEXT,
});
const config = message({ 1: INT64, 2: one(configGroup) });
const configSignature = message({ 1: BYTES, 2: BYTES });

const principal = message({ 1: INT32, 2: BYTES });
const ruleSoFar: (FieldShape | undefined)[] = [];
const rule = define(ruleSoFar, {}, { 1: INT32, 2: one(message({ 1: INT32, 2: many(ruleSoFar) })) });
const signaturePolicy = message({ 1: INT32, 2: one(rule), 3: many(principal) });
const applicationPolicy = message({}, { 1: one(signaturePolicy), 2: TEXT });

const unit = message({ 1: BYTES, 2: TEXT });
const nodeUnits = message({ 1: TRUTH, 2: one(unit), 3: one(unit), 4: one(unit), 5: one(unit) });
const signingIdentity = message({ 1: BYTES, 2: one(message({ 1: TEXT, 2: BYTES })) });
const consenter = message({ 1: UINT32, 2: TEXT, 3: UINT32, 4: TEXT, 5: BYTES, 6: BYTES, 7: BYTES });

const chaincodeId = message({ 1: TEXT, 2: TEXT, 3: TEXT });
const chaincodeInput = message({ 1: BYTES, 2: map(BYTES), 3: TRUTH });
const chaincodeSpec = message({ 1: INT32, 2: one(chaincodeId), 3: one(chaincodeInput), 4: INT32 });
const endorsedAction = message({ 1: BYTES, 2: many(message({ 1: BYTES, 2: BYTES })) });
const response = message({ 1: INT32, 2: TEXT, 3: BYTES });

const collectionPolicy = message({}, { 1: one(signaturePolicy) });
const collection = message({
  1: TEXT,
  2: one(collectionPolicy),
  3: INT32,
  4: INT32,
  5: INT64,
  6: TRUTH,
  7: TRUTH,
  8: one(applicationPolicy),
});

const version = message({ 1: INT64, 2: INT64 });
const read = message({ 1: TEXT, 2: one(version) });
const summary = message({ 1: UINT32, 2: UINT32, 3: BYTES });
const range = message({ 1: TEXT, 2: TEXT, 3: TRUTH }, { 4: one(message({ 1: many(read) })), 5: one(summary) });
const entry = message({ 1: TEXT, 2: BYTES });
const hashedCollection = message({ 1: TEXT, 2: BYTES, 3: BYTES });

/** Of each kind of message that is decoded, all fields that Fabric 3.1 has. */
export const SHAPES: ReadonlyMap<MessageType<unknown>, MessageShape> = new Map<MessageType<unknown>, MessageShape>([
  [common.Envelope, envelope],
  [common.Payload, message({ 1: one(header), 2: BYTES })],
  [common.Header, header],
  [common.ChannelHeader, channelHeader],
  [common.SignatureHeader, signatureHeader],
  [common.IdentifierHeader, message({ 1: UINT32, 2: BYTES })],
  [common.OrdererBlockMetadata, message({ 1: one(message({ 1: INT64 })), 2: BYTES })],
  [common.ConfigEnvelope, message({ 1: one(config), 2: one(envelope) })],
  [common.ConfigUpdateEnvelope, message({ 1: BYTES, 2: many(configSignature) })],
  [common.ConfigUpdate, message({ 1: TEXT, 2: one(configGroup), 3: one(configGroup), 5: map(BYTES) })],
  [common.SignaturePolicyEnvelope, signaturePolicy],
  [common.ImplicitMetaPolicy, message({ 1: TEXT, 2: INT32 })],
  [common.Capabilities, message({ 1: map(one(message({}))) })],
  [common.Orderers, message({ 1: many(consenter) })],
  [orderer.ConsensusType, message({ 1: TEXT, 2: BYTES, 3: INT32 })],
  [msp.SerializedIdentity, message({ 1: TEXT, 2: BYTES })],
  [msp.MSPRole, message({ 1: TEXT, 2: INT32 })],
  [msp.OrganizationUnit, message({ 1: TEXT, 2: TEXT, 3: BYTES })],
  [msp.CombinedPrincipal, message({ 1: many(principal) })],
  [msp.MSPConfig, message({ 1: INT32, 2: BYTES })],
  [
    msp.FabricMSPConfig,
    message({
      1: TEXT,
      2: BYTES,
      3: BYTES,
      4: BYTES,
      5: BYTES,
      6: one(signingIdentity),
      7: many(unit),
      8: one(message({ 1: TEXT, 2: TEXT })),
      9: BYTES,
      10: BYTES,
      11: one(nodeUnits),
    }),
  ],
  [peer.ChaincodeHeaderExtension, message({ 2: one(chaincodeId) })],
  [peer.Transaction, message({ 1: many(message({ 1: BYTES, 2: BYTES })) })],
  [peer.ChaincodeActionPayload, message({ 1: BYTES, 2: one(endorsedAction) })],
  [peer.ChaincodeProposalPayload, message({ 1: BYTES, 2: map(BYTES) })],
  [peer.ChaincodeInvocationSpec, message({ 1: one(chaincodeSpec) })],
  [peer.ProposalResponsePayload, message({ 1: BYTES, 2: BYTES })],
  [peer.ChaincodeAction, message({ 1: BYTES, 2: BYTES, 3: one(response), 4: one(chaincodeId) })],
  [peer.ChaincodeEvent, message({ 1: TEXT, 2: TEXT, 3: TEXT, 4: BYTES })],
  [peer.ApplicationPolicy, applicationPolicy],
  [peer.CollectionConfigPackage, message({ 1: many(message({}, { 1: one(collection) })) })],
  [lifecycle.StateData, message({}, { 1: INT64, 2: BYTES, 3: TEXT })],
  [lifecycle.ChaincodeValidationInfo, message({ 1: TEXT, 2: BYTES })],
  [rwset.TxReadWriteSet, message({ 1: INT32, 2: many(message({ 1: TEXT, 2: BYTES, 3: many(hashedCollection) })) })],
  [
    kvrwset.KVRWSet,
    message({
      1: many(read),
      2: many(range),
      3: many(message({ 1: TEXT, 2: TRUTH, 3: BYTES })),
      4: many(message({ 1: TEXT, 2: many(entry) })),
    }),
  ],
  [
    kvrwset.HashedRWSet,
    message({
      1: many(message({ 1: BYTES, 2: one(version) })),
      2: many(message({ 1: BYTES, 2: TRUTH, 3: BYTES, 4: TRUTH })),
      3: many(message({ 1: BYTES, 2: many(entry) })),
    }),
  ],
]);
