import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../../event2ledger.js', import.meta.url));
/** GNU time: seconds and peak memory of a process and those it waited for. */
const TIME = '/usr/bin/time';

/** One program that is timed. */
export interface Peer {
  readonly name: string;
  /** Whether order of keys makes a difference to it. */
  readonly byLine: boolean;
  readonly command: (logs: readonly string[]) => readonly string[];
  /** Makes of the logs what it needs; not timed. */
  readonly prepare?: (logs: readonly string[]) => void;
  /** Of each log how many distinct events it lacks, from what the program printed. */
  readonly lacking: (output: string) => number[];
}

export interface Run {
  readonly seconds: number;
  readonly mebibytes: number;
  readonly lacking: readonly number[];
}

const numbers = (output: string): number[] => (output.match(/\d+/g) ?? []).map(Number);

/** A program in Python that counts what each log lacks of all that any of them has. */
interface Script {
  readonly module: string;
  readonly byLine: boolean;
  readonly code: string;
  /** What is made of the logs beforehand, and not counted. */
  readonly prepare?: string;
}

/** @param from what gives a log's distinct values `h`, for the file `f` */
const duckdb = (from: string): string => `
import duckdb, sys
k = lambda f: ${from}
a, b, c = sys.argv[1:]
print(duckdb.sql(f"select count(*) filter (a.h is null), count(*) filter (b.h is null), count(*) filter (c.h is null) from ({k(a)}) a full join ({k(b)}) b on a.h = b.h full join ({k(c)}) c on coalesce(a.h, b.h) = c.h").fetchall())
`;
const COLUMNS = `{'Type': 'VARCHAR', 'Action': 'VARCHAR', 'Actor': 'STRUCT(ID VARCHAR, Attributes MAP(VARCHAR, VARCHAR))', 'scope': 'VARCHAR', 'timeNano': 'BIGINT'}`;
const FIELDS =
  "md5_number(concat_ws('|', Type, Action, Actor.ID, list_sort(map_entries(Actor.Attributes))::VARCHAR, scope, timeNano))";

const PYTHON: Readonly<Record<string, Script>> = {
  'DuckDB, whole lines': {
    module: 'duckdb',
    byLine: true,
    code: duckdb(`f"select distinct json h from read_ndjson_objects('{f}', maximum_object_size=33554432)"`),
  },
  'DuckDB, SHA-256 of lines': {
    module: 'duckdb',
    byLine: true,
    code: duckdb(`f"select distinct sha256(json) h from read_ndjson_objects('{f}', maximum_object_size=33554432)"`),
  },
  'DuckDB, by hash of fields': {
    module: 'duckdb',
    byLine: false,
    code: duckdb(
      `f"""select distinct ${FIELDS} h from read_ndjson('{f}', columns = ${COLUMNS.replaceAll('{', '{{').replaceAll('}', '}}')}, maximum_object_size=33554432)"""`,
    ),
  },
  'DuckDB, Parquet of lines\u2019 SHA-256 (made beforehand)': {
    module: 'duckdb',
    byLine: true,
    prepare: `
import duckdb, sys
for f in sys.argv[1:]:
    duckdb.sql(f"copy (select unhex(sha256(json)) h from read_ndjson_objects('{f}', maximum_object_size=33554432)) to '{f}.parquet'")
`,
    code: duckdb(`f"select distinct h from '{f}.parquet'"`),
  },
  'SQLite, SHA-256 of lines': {
    module: 'sqlite3',
    byLine: true,
    code: `
import hashlib, os, sqlite3, sys
path = sys.argv[1] + '.sqlite'
db = sqlite3.connect(path)
db.execute('pragma journal_mode = off')
db.execute('pragma synchronous = off')
db.execute('pragma cache_size = -1000000')
for t, f in zip('abc', sys.argv[1:]):
    db.execute(f'create table {t}(h blob)')
    db.executemany(f'insert into {t} values (?)', ((hashlib.sha256(line).digest(),) for line in open(f, 'rb')))
db.execute('create table every as select h from a union select h from b union select h from c')
print(*[db.execute(f'select count(*) from (select h from every except select h from {t})').fetchone()[0] for t in 'abc'])
db.close()
os.remove(path)
`,
  },
  'polars, whole lines': {
    module: 'polars',
    byLine: true,
    code: `
import polars as pl, sys
s = [pl.read_csv(f, has_header=False, separator="\\x01", quote_char=None, new_columns=["l"]).unique() for f in sys.argv[1:]]
u = pl.concat(s).unique().height
print(*[u - x.height for x in s])
`,
  },
};

/** The programs that are there: this project's command, and those that \`python\` or the shell has. */
export function peersIn(folder: string, python: string): Peer[] {
  const own: Peer = {
    name: 'event2ledger compare',
    byLine: false,
    command: (logs) => [process.execPath, BINARY, 'compare', ...logs, '--names', 'A,B,C', '--json'],
    lacking: (output) => {
      const { findings } = JSON.parse(output) as { findings: { class: string; dissent: string[]; folded?: number }[] };
      const told = (name: string, actor?: string) =>
        findings
          .filter((finding) => finding.class === name && (actor === undefined || finding.dissent.includes(actor)))
          .reduce((sum, { folded = 1 }) => sum + folded, 0);
      // An altered event is lacked by the one that altered it, and what it says instead by all others.
      return ['A', 'B', 'C'].map((actor) => told('missing', actor) + told('differs'));
    },
  };
  const scripts = Object.entries(PYTHON).flatMap(([name, { module, byLine, code, prepare }]): Peer[] => {
    if (spawnSync(python, ['-c', `import ${module}`]).status !== 0) return [];
    const file = join(folder, `${name.replace(/\W+/g, '-')}.py`);
    writeFileSync(file, code);
    const making = prepare && {
      prepare: (logs: readonly string[]) => void spawnSync(python, ['-c', prepare, ...logs]),
    };
    return [{ name, byLine, command: (logs) => [python, file, ...logs], lacking: numbers, ...making }];
  });
  const sorted: Peer = {
    name: 'sort and comm, whole lines',
    byLine: true,
    command: (logs) => ['bash', '-c', SORT, 'sort', folder, ...logs],
    lacking: numbers,
  };
  return [own, ...scripts, sorted];
}

const SORT = `
export LC_ALL=C
for i in 2 3 4; do sort -u --parallel=2 -S 25% "\${!i}" > "$1/sorted-$i" & done; wait
sort -m -u "$1"/sorted-2 "$1"/sorted-3 "$1"/sorted-4 > "$1/sorted-all"
for i in 2 3 4; do comm -13 "$1/sorted-$i" "$1/sorted-all" | wc -l; done
`;

/** Runs a peer once. @throws Error if it fails, or GNU time is not there */
export async function runOnce(peer: Peer, logs: readonly string[], folder: string): Promise<Run> {
  if (!existsSync(TIME)) throw new Error(`${TIME} is needed for peak memory; install GNU time.`);
  const used = join(folder, 'used');
  const child = spawn(TIME, ['-o', used, '-f', '%e %M', ...peer.command(['-', ...logs].slice(1))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => child.once('close', resolve));
  const [seconds = Number.NaN, kibibytes = Number.NaN] = (readFileSync(used, 'utf8').trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { seconds, mebibytes: kibibytes / 1024, lacking: peer.lacking(Buffer.concat(chunks).toString()) };
}
