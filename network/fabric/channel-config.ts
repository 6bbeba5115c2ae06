import { join } from 'node:path';
import { stringify } from 'yaml';
import type { NetworkLayout } from './layout.js';

/** The profile's name within `configtx.yaml`. */
export const CHANNEL_PROFILE = 'Event2ledger';

const HOST = 'localhost';

/**
 * What configtxgen makes the genesis block from. Each actor is in the section of the orderers and in that of the
 * applications with one and the same membership service; the auditor in the first alone.
 */
export function configtxYaml(layout: NetworkLayout): string {
  const { actors } = layout.settings;
  return stringify(
    {
      Profiles: {
        [CHANNEL_PROFILE]: {
          Capabilities: { V3_0: true },
          Policies: metaPolicies(),
          Orderer: {
            ...consensus(layout),
            ...blocks(layout),
            Organizations: layout.organisations.map((name) => organisation(layout, name)),
            // Of a BFT channel, configtxgen replaces the last one by what it computes from the consenters.
            Policies: { ...metaPolicies(), BlockValidation: meta('ANY Writers') },
            Capabilities: { V2_0: true },
          },
          Application: {
            Organizations: actors.map((name) => ({
              ...organisation(layout, name),
              AnchorPeers: [{ Host: HOST, Port: layout.node('peer', name).port }],
            })),
            Policies: {
              ...metaPolicies(),
              Endorsement: meta('MAJORITY Endorsement'),
              LifecycleEndorsement: meta('MAJORITY Endorsement'),
            },
            Capabilities: { V2_5: true },
          },
        },
      },
    },
    { aliasDuplicateObjects: false },
  );
}

function organisation(layout: NetworkLayout, name: string): object {
  const anyOf = (...roles: string[]) => ({
    Type: 'Signature',
    Rule: `OR(${roles.map((role) => `'${name}.${role}'`).join(',')})`,
  });
  return {
    Name: name,
    ID: name,
    MSPDir: join(layout.organisationFolder(name), 'msp'),
    Policies: {
      Readers: anyOf('admin', 'peer', 'client', 'orderer'),
      // Orderers too: a block of raft's is signed by one, and peers ask that it may write.
      Writers: anyOf('admin', 'client', 'orderer'),
      Admins: anyOf('admin'),
      Endorsement: anyOf('peer'),
    },
    OrdererEndpoints: [`${HOST}:${layout.node('orderer', name).port}`],
  };
}

function consensus(layout: NetworkLayout): object {
  const { consensus: kind, leaderTimeout, blocks: cut } = layout.settings;
  const consenters = layout.organisations.map((name, index) => {
    const { folder, port } = layout.node('orderer', name);
    const tls = join(folder, 'tls', 'cert.pem');
    return {
      raft: { Host: HOST, Port: port, ClientTLSCert: tls, ServerTLSCert: tls },
      identity: { ID: index + 1, MSPID: name, Identity: join(folder, 'identity', 'cert.pem') },
    };
  });
  if (kind === 'raft') {
    return {
      OrdererType: 'etcdraft',
      EtcdRaft: {
        Consenters: consenters.map(({ raft }) => raft),
        Options: {
          TickInterval: `${leaderTimeout}ms`,
          ElectionTick: 10,
          HeartbeatTick: 1,
          MaxInflightBlocks: 5,
          SnapshotIntervalSize: '16 MB',
        },
      },
    };
  }
  return {
    OrdererType: 'BFT',
    ConsenterMapping: consenters.map(({ raft, identity }) => ({ ...identity, ...raft })),
    SmartBFT: {
      // BFT takes its pace from here, not from BatchTimeout.
      RequestBatchMaxInterval: `${cut.timeout}ms`,
      RequestForwardTimeout: `${leaderTimeout}ms`,
      RequestComplainTimeout: `${leaderTimeout}ms`,
      RequestAutoRemoveTimeout: '3m0s',
      // A change of view that gets nowhere is given up as soon as a silent leader is: one that was just started may lag
      // behind and bring it to nothing, and then all stands still so long. SmartBFT waits longer with each try by itself.
      ViewChangeResendInterval: `${leaderTimeout / 5}ms`,
      ViewChangeTimeout: `${leaderTimeout}ms`,
      LeaderHeartbeatTimeout: `${leaderTimeout}ms`,
      LeaderHeartbeatCount: 10,
      CollectTimeout: '1s',
      IncomingMessageBufferSize: 200,
      RequestPoolSize: 100_000,
    },
  };
}

function blocks(layout: NetworkLayout): object {
  const { timeout, transactions, bytes } = layout.settings.blocks;
  return {
    BatchTimeout: `${timeout}ms`,
    BatchSize: {
      MaxMessageCount: transactions,
      // A transaction that is larger by itself makes a block of its own, up to this.
      AbsoluteMaxBytes: Math.max(bytes, 10 * 1024 * 1024),
      PreferredMaxBytes: bytes,
    },
  };
}

function metaPolicies(): object {
  return { Readers: meta('ANY Readers'), Writers: meta('ANY Writers'), Admins: meta('MAJORITY Admins') };
}

function meta(rule: string): object {
  return { Type: 'ImplicitMeta', Rule: rule };
}
