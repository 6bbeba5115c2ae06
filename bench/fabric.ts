/**
 * What a real Fabric network on this machine does: attestations a second, in batches and one a transaction, for raft and bft
 * and several block sizes; how long it is from an event to its finding; and how fast a fresh reconciler catches up with a long
 * ledger. Writes its tables into docs/fabric-speed.md.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_ACTORS } from '../network/actor-folders.js';
import { connect } from '../network/connection.js';
import { loadProfile } from '../network/profile.js';
import { judgementOf } from '../reconciler/day-judgement.js';
import { Projection } from '../reconciler/projection/projection.js';
import { reconcile } from '../reconciler/reconcile.js';
import { dockerAvailable, startDockerEngine } from './docker-engine.js';
import { secondsToFinding } from './fabric-finding.js';
import { Collectors, type Measured } from './fabric-load.js';
import { machine, median } from './machine.js';
import { runCommand } from './processes.js';

const PARTS = (process.env.PARTS ?? 'finding,throughput,catch-up').split(',');
const CONSENSUS = (process.env.CONSENSUS ?? 'raft,bft').split(',');
/** Transactions and milliseconds at which a block is cut. */
const BLOCKS = (process.env.BLOCKS ?? '20:3000,50:3000,500:500').split(',');
/** Blocks of the paper's, and blocks that are cut sooner. */
const FINDING_BLOCKS = ['20:3000', '500:500'];
const SECONDS = Number(process.env.SECONDS ?? 60);
const WARMING = Math.min(5, SECONDS);
/** Of an event: about what a container of a small shop has. */
const BYTES = Number(process.env.BYTES ?? 400);
const ATTESTATIONS = Number(process.env.ATTESTATIONS ?? 1_000_000);
const DOCUMENT = process.env.DOCUMENT ?? 'docs/fabric-speed.md';
const DAY = '2026-11-22';

/** As many single events wait for their commit as a table of their own would have; then far more, for who would do that. */
const SINGLE = { size: 1, inFlight: 20 };
const MANY_SINGLE = { size: 1, inFlight: 150 };
const BATCHES = [
  { size: 100, inFlight: 6 },
  { size: 500, inFlight: 6 },
  { size: 1000, inFlight: 6 },
];

async function withNetwork<T>(up: readonly string[], run: (network: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'event2ledger-fabric-'));
  const network = join(folder, 'network');
  try {
    await runCommand('network', 'up', '--data', network, ...up);
    return await run(network);
  } finally {
    if (existsSync(join(network, 'network.json'))) await runCommand('network', 'clean', '--data', network);
    rmSync(folder, { recursive: true, force: true });
  }
}

function profile(network: string, actor: string, identity: string): string {
  return join(network, 'actors', actor, identity, 'profile.json');
}

function collectorsOf(network: string): Collectors {
  return new Collectors(DEFAULT_ACTORS.map((actor) => profile(network, actor, 'collector-1')));
}

async function throughputOf(consensus: string, block: string): Promise<string> {
  const [transactions = '', timeout = ''] = block.split(':');
  const up = ['--consensus', consensus, '--block-transactions', transactions, '--block-timeout', timeout];
  return withNetwork(up, async (network) => {
    const collectors = collectorsOf(network);
    try {
      await collectors.measure({ size: 100, inFlight: 3, seconds: WARMING, bytes: BYTES });
      const measured: Measured[] = [];
      for (const load of [SINGLE, MANY_SINGLE, ...BATCHES]) {
        const one = await collectors.measure({ ...load, seconds: SECONDS, bytes: BYTES });
        console.log(`${consensus}, ${block}: ${load.size} a transaction, ${load.inFlight} in flight: ${shown(one)}`);
        if (one.again > 0) console.log(`  ${one.again} of ${one.transactions} transactions were sent again`);
        measured.push(one);
      }
      const [single, many, ...batches] = measured;
      const best = Math.max(...batches.map(({ rate }) => rate));
      const times = (one: Measured | undefined) => `${(best / (one?.rate ?? Number.NaN)).toFixed(0)} ×`;
      const cells = [consensus, `${transactions} or ${Number(timeout) / 1000} s`, ...measured.map(shown)];
      return row([...cells, times(single), times(many)]);
    } finally {
      collectors.close();
    }
  });
}

async function throughput(): Promise<string> {
  const loads = [SINGLE, MANY_SINGLE, ...BATCHES].map(({ size, inFlight }) => `${size} (${inFlight} in flight)`);
  const head = ['consensus', 'block', ...loads, 'best against 20 single', 'against 150 single'];
  const lines = [row(head), row(head.map(() => '---'))];
  for (const consensus of CONSENSUS) for (const block of BLOCKS) lines.push(await throughputOf(consensus, block));
  return [
    `Measured on ${machine()}, with the whole network and its clients on it; ${SECONDS} s each, events of about ${BYTES} bytes.`,
    'Attestations a second, in parentheses the median time to commit.',
    '',
    ...lines,
  ].join('\n');
}

async function catchUp(): Promise<string> {
  const events = Math.ceil(ATTESTATIONS / DEFAULT_ACTORS.length);
  return withNetwork([], async (network) => {
    const collectors = collectorsOf(network);
    const attested = await collectors.attestAll(events, 'catch-up', { size: 1000, inFlight: 6, bytes: BYTES });
    collectors.close();
    console.log(`attested ${events * DEFAULT_ACTORS.length} in ${attested.toFixed(0)} s`);
    const connection = connect(loadProfile(profile(network, DEFAULT_ACTORS[0] as string, 'reconciler')));
    try {
      const delivered = await deliver(connection);
      console.log(`delivered ${delivered.blocks} blocks in ${delivered.seconds.toFixed(1)} s`);
      const dbFile = join(network, '..', 'fresh.db');
      const cpu = process.cpuUsage();
      const start = performance.now();
      await reconcile({ connection, dbFile });
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      checkAgreed(dbFile, events);
      const count = events * DEFAULT_ACTORS.length;
      return [
        `Measured on ${machine()}, with the network (raft) on it: ${count.toLocaleString('en')} attestations of three actors, ` +
          `${delivered.blocks} blocks of ${Math.round(delivered.bytes / 2 ** 20)} MiB, one sealed day, all events agreed.`,
        '',
        row(['', 'seconds', 'attestations a second']),
        row(['---', '---', '---']),
        row(['attested, in batches of 1,000', attested.toFixed(0), whole(count / attested)]),
        row([
          'blocks delivered to Node, decoded and let go',
          delivered.seconds.toFixed(1),
          whole(count / delivered.seconds),
        ]),
        row(['**a fresh reconciler, from block 0 to the end**', seconds.toFixed(1), whole(count / seconds)]),
        row(['of these, seconds of CPU of the reconciler', ((user + system) / 1e6).toFixed(1), '']),
      ].join('\n');
    } finally {
      connection.close();
    }
  });
}

/** A container after the other, and one now and then: what is said of a quiet source waits for the next heartbeat. */
const PACES = [
  { name: 'busy', containers: 40, pause: 0 },
  { name: 'quiet', containers: 5, pause: 17_000 },
];

async function finding(): Promise<string> {
  const lines = [
    row(['consensus', 'block', ...PACES.map(({ name, containers }) => `${name} engine (${containers} events)`)]),
    row(['---', '---', ...PACES.map(() => '---')]),
  ];
  for (const consensus of CONSENSUS) {
    for (const block of FINDING_BLOCKS) lines.push(await findingOn(consensus, block));
  }
  return [
    `Measured on ${machine()}, with Docker, the whole network and three collectors on it: the median (the shortest to the longest).`,
    '',
    ...lines,
  ].join('\n');
}

async function findingOn(consensus: string, block: string): Promise<string> {
  const [transactions = '', timeout = ''] = block.split(':');
  const up = ['--consensus', consensus, '--block-transactions', transactions, '--block-timeout', timeout];
  const available = dockerAvailable();
  if (!available.ok) throw new Error(`No Docker engine to measure: ${available.reason}.`);
  const engine = await startDockerEngine();
  try {
    return await withNetwork(up, async (network) => {
      const actors = DEFAULT_ACTORS.map((name) => ({ name, collector: profile(network, name, 'collector-1') }));
      const reconciler = profile(network, DEFAULT_ACTORS[0] as string, 'reconciler');
      const seconds = await secondsToFinding(engine.docker, actors, reconciler, join(network, '..', 'finding'), PACES);
      const cells = seconds.map(
        (all) => `${median(all).toFixed(1)} s (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`,
      );
      console.log(`${consensus}, ${block}: from an event to its finding ${cells.join(', ')}`);
      return row([consensus, `${transactions} or ${Number(timeout) / 1000} s`, ...cells]);
    });
  } finally {
    await engine.stop();
  }
}

/** The bare stream of blocks, for comparison. */
async function deliver(connection: ReturnType<typeof connect>) {
  const height = await connection.height();
  const stop = new AbortController();
  const start = performance.now();
  let [blocks, bytes] = [0, 0];
  for await (const block of connection.blocks(0n, stop.signal)) {
    blocks += 1;
    for (const data of block.getData()?.getDataList_asU8() ?? []) bytes += data.length;
    if (BigInt(blocks) === height) {
      stop.abort();
      break;
    }
  }
  return { blocks, bytes, seconds: (performance.now() - start) / 1000 };
}

function checkAgreed(dbFile: string, events: number): void {
  const projection = new Projection(dbFile);
  const { coverage, findings, sealed } = judgementOf(projection, DAY);
  projection.close();
  if (coverage.agreed === events && findings.length === 0 && sealed) return;
  throw new Error(`expected ${events} agreed events on a sealed day, found ${JSON.stringify({ coverage, sealed })}`);
}

function shown({ rate, latency }: Measured): string {
  return `${whole(rate)} (${(latency / 1000).toFixed(1)} s)`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Replaces what stands between the markers of a part in the document. */
function write(part: string, content: string): void {
  console.log(`\n${content}\n`);
  const text = readFileSync(DOCUMENT, 'utf8');
  const marked = new RegExp(`(<!-- begin ${part} -->\n)[^]*?(<!-- end ${part} -->)`);
  if (!marked.test(text)) throw new Error(`${DOCUMENT} has no part "${part}"`);
  writeFileSync(
    DOCUMENT,
    text.replace(marked, (_, begin: string, end: string) => `${begin}${content}\n${end}`),
  );
}

if (PARTS.includes('finding')) write('finding', await finding());
if (PARTS.includes('throughput')) write('throughput', await throughput());
if (PARTS.includes('catch-up')) write('catch-up', await catchUp());
