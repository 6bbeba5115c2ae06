// Documents one by one, as a peer writes its save points: revisions in If-Match and ETag, attachments as
// multipart/related. express-pouchdb has neither.
import { randomBytes } from 'node:crypto';
import express from 'express';

const ID = /^[^_].*$/s;

/** Serves GET, HEAD, PUT and DELETE of documents that are no design documents. */
export function documents(app, PouchDB) {
  app.param('id', (_request, _response, next, id) => next(ID.test(id) ? undefined : 'route'));
  app
    .route('/:db/:id')
    .get(async ({ params, query }, response) => {
      const doc = await answered(response, read(new PouchDB(params.db), params.id, query.attachments === 'true'));
      if (doc === undefined) return;
      response.set('ETag', `"${doc._rev}"`);
      if (query.attachments === 'true' && doc._attachments !== undefined) sendMultipart(response, doc);
      else response.json(doc);
    })
    .put(express.raw({ type: () => true, limit: '256mb' }), async ({ params, body, headers }, response) => {
      const doc = fromBody(body, headers['content-type'] ?? '');
      const rev = revision(headers) ?? doc._rev;
      const put = new PouchDB(params.db).put({ ...doc, _id: params.id, ...(rev === undefined ? {} : { _rev: rev }) });
      const result = await answered(response, put);
      if (result === undefined) return;
      response.status(201).set('ETag', `"${result.rev}"`).json(result);
    })
    .delete(async ({ params, query, headers }, response) => {
      const result = await answered(response, new PouchDB(params.db).remove(params.id, revision(headers) ?? query.rev));
      if (result !== undefined) response.set('ETag', `"${result.rev}"`).json(result);
    });
}

function read(db, id, attachments) {
  return db.get(id, { attachments, binary: attachments });
}

/** What was asked of PouchDB, or nothing once its refusal is sent. */
async function answered(response, asked) {
  try {
    return await asked;
  } catch (error) {
    response.status(error.status ?? 500).json({ error: error.name, reason: error.reason ?? error.message });
    return undefined;
  }
}

function revision(headers) {
  return /^"?([^"]+)"?$/.exec(headers['if-match'] ?? '')?.[1];
}

/** A document from JSON, or from JSON and the attachments that follow it in the order in which it names them. */
function fromBody(body, type) {
  const boundary = /^multipart\/related;.*boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary === undefined) return JSON.parse(body.toString());
  const parts = partsOf(body, boundary);
  const doc = JSON.parse(parts[0].toString());
  for (const [index, attachment] of Object.values(doc._attachments).entries()) {
    delete attachment.follows;
    attachment.data = parts[index + 1];
  }
  return doc;
}

function partsOf(body, boundary) {
  const delimiter = Buffer.from(`--${boundary}`);
  const parts = [];
  let from = body.indexOf(delimiter);
  for (;;) {
    const start = body.indexOf('\r\n\r\n', from) + 4;
    const end = body.indexOf(Buffer.from(`\r\n--${boundary}`), start - 2);
    if (start < 4 || end < 0) return parts;
    parts.push(body.subarray(start, Math.max(start, end)));
    from = end + 2;
    if (body.subarray(from + delimiter.length, from + delimiter.length + 2).toString() === '--') return parts;
  }
}

function sendMultipart(response, doc) {
  const boundary = randomBytes(16).toString('hex');
  const files = Object.entries(doc._attachments);
  const described = files.map(([name, { content_type, data }]) => [
    name,
    { content_type, length: data.length, follows: true },
  ]);
  const part = (headers, content) => [Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`), content, Buffer.from('\r\n')];
  const json = JSON.stringify({ ...doc, _attachments: Object.fromEntries(described) });
  response
    .set('Content-Type', `multipart/related; boundary="${boundary}"`)
    .end(
      Buffer.concat([
        ...part('Content-Type: application/json', Buffer.from(json)),
        ...files.flatMap(([name, { content_type, data }]) =>
          part(`Content-Disposition: attachment; filename="${name}"\r\nContent-Type: ${content_type}`, data),
        ),
        Buffer.from(`--${boundary}--\r\n`),
      ]),
    );
}
