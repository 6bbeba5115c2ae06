/**
 * The projection's tables, as numbered migrations, each applied once and never changed afterwards. Everything here
 * follows from the ledger: deleting the file and reading again gives the same rows.
 *
 * Keys begin with time or are counters, for rows that come in key order are written twenty times as fast as rows with
 * random keys. Times are 19 digits, so that text sorts as time does.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL);

  -- Valid, genuinely signed batches in ledger order; clock: the ledger clock after it; appearance: of what it attested first.
  CREATE TABLE transactions (
    seq INTEGER PRIMARY KEY, block INTEGER NOT NULL, tx TEXT NOT NULL, actor TEXT NOT NULL, clock TEXT, appearance TEXT
  );
  CREATE INDEX transactions_by_clock ON transactions (clock, seq);

  -- contiguous: every batch up to this number is committed.
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY, actor TEXT NOT NULL, collector TEXT NOT NULL, run TEXT NOT NULL,
    contiguous INTEGER NOT NULL DEFAULT 0
  );

  -- Claims of batches beyond a hole in their run's numbers, as JSON.
  CREATE TABLE waiting_claims (
    run INTEGER NOT NULL, n INTEGER NOT NULL, claims TEXT NOT NULL, PRIMARY KEY (run, n)
  ) WITHOUT ROWID;

  CREATE TABLE batches (
    run INTEGER NOT NULL, n INTEGER NOT NULL, digest TEXT NOT NULL, prev TEXT NOT NULL, first INTEGER NOT NULL,
    count INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (run, n, digest)
  ) WITHOUT ROWID;

  CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

  -- first: the ledger clock at the actor's first batch on the source.
  CREATE TABLE witnesses (
    source INTEGER NOT NULL, actor TEXT NOT NULL, first TEXT, PRIMARY KEY (source, actor)
  ) WITHOUT ROWID;

  CREATE TABLE coverage (
    source INTEGER NOT NULL, actor TEXT NOT NULL, "from" TEXT NOT NULL, "to" TEXT NOT NULL, seq INTEGER NOT NULL
  );

  CREATE TABLE declared_gaps (
    source INTEGER NOT NULL, actor TEXT NOT NULL, "from" TEXT NOT NULL, "to" TEXT NOT NULL, reason TEXT NOT NULL,
    seq INTEGER NOT NULL
  );

  CREATE TABLE events (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, hash TEXT NOT NULL, source INTEGER NOT NULL, type TEXT NOT NULL,
    action TEXT NOT NULL, object TEXT NOT NULL, canonical TEXT NOT NULL, first_seq INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX events_by_time ON events (time, hash);

  CREATE TABLE attestations (
    event INTEGER NOT NULL, run INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL, t TEXT,
    PRIMARY KEY (event, run)
  ) WITHOUT ROWID;

  -- Events that not every expected witness has attested: all that judging looks at, besides the late ones.
  CREATE TABLE open_events (time TEXT NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (time, event)) WITHOUT ROWID;

  CREATE TABLE late_attestations (
    time TEXT NOT NULL, event INTEGER NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (time, event, actor)
  ) WITHOUT ROWID;

  -- Per day: events that all have attested (actor is empty), and events that each actor attested.
  CREATE TABLE tallies (
    day TEXT NOT NULL, actor TEXT NOT NULL, count INTEGER NOT NULL, first_seq INTEGER NOT NULL, PRIMARY KEY (day, actor)
  ) WITHOUT ROWID;

  -- Sealed days: the judgement as JSON, and what containers carry over into the next day.
  CREATE TABLE days (day TEXT PRIMARY KEY, judgement TEXT NOT NULL, carry TEXT NOT NULL) WITHOUT ROWID;
  `,
  `
  -- A timeless event is one event whatever time an actor says, so its time does not find it; few actions are removals.
  CREATE INDEX removals ON events (hash) WHERE action = 'remove';
  `,
  `
  -- What is kept from here on cannot be told from the rows before: the ledger is read again from its beginning.
  DELETE FROM meta; DELETE FROM blocks; DELETE FROM transactions; DELETE FROM runs; DELETE FROM waiting_claims;
  DELETE FROM batches; DELETE FROM sources; DELETE FROM witnesses; DELETE FROM coverage; DELETE FROM declared_gaps;
  DELETE FROM events; DELETE FROM attestations; DELETE FROM late_attestations; DELETE FROM tallies;
  DROP TABLE days; DROP TABLE open_events;

  CREATE UNIQUE INDEX batches_by_seq ON batches (seq);

  -- Batches that came under a number that had another content before.
  CREATE TABLE repeated_batches (seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, n INTEGER NOT NULL);

  -- Batches whose prev was the digest of no batch before them when both were there; seq: the later of the two.
  CREATE TABLE broken_links (
    run INTEGER NOT NULL, n INTEGER NOT NULL, digest TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (run, n, digest)
  ) WITHOUT ROWID;

  -- Silences that have ended. since: the ledger clock from which they ran; watched: the end of the watch before.
  CREATE TABLE silences (
    source INTEGER NOT NULL, actor TEXT NOT NULL, since TEXT NOT NULL, watched TEXT NOT NULL, last INTEGER NOT NULL,
    established INTEGER NOT NULL, ended INTEGER NOT NULL, PRIMARY KEY (source, actor, established)
  ) WITHOUT ROWID;
  CREATE INDEX silences_by_end ON silences (ended);

  -- Stretches of time whose local events a run may have numbered the other way round.
  CREATE TABLE disorders ("from" TEXT NOT NULL, "to" TEXT NOT NULL, run INTEGER NOT NULL, PRIMARY KEY ("from", "to", run)) WITHOUT ROWID;

  -- The greatest and least times by which disorder in a run is told, as JSON.
  ALTER TABLE runs ADD COLUMN times TEXT;

  -- Events that not every expected witness has attested; sole: who alone attests it, empty if there are several.
  CREATE TABLE open_events (
    time TEXT NOT NULL, event INTEGER NOT NULL, sole TEXT NOT NULL, PRIMARY KEY (time, event)
  ) WITHOUT ROWID;

  -- Sealed days: the judgement as JSON, what containers carry over, and the sealing transaction.
  CREATE TABLE days (
    day TEXT PRIMARY KEY, judgement TEXT NOT NULL, carry TEXT NOT NULL, seq INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- What was last said of a sealed day, where amendments have changed it.
  CREATE TABLE amended_days (day TEXT PRIMARY KEY, judgement TEXT NOT NULL, carry TEXT NOT NULL) WITHOUT ROWID;

  -- Sealed days about which something was said since they were last judged.
  CREATE TABLE touched_days (day TEXT PRIMARY KEY) WITHOUT ROWID;
  `,
  `
  -- Numbers that a run has left out so far; seq: the first transaction with a greater one.
  CREATE TABLE holes (
    run INTEGER NOT NULL, "from" INTEGER NOT NULL, "to" INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (run, "from")
  ) WITHOUT ROWID;
  CREATE INDEX holes_by_seq ON holes (seq);
  CREATE INDEX broken_links_by_seq ON broken_links (seq);
  INSERT INTO holes (run, "from", "to", seq)
  SELECT run, before + 1, n - 1, shown FROM (
    SELECT run, n, lag(n, 1, 0) OVER (PARTITION BY run ORDER BY n) AS before,
      min(first) OVER (PARTITION BY run ORDER BY n DESC) AS shown
    FROM (SELECT run, n, min(seq) AS first FROM batches GROUP BY run, n)
  ) WHERE before < n - 1;

  -- The transactions of a run's first and latest batch.
  ALTER TABLE runs ADD COLUMN begun INTEGER;
  ALTER TABLE runs ADD COLUMN latest INTEGER;
  UPDATE runs SET begun = (SELECT min(seq) FROM batches WHERE run = runs.id),
    latest = (SELECT max(seq) FROM batches WHERE run = runs.id);
  CREATE INDEX runs_by_collector ON runs (actor, collector, begun);
  `,
  `
  -- The channel's configuration, the archive of blocks, disputes and anchors are kept from the first block on: all is read again.
  DELETE FROM meta; DELETE FROM blocks; DELETE FROM transactions; DELETE FROM runs; DELETE FROM waiting_claims;
  DELETE FROM batches; DELETE FROM sources; DELETE FROM witnesses; DELETE FROM coverage; DELETE FROM declared_gaps;
  DELETE FROM events; DELETE FROM attestations; DELETE FROM open_events; DELETE FROM late_attestations;
  DELETE FROM tallies; DELETE FROM repeated_batches; DELETE FROM broken_links; DELETE FROM silences;
  DELETE FROM disorders; DELETE FROM days; DELETE FROM amended_days; DELETE FROM touched_days; DELETE FROM holes;

  -- archived_to: length of the archive of blocks when this one is in it.
  ALTER TABLE blocks ADD COLUMN archived_to INTEGER;

  -- What the actors did in disputes, in the ledger's order; seq: the latest batch before; opens: the day of the finding,
  -- where the act opens the dispute; act: as the contract has it.
  CREATE TABLE dispute_acts (
    number INTEGER PRIMARY KEY, finding TEXT NOT NULL, opened_by TEXT NOT NULL, actor TEXT NOT NULL, opens TEXT,
    seq INTEGER NOT NULL, block INTEGER NOT NULL, clock TEXT, act TEXT NOT NULL
  );
  CREATE INDEX dispute_acts_by_finding ON dispute_acts (finding, opened_by, number);
  CREATE INDEX dispute_acts_by_seq ON dispute_acts (seq);
  CREATE INDEX dispute_acts_by_day ON dispute_acts (opens) WHERE opens IS NOT NULL;

  -- Reports' hashes that actors anchored; seq: the latest batch before; ranges as JSON.
  CREATE TABLE anchors (
    day TEXT NOT NULL, actor TEXT NOT NULL, hash TEXT NOT NULL, seq INTEGER NOT NULL, ranges TEXT NOT NULL,
    PRIMARY KEY (day, actor, hash)
  ) WITHOUT ROWID;
  CREATE INDEX anchors_by_seq ON anchors (seq);
  `,
  `
  -- What attests an event stands in the event's own row: one row an event, not one an attestation. All is read again.
  DELETE FROM meta; DELETE FROM blocks; DELETE FROM transactions; DELETE FROM runs; DELETE FROM waiting_claims;
  DELETE FROM batches; DELETE FROM sources; DELETE FROM witnesses; DELETE FROM coverage; DELETE FROM declared_gaps;
  DELETE FROM events; DELETE FROM open_events; DELETE FROM late_attestations; DELETE FROM tallies;
  DELETE FROM repeated_batches; DELETE FROM broken_links; DELETE FROM silences; DELETE FROM disorders;
  DELETE FROM days; DELETE FROM amended_days; DELETE FROM touched_days; DELETE FROM holes; DELETE FROM dispute_acts;
  DELETE FROM anchors;
  DROP TABLE attestations;

  -- JSON: [run, number, seq], and the collector's own time where the event has none, of the first attestation of each run.
  ALTER TABLE events ADD COLUMN attested TEXT NOT NULL DEFAULT '[]';

  CREATE VIEW attestations AS
  SELECT e.id AS event, json_extract(said.value, '$[0]') AS run, json_extract(said.value, '$[1]') AS number,
    json_extract(said.value, '$[2]') AS seq, json_extract(said.value, '$[3]') AS t
  FROM events e, json_each(e.attested) said;
  `,
  `
  -- What a reconciler that follows finds of the days that are not sealed, up to the block that meta has as 'judged'; part: what
  -- was looked at for it.
  CREATE TABLE open_findings (
    day TEXT NOT NULL, part TEXT NOT NULL, id TEXT NOT NULL, finding TEXT NOT NULL, PRIMARY KEY (day, part, id)
  ) WITHOUT ROWID;
  CREATE INDEX open_findings_by_id ON open_findings (id);
  `,
  `
  -- Findings of days stand in rows of their own, in their order: of very many none need be held. said: 0 as sealed, 1 as amended.
  CREATE TABLE day_findings (
    day TEXT NOT NULL, said INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, finding TEXT NOT NULL,
    PRIMARY KEY (day, said, number)
  ) WITHOUT ROWID;
  CREATE INDEX day_findings_by_id ON day_findings (id);
  INSERT INTO day_findings (day, said, number, id, finding)
  SELECT d.day, 0, f.key, json_extract(f.value, '$.id'), f.value FROM days d, json_each(d.judgement, '$.findings') f;
  INSERT INTO day_findings (day, said, number, id, finding)
  SELECT d.day, 1, f.key, json_extract(f.value, '$.id'), f.value FROM amended_days d, json_each(d.judgement, '$.findings') f;
  UPDATE days SET judgement = json_set(judgement, '$.findings', json('[]'));
  UPDATE amended_days SET judgement = json_set(judgement, '$.findings', json('[]'));
  `,
  `
  -- What is said of a day besides its findings. By another name: an earlier version that is still reading on would find no findings, and
  -- tell all of them as new.
  ALTER TABLE days RENAME COLUMN judgement TO rest;
  ALTER TABLE amended_days RENAME COLUMN judgement TO rest;
  `,
  `
  -- What a finding says of events lies in their rows already: it is read from there. contents: JSON, of each event its number and the time
  -- of its key when that was said; up_to: the latest transaction then. Both are NULL where all is in the finding itself.
  ALTER TABLE day_findings ADD COLUMN contents TEXT;
  ALTER TABLE day_findings ADD COLUMN up_to INTEGER;
  `,
];
