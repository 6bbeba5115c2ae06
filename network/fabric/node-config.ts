import { join } from 'node:path';
import { stringify } from 'yaml';
import type { NetworkLayout, NetworkNode } from './layout.js';
import type { Programs } from './programs.js';

const HOST = 'localhost';
const LOOPBACK = '127.0.0.1';
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** A whole `orderer.yaml`: nothing is left to what stands in other files or in the environment. */
export function ordererYaml(layout: NetworkLayout, node: NetworkNode): string {
  const data = (...parts: string[]) => join(node.folder, 'data', ...parts);
  const tls = tlsFiles(layout, node);
  const server = { Enabled: true, PrivateKey: tls.key, Certificate: tls.certificate };
  return stringify({
    General: {
      ListenAddress: LOOPBACK,
      ListenPort: node.port,
      TLS: { ...server, RootCAs: [tls.ca], ClientAuthRequired: false },
      Keepalive: { ServerMinInterval: '60s', ServerInterval: '7200s', ServerTimeout: '20s' },
      Backoff: { BaseDelay: '1s', Multiplier: 1.6, MaxDelay: '10s' },
      MaxRecvMsgSize: MAX_MESSAGE_BYTES,
      MaxSendMsgSize: MAX_MESSAGE_BYTES,
      Cluster: {
        SendBufferSize: 100,
        ClientCertificate: tls.certificate,
        ClientPrivateKey: tls.key,
        DialTimeout: '5s',
        RPCTimeout: '7s',
        ReplicationPolicy: 'simple',
      },
      LocalMSPDir: join(node.folder, 'msp'),
      LocalMSPID: node.organisation,
      BCCSP: softwareCrypto(),
      Authentication: { TimeWindow: '15m' },
    },
    FileLedger: { Location: data('ledger') },
    Consensus: { WALDir: data('wal'), SnapDir: data('snapshots') },
    Operations: {
      ListenAddress: `${LOOPBACK}:${node.operationsPort}`,
      TLS: { ...server, ClientAuthRequired: false, ClientRootCAs: [tls.ca] },
    },
    Admin: {
      ListenAddress: `${LOOPBACK}:${node.adminPort}`,
      TLS: { ...server, ClientAuthRequired: true, ClientRootCAs: [tls.ca] },
    },
    ChannelParticipation: { Enabled: true, MaxRequestBodySize: '1 MB' },
    Metrics: { Provider: 'prometheus' },
  });
}

/** A whole `core.yaml` of a peer. */
export function coreYaml(layout: NetworkLayout, node: NetworkNode, programs: Programs): string {
  const tls = tlsFiles(layout, node);
  const address = `${HOST}:${node.port}`;
  return stringify(
    {
      peer: {
        id: node.name,
        networkId: layout.settings.channel,
        listenAddress: `${LOOPBACK}:${node.port}`,
        address,
        chaincodeListenAddress: `${LOOPBACK}:${layout.port(node, 'chaincode')}`,
        chaincodeAddress: `${HOST}:${layout.port(node, 'chaincode')}`,
        gateway: { enabled: true, endorsementTimeout: '30s', broadcastTimeout: '30s', dialTimeout: '30s' },
        keepalive: {
          interval: '7200s',
          timeout: '20s',
          minInterval: '60s',
          client: { interval: '60s', timeout: '20s' },
          deliveryClient: { interval: '60s', timeout: '20s' },
        },
        gossip: { ...GOSSIP, bootstrap: address, endpoint: address, externalEndpoint: address },
        tls: {
          enabled: true,
          clientAuthRequired: false,
          cert: { file: tls.certificate },
          key: { file: tls.key },
          rootcert: { file: tls.ca },
          clientRootCAs: { files: [tls.ca] },
        },
        authentication: { timewindow: '15m' },
        fileSystemPath: join(node.folder, 'data'),
        BCCSP: softwareCrypto(),
        mspConfigPath: join(node.folder, 'msp'),
        localMspId: node.organisation,
        client: { connTimeout: '10s' },
        deliveryclient: {
          blockGossipEnabled: false,
          reconnectTotalTimeThreshold: '3600s',
          connTimeout: '3s',
          reConnectBackoffThreshold: '10s',
          blockCensorshipTimeoutKey: '30s',
          minimalReconnectInterval: '100ms',
          policy: 'cluster',
        },
        localMspType: 'bccsp',
        handlers: {
          authFilters: [{ name: 'DefaultAuth' }, { name: 'ExpirationCheck' }, { name: 'TimeWindowCheck' }],
          decorators: [{ name: 'DefaultDecorator' }],
          endorsers: { escc: { name: 'DefaultEndorsement' } },
          validators: { vscc: { name: 'DefaultValidation' } },
        },
        discovery: {
          enabled: true,
          authCacheEnabled: true,
          authCacheMaxSize: 1000,
          authCachePurgeRetentionRatio: 0.75,
          orgMembersAllowedAccess: false,
        },
        limits: { concurrency: { endorserService: 2500, deliverService: 2500, gatewayService: 500 } },
        maxRecvMsgSize: MAX_MESSAGE_BYTES,
        maxSendMsgSize: MAX_MESSAGE_BYTES,
      },
      // No containers: chaincode runs as a service, and a peer that knows of Docker is unhealthy without it.
      vm: { endpoint: '' },
      chaincode: {
        mode: 'net',
        keepalive: 0,
        installTimeout: '300s',
        startuptimeout: '300s',
        executetimeout: '30s',
        externalBuilders: [
          {
            name: 'ccaas_builder',
            path: programs.ccaasBuilder,
            propagateEnvironment: ['CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG'],
          },
        ],
        system: { _lifecycle: 'enable', cscc: 'enable', lscc: 'enable', qscc: 'enable' },
        logging: { level: 'info', shim: 'warning' },
        runtimeParams: {
          useWriteBatch: true,
          maxSizeWriteBatch: 1000,
          useGetMultipleKeys: true,
          maxSizeGetMultipleKeys: 1000,
        },
      },
      ledger: {
        state: { ...state(layout, node), totalQueryLimit: 100_000 },
        history: { enableHistoryDatabase: false },
        snapshots: { rootDir: join(node.folder, 'data', 'snapshots') },
        pvtdataStore: {
          collElgProcMaxDbBatchSize: 5000,
          collElgProcDbBatchesInterval: 1000,
          deprioritizedDataReconcilerInterval: '60m',
          purgeInterval: 100,
          purgedKeyAuditLogging: true,
        },
      },
      operations: {
        listenAddress: `${LOOPBACK}:${node.operationsPort}`,
        tls: {
          enabled: true,
          cert: { file: tls.certificate },
          key: { file: tls.key },
          clientAuthRequired: false,
          clientRootCAs: { files: [tls.ca] },
        },
      },
      metrics: { provider: 'prometheus' },
    },
    { aliasDuplicateObjects: false },
  );
}

const GOSSIP = {
  useLeaderElection: false,
  // Each peer takes its blocks from the orderers: it believes no other organisation's peer.
  orgLeader: true,
  membershipTrackerInterval: '5s',
  maxBlockCountToStore: 10,
  maxPropagationBurstLatency: '10ms',
  maxPropagationBurstSize: 10,
  propagateIterations: 1,
  propagatePeerNum: 3,
  pullInterval: '4s',
  pullPeerNum: 3,
  requestStateInfoInterval: '4s',
  publishStateInfoInterval: '4s',
  publishCertPeriod: '10s',
  skipBlockVerification: false,
  dialTimeout: '3s',
  connTimeout: '2s',
  recvBuffSize: 20,
  sendBuffSize: 200,
  digestWaitTime: '1s',
  requestWaitTime: '1500ms',
  responseWaitTime: '2s',
  aliveTimeInterval: '5s',
  aliveExpirationTimeout: '25s',
  // Else endorsement has no second peer for some 20 seconds after a start.
  reconnectInterval: '2s',
  maxConnectionAttempts: 120,
  msgExpirationFactor: 20,
  election: {
    startupGracePeriod: '15s',
    membershipSampleInterval: '1s',
    leaderAliveThreshold: '10s',
    leaderElectionDuration: '5s',
  },
  pvtData: {
    pullRetryThreshold: '60s',
    transientstoreMaxBlockRetention: 20_000,
    pushAckTimeout: '3s',
    btlPullMargin: 10,
    reconcileBatchSize: 10,
    reconcileSleepInterval: '1m',
    reconciliationEnabled: true,
    skipPullingInvalidTransactionsDuringCommit: false,
    implicitCollectionDisseminationPolicy: { requiredPeerCount: 0, maxPeerCount: 1 },
  },
  state: {
    enabled: false,
    checkInterval: '10s',
    responseTimeout: '3s',
    batchSize: 10,
    blockBufferSize: 20,
    maxRetries: 3,
  },
};

function state(layout: NetworkLayout, node: NetworkNode): object {
  const { state: database, actors } = layout.settings;
  if (database.database === 'leveldb') return { stateDatabase: 'goleveldb' };
  const url = new URL(database.urls[actors.indexOf(node.organisation)] ?? '');
  return {
    stateDatabase: 'CouchDB',
    couchDBConfig: {
      couchDBAddress: `${url.hostname}:${url.port || 5984}`,
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      maxRetries: 3,
      maxRetriesOnStartup: 10,
      requestTimeout: '35s',
      internalQueryLimit: 1000,
      maxBatchUpdateSize: 1000,
      createGlobalChangesDB: false,
      cacheSize: 64,
    },
  };
}

function softwareCrypto(): object {
  return { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } };
}

function tlsFiles(layout: NetworkLayout, node: NetworkNode) {
  return {
    certificate: join(node.folder, 'tls', 'cert.pem'),
    key: join(node.folder, 'tls', 'key.pem'),
    ca: layout.tlsCaFile(node.organisation),
  };
}
