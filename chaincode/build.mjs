// After tsc: the record format and the contract as one file each, and the published schemas. `node build.mjs FILE` writes the
// contract's file alone, there.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

const common = {
  absWorkingDir: here,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  legalComments: 'none',
  minifySyntax: true,
  // Also removes the comments that name each module's path.
  minifyWhitespace: true,
  sourcemap: false,
  logLevel: 'warning',
};
// From the sources: of its packages only what it uses is left, for every command loads it first.
await build({ ...common, entryPoints: ['record/index.ts'], outfile: 'dist/record/index.js' });
// For modules: names that Node need not look for in all of its text.
const names = Object.keys(createRequire(import.meta.url)('./dist/record/index.js'));
writeFileSync(
  `${here}dist/record/index.mjs`,
  `import { createRequire } from 'node:module';
export const { ${names.join(', ')} } = createRequire(import.meta.url)('./index.js');
`,
);
// From tsc's output, for esbuild does not emit the decorators' metadata. Nothing in the file depends on where or when
// it was built: every endorser must run the same bytes.
const { outputFiles } = await build({
  ...common,
  entryPoints: ['dist/contract/index.js'],
  // The shim's own packages come from the endorser: contract and shim must share one Contract class.
  external: ['fabric-contract-api', 'fabric-shim'],
  write: false,
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
