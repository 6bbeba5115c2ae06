import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { action, type CommandIo, printJson, type RegisterCommands } from '../cli/command.js';
import { EXIT, type ExitCode, UsageError } from '../cli/exit.js';
import type { DailyReport } from '../reports/model.js';
import { RENDERERS } from '../reports/render.js';
import { writeWhole } from '../reports/write-file.js';
import { runDemo } from './demo.js';
import { findEngine } from './engine.js';
import { DemoError } from './errors.js';
import { closing, opening } from './narration.js';
import { liveScene, type Scene, traceScene } from './scene.js';
import { SHIPPED_TRACE } from './trace.js';

interface Flags {
  readonly data?: string;
  readonly out: string;
  readonly port?: number;
  readonly docker?: string;
  readonly trace?: true;
  readonly json?: true;
}

const FORMATS = ['json', 'html', 'md'] as const;

const EXPLANATION = `
The demo uses the Docker engine that answers at DOCKER_HOST or the default socket: it starts a few containers of its
own there, labelled event2ledger.demo, removes them again, and touches no others. Where none answers it plays a
recorded trace of a real engine, and says so.

Examples:
  $ event2ledger demo
  $ event2ledger demo --trace --data ./demo-ledger
  $ event2ledger demo --docker unix:///var/run/docker.sock

Exit codes: 0 the planted lies were found and nothing else, 2 anything else.`;

/** `demo`: a ledger, three collectors, a dishonest actor, the report. */
export const registerDemo: RegisterCommands = (program: Command, io: CommandIo) => {
  program
    .command('demo')
    .description('see it work: three actors attest Docker events on a ledger, one of them lies, the report names it')
    .option('--data <dir>', 'keep ledger, spools and projection in this new folder (default: a temporary one)')
    .option('--out <dir>', 'folder for the report', 'event2ledger-demo')
    .option('--port <port>', 'port of the ledger (default: a free one)', portNumber)
    .option('--docker <url>', 'use this Docker engine, and fail if it cannot be used')
    .option('--trace', 'play the recorded trace, even if a Docker engine answers')
    .option('--json', 'print the outcome as one line of JSON, and no story')
    .addHelpText('after', EXPLANATION)
    .action(action(io, (flags: Flags) => demo(flags, io)));
};

async function demo(flags: Flags, io: CommandIo): Promise<ExitCode> {
  const { data, out, port, json } = flags;
  if (flags.trace && flags.docker !== undefined) throw new UsageError('Choose one of --trace and --docker.');
  const say = (line: string) => {
    if (!json) io.stdout.write(`${line}\n`);
  };
  for (const line of opening()) say(line);
  const { scene, tidy } = await chooseScene(flags, io, say);
  try {
    const optional = { ...(data === undefined ? {} : { dataDir: data }), ...(port === undefined ? {} : { port }) };
    const result = await runDemo({ scene, say, signal: io.signal, ...optional });
    const files = result.reports.flatMap((report) => writeReport(report, out));
    for (const line of closing(result, scene.plan, files)) say(line);
    if (json) {
      const findings = result.reports.flatMap((report) => report.findings);
      printJson(io, { asPlanned: result.asPlanned, findings, files });
    }
    return result.asPlanned ? EXIT.clean : EXIT.failed;
  } finally {
    await tidy();
  }
}

async function chooseScene(
  { docker, trace }: Flags,
  io: CommandIo,
  say: (line: string) => void,
): Promise<{ scene: Scene; tidy: () => Promise<void> }> {
  const engine = trace ? undefined : await findEngine(docker, io.env, say);
  if (engine !== undefined && !('reason' in engine)) {
    say(`Engine: ${engine.version}, with containers of the demo's own from ${engine.image}.`);
    return { scene: liveScene(engine), tidy: engine.tidy };
  }
  if (docker !== undefined && engine !== undefined) {
    throw new DemoError('ENGINE', `The demo cannot run there: ${engine.reason}. Without --docker it plays a trace.`);
  }
  const because = engine === undefined ? '' : `${engine.reason}; `;
  const text = `${because}playing ${SHIPPED_TRACE.about}.`;
  say(`Engine: ${text}`);
  return { scene: traceScene(SHIPPED_TRACE), tidy: async () => {} };
}

function writeReport(report: DailyReport, out: string): string[] {
  return FORMATS.map((format) => {
    const file = join(out, `${report.day}.${format}`);
    writeWhole(file, RENDERERS[format](report));
    return file;
  });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return port;
}
