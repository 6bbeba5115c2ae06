// After tsc: the contract as one file, and the published schemas. `node build.mjs FILE` writes the one file alone, there.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

// From tsc's output, for esbuild does not emit the decorators' metadata. Nothing in the file depends on where or when
// it was built: every endorser must run the same bytes.
const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: ['dist/contract/index.js'],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // The shim's own packages come from the endorser: contract and shim must share one Contract class.
  external: ['fabric-contract-api', 'fabric-shim'],
  legalComments: 'none',
  minifySyntax: true,
  // Also removes the comments that name each module's path.
  minifyWhitespace: true,
  sourcemap: false,
  write: false,
  logLevel: 'warning',
});
const [file] = process.argv.slice(2);
for (const { contents } of outputFiles) writeFileSync(file ?? `${here}dist/contract.bundle.js`, contents);

if (file === undefined) {
  const { jsonSchemas } = createRequire(import.meta.url)('./dist/record/schemas.js');
  mkdirSync(`${here}schemas`, { recursive: true });
  for (const [name, schema] of Object.entries(jsonSchemas())) {
    writeFileSync(`${here}schemas/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
  }
}
