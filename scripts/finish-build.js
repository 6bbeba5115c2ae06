// After tsc: the binary must be executable, for npm links it as it is.
import { chmodSync, existsSync } from 'node:fs';

const binary = new URL('../dist/event2ledger.js', import.meta.url);
if (existsSync(binary)) chmodSync(binary, 0o755);
