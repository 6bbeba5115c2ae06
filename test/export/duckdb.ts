import { spawnSync } from 'node:child_process';

/** A row as DuckDB gives it: hashes in hex where the query makes them so. */
export type DuckRow = Readonly<Record<string, unknown>>;

/** Asks DuckDB one question in a folder. */
export type AskDuckDb = (sql: string, folder: string) => DuckRow[];

const PYTHON = `
import duckdb, json, sys
found = duckdb.sql(sys.stdin.read().rstrip().rstrip(';'))
print(json.dumps([dict(zip(found.columns, row)) for row in found.fetchall()], default=str))
`;

const RUNNERS: readonly { readonly command: string; readonly args: readonly string[]; readonly probe: string[] }[] = [
  { command: 'duckdb', args: ['-json'], probe: ['--version'] },
  { command: 'python3', args: ['-c', PYTHON], probe: ['-c', 'import duckdb'] },
];

/** The DuckDB that is installed here: its program, or its Python package; undefined if neither is. */
export function installedDuckDb(): AskDuckDb | undefined {
  const runner = RUNNERS.find(({ command, probe }) => spawnSync(command, probe).status === 0);
  if (runner === undefined) return undefined;
  return (sql, folder) => {
    const { status, stdout, stderr } = spawnSync(runner.command, runner.args, {
      cwd: folder,
      input: sql,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`DuckDB ended with ${status}: ${stderr}`);
    // The program prints nothing where there are no rows.
    return stdout.trim() === '' ? [] : (JSON.parse(stdout) as DuckRow[]);
  };
}
