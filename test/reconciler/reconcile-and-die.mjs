// Reconciles like the command, but is killed by SIGKILL: when the given block or a later one arrives, when its rows are
// written and not committed, or right after they are committed.
// Arguments: profile, database, block, "arrives", "written" or "committed".
import { connect } from '../../dist/network/connection.js';
import { loadProfile } from '../../dist/network/profile.js';
import { Projection } from '../../dist/reconciler/projection/projection.js';
import { reconcile } from '../../dist/reconciler/reconcile.js';

const [profile, dbFile, block, moment] = process.argv.slice(2);
const connection = connect(loadProfile(profile));
const die = () => process.kill(process.pid, 'SIGKILL');

async function* blocks(start, signal) {
  for await (const next of connection.blocks(start, signal)) {
    if (moment === 'arrives' && next.getHeader().getNumber() >= Number(block)) die();
    yield next;
  }
}

const { flush } = Projection.prototype;
Projection.prototype.flush = function flushAndDie() {
  flush.call(this);
  if (moment === 'written' && this.nextBlock > BigInt(block)) die();
};

await reconcile({
  connection: { ...connection, profile: connection.profile, height: () => connection.height(), blocks },
  dbFile,
  blocksPerCommit: 1,
  follow: true,
  onProgress: ({ block: committed }) => {
    if (moment === 'committed' && committed >= BigInt(block)) die();
  },
});
