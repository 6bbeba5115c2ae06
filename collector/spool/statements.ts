import type Database from 'better-sqlite3';

/** Events are known again for so many minutes at least. */
const KEEP_MINUTES = 10;

/** The statements, prepared once. Times leave as text: int64 does not fit a JavaScript number. */
export class Statements {
  readonly getMeta;
  readonly putMeta;
  readonly addObserved;
  readonly isObserved;
  readonly addPending;
  readonly pending;
  readonly countPending;
  readonly dropPending;
  readonly stretches;
  readonly clearStretches;
  readonly addStretch;
  readonly putOrigin;
  readonly watchedUntil;
  readonly addBatch;
  readonly unsent;
  readonly committed;
  readonly anyCommitted;
  readonly lastBatch;
  readonly lastSentAt;
  readonly dropMeta;
  readonly addQuarantined;
  readonly isQuarantined;
  readonly trimQuarantine;
  readonly putMargin;
  readonly margin;
  readonly hold;
  readonly letGo;
  readonly held;
  readonly leave;
  readonly hasLeft;
  readonly addInspection;
  readonly inspections;
  readonly dropInspections;
  readonly sources;
  readonly forgetEvents;
  readonly forgetBatches;
  readonly forgetStretches;
  readonly sizes;

  constructor(db: Database.Database) {
    this.getMeta = db.prepare('SELECT value FROM meta WHERE key = ?');
    this.putMeta = db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
    this.addObserved = db.prepare('INSERT OR IGNORE INTO observed VALUES (?, ?)');
    this.isObserved = db.prepare('SELECT 1 FROM observed WHERE time = ? AND identity = ?');
    this.addPending = db.prepare(
      'INSERT INTO pending (kind, source, event, from_time, to_time, reason) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.pending = db.prepare(
      `SELECT seq, kind, source, event, CAST(from_time AS TEXT) AS "from", CAST(to_time AS TEXT) AS "to", reason
       FROM pending ORDER BY seq`,
    );
    this.countPending = db.prepare('SELECT count(*) AS count FROM pending');
    this.dropPending = db.prepare('DELETE FROM pending WHERE seq <= ?');
    this.stretches = db.prepare(
      `SELECT source, CAST(from_time AS TEXT) AS "from", CAST(to_time AS TEXT) AS "to" FROM stretch
       ORDER BY source, from_time`,
    );
    this.clearStretches = db.prepare('DELETE FROM stretch');
    this.addStretch = db.prepare('INSERT INTO stretch VALUES (?, ?, ?)');
    this.putOrigin = db.prepare(
      `INSERT INTO origin (source, since) VALUES (?, ?)
       ON CONFLICT (source) DO UPDATE SET since = excluded.since, left_since_then = 0`,
    );
    this.watchedUntil = db.prepare(
      `SELECT CAST(max(time) AS TEXT) AS until FROM (
         SELECT to_time AS time FROM stretch WHERE source = @source
         UNION ALL SELECT to_time FROM pending WHERE kind = 'watch' AND source = @source
         UNION ALL SELECT since FROM origin WHERE source = @source)`,
    );
    this.addBatch = db.prepare(
      'INSERT INTO batch (run, n, first, count, digest, sent_at, text) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.unsent = db.prepare(
      `SELECT run, n, first, count, digest, CAST(sent_at AS TEXT) AS sentAt, text FROM batch
       WHERE text IS NOT NULL ORDER BY sent_at, run, n`,
    );
    this.committed = db.prepare('UPDATE batch SET text = NULL, block = ?, tx = ? WHERE run = ? AND n = ?');
    this.anyCommitted = db.prepare('SELECT 1 FROM batch WHERE text IS NULL LIMIT 1');
    this.lastBatch = db.prepare(
      'SELECT n, first + count AS next, digest FROM batch WHERE run = ? ORDER BY n DESC LIMIT 1',
    );
    this.lastSentAt = db.prepare('SELECT CAST(max(sent_at) AS TEXT) AS at FROM batch');
    this.dropMeta = db.prepare('DELETE FROM meta WHERE key = ?');
    // What comes again is new again.
    this.addQuarantined = db.prepare(
      `INSERT INTO quarantine VALUES (@digest, @seq, @place, @why, @text)
       ON CONFLICT (digest) DO UPDATE SET seq = excluded.seq, place = excluded.place`,
    );
    this.trimQuarantine = db.prepare(
      'DELETE FROM quarantine WHERE seq <= (SELECT seq FROM quarantine ORDER BY seq DESC LIMIT 1 OFFSET ?)',
    );
    this.isQuarantined = db.prepare('SELECT 1 FROM quarantine WHERE digest = ?');
    this.putMargin = db.prepare(
      'INSERT INTO margin VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET seconds = excluded.seconds',
    );
    this.margin = db.prepare('SELECT seconds FROM margin WHERE source = ?').pluck();
    this.hold = db.prepare(
      `INSERT OR IGNORE INTO held (key, cluster, event, seq)
       VALUES (?, ?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM held))`,
    );
    this.letGo = db.prepare('DELETE FROM held WHERE key = ?');
    this.held = db.prepare('SELECT cluster, event FROM held ORDER BY seq');
    this.leave = db.prepare('UPDATE origin SET left_since_then = 1 WHERE source = ?');
    this.hasLeft = db.prepare('SELECT left_since_then FROM origin WHERE source = ?').pluck();
    this.addInspection = db.prepare('INSERT INTO inspection (source, at, objects) VALUES (?, ?, ?)');
    this.inspections = db.prepare('SELECT seq, source, CAST(at AS TEXT) AS at, objects FROM inspection ORDER BY seq');
    this.dropInspections = db.prepare('DELETE FROM inspection WHERE seq <= ?');
    this.sources = db.prepare('SELECT source FROM origin ORDER BY source');
    // The last ones in time, however long ago: a quiet engine still remembers them. Those from the minutes before the last
    // arrival stay too, lest a clock that ran ahead for a while makes what comes now look old.
    this.forgetEvents = db.prepare(
      `DELETE FROM observed WHERE time < (SELECT time FROM observed ORDER BY time DESC LIMIT 1 OFFSET ?)
       AND time < (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'lastEventTime') - ${KEEP_MINUTES} * 60000000000`,
    );
    this.forgetBatches = db.prepare(
      `DELETE FROM batch WHERE text IS NULL AND (run, n) NOT IN (
         SELECT run, n FROM batch WHERE text IS NULL AND run = @run ORDER BY n DESC LIMIT @keep)
       AND sent_at < (SELECT max(sent_at) FROM batch)`,
    );
    this.forgetStretches = db.prepare(
      `DELETE FROM stretch WHERE to_time < (
         SELECT max(to_time) FROM stretch AS newer WHERE newer.source = stretch.source) - ?`,
    );
    this.sizes = ['page_count', 'freelist_count', 'page_size'].map((name) => db.prepare(`PRAGMA ${name}`).pluck());
  }
}
