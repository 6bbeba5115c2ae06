// A stand-in for CouchDB 3: PouchDB in memory behind express-pouchdb, with what a Fabric peer needs and that lacks.
// `node server.mjs [PORT]` prints its URL when it is ready, and ends on SIGTERM.
import { createRequire } from 'node:module';
import express from 'express';
import { documents } from './documents.mjs';

const require = createRequire(import.meta.url);
// Before PouchDB, which express-pouchdb loads a part of again otherwise.
const PouchDB = require('pouchdb-core')
  .plugin(require('pouchdb-adapter-memory'))
  .plugin(require('pouchdb-mapreduce'))
  .plugin(require('pouchdb-find'))
  .defaults({ adapter: 'memory' });

const json = express.json({ limit: '256mb' });
const app = express();
app.disable('etag');
app.get('/', (_request, response) => {
  response.json({ couchdb: 'Welcome', version: '3.3.3', vendor: { name: 'PouchDB, a stand-in for tests' } });
});

// Nobody is kept out: the server listens on loopback for as long as a test runs.
const security = new Map();
app.get('/:db/_security', (request, response) => response.json(security.get(request.params.db) ?? {}));
app.put('/:db/_security', json, (request, response) => {
  security.set(request.params.db, request.body);
  response.json({ ok: true });
});

// PouchDB has no bookmarks: ours say how many rows to skip.
app.post('/:db/_find', json, async (request, response) => {
  const { bookmark = '', limit = 25, ...query } = request.body;
  const skip = bookmark === '' || bookmark === 'nil' ? 0 : Number(/^skip-(\d+)$/.exec(bookmark)?.[1]);
  if (Number.isNaN(skip)) {
    response.status(400).json({ error: 'invalid_bookmark', reason: `Invalid bookmark value: ${bookmark}` });
    return;
  }
  try {
    const { docs, warning } = await new PouchDB(request.params.db).find({ ...query, limit, skip });
    response.json({ docs, bookmark: docs.length === 0 ? 'nil' : `skip-${skip + docs.length}`, warning });
  } catch (error) {
    response.status(error.status ?? 500).json({ error: error.name, reason: error.message });
  }
});

documents(app, PouchDB);
app.use(
  require('express-pouchdb')(PouchDB, {
    mode: 'minimumForPouchDB',
    overrideMode: { include: ['routes/find'] },
  }),
);

const server = app.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
