/**
 * The spool's tables, as numbered SQL scripts: a script that was released is never changed, a new one is appended.
 * Keys begin with time or with a counter, so that an insert costs the same however long the history is.
 */
export const MIGRATIONS: readonly string[] = [
  // 1
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  -- Every event ever observed, to know it again: its own time and its hash with no attribute left out.
  CREATE TABLE observed (
    time INTEGER NOT NULL,
    identity BLOB NOT NULL,
    PRIMARY KEY (time, identity)
  ) WITHOUT ROWID;

  -- What was observed and is not yet in a batch, in order of arrival. A watch speaks for the rows before it.
  CREATE TABLE pending (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'watch', 'gap')),
    source TEXT NOT NULL,
    event TEXT,
    from_time INTEGER,
    to_time INTEGER,
    reason TEXT
  );

  -- Batches with their bytes, fixed before they are first sent and dropped when they are committed.
  CREATE TABLE batch (
    run TEXT NOT NULL,
    n INTEGER NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    digest TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    text TEXT,
    block INTEGER,
    tx TEXT,
    PRIMARY KEY (run, n)
  ) WITHOUT ROWID;
  CREATE INDEX batch_unsent ON batch (run, n) WHERE text IS NOT NULL;

  -- Unbroken stretches, as far as sealed batches claim them.
  CREATE TABLE stretch (
    source TEXT NOT NULL,
    from_time INTEGER NOT NULL,
    to_time INTEGER NOT NULL,
    PRIMARY KEY (source, from_time)
  ) WITHOUT ROWID;

  -- Since when each source is watched without a break.
  CREATE TABLE origin (source TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
  `,
  // 2
  `
  -- What was to be an event and could not be read, by the digest of its text; the text is cut.
  CREATE TABLE quarantine (
    digest BLOB PRIMARY KEY,
    seq INTEGER NOT NULL,
    place TEXT NOT NULL,
    why TEXT NOT NULL,
    text TEXT NOT NULL
  ) WITHOUT ROWID;

  -- What was learned by asking after a gap, until a batch has taken it. Not events.
  CREATE TABLE inspection (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    at INTEGER NOT NULL,
    objects TEXT NOT NULL
  );
  `,
  // 3
  `
  -- Whether the engine has left this Swarm: its watch does not go on when it is found there again.
  ALTER TABLE origin ADD COLUMN left_since_then INTEGER NOT NULL DEFAULT 0;

  -- How many seconds the events of a source were late, where that was more than its margin.
  CREATE TABLE margin (source TEXT PRIMARY KEY, seconds INTEGER NOT NULL) WITHOUT ROWID;

  -- A Swarm's events until the engine has said which Swarm it is in; the Swarm it was last known in, if any.
  CREATE TABLE held (key TEXT PRIMARY KEY, cluster TEXT, event TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;

  CREATE INDEX quarantine_seq ON quarantine (seq);
  `,
];
