// Reconciles like the command, but is killed by SIGKILL when the given block arrives, or right after it is committed.
// Arguments: profile, database, block, "arrives" or "committed".
import { connect } from '../../dist/network/connection.js';
import { loadProfile } from '../../dist/network/profile.js';
import { reconcile } from '../../dist/reconciler/reconcile.js';

const [profile, dbFile, block, moment] = process.argv.slice(2);
const connection = connect(loadProfile(profile));
const die = () => process.kill(process.pid, 'SIGKILL');

async function* blocks(start, signal) {
  for await (const next of connection.blocks(start, signal)) {
    if (moment === 'arrives' && next.getHeader().getNumber() === Number(block)) die();
    yield next;
  }
}

await reconcile({
  connection: { ...connection, profile: connection.profile, height: () => connection.height(), blocks },
  dbFile,
  blocksPerCommit: 1,
  follow: true,
  onProgress: ({ block: committed }) => {
    if (moment === 'committed' && committed >= BigInt(block)) die();
  },
});
