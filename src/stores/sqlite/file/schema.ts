import { StoreError } from '../../../core/errors/errors.ts'
import { countIn } from './columns.ts'
import type { Database } from './database.ts'

/**
 * The states of a call as the file has them; those below 4 have not ended. `held` waits for a counter, `parked` for its limit,
 * and is shown as ready.
 */
export const state = {
  held: -1,
  delayed: 0,
  ready: 1,
  running: 2,
  parked: 3,
  done: 4,
  failed: 5,
  cancelled: 6,
  dead: 7,
} as const

/**
 * The conditions of partial indexes, for the queries that are to use one: SQLite takes such an index only if the query says so in the
 * same words, even where it says more than that already.
 */
export const notEnded: string = `state < ${state.done}`
export const endedBadly: string = `state > ${state.done}`
/** The reports that are looked for by their kind: neither items of a stream nor plain steps, of which there are the most. */
export const listedByKind = 'kind <> 2 AND kind <> 3'

/**
 * The parts of history, as the column `history` has them: what is done, what has failed or is dead, what was cancelled. Each is
 * trimmed by itself. A call whose unique key is still taken, though it has ended, is in none of them (number 3), and stays.
 */
export const parts: readonly number[] = [0, 1, 2]

/** The part of history to which a call belongs that has ended in this state. */
export function partOf(into: number): number {
  if (into === state.done) return 0
  return into === state.cancelled ? 2 : 1
}

/** The same in SQL. */
const partOfState = `CASE state WHEN ${state.done} THEN 0 WHEN ${state.cancelled} THEN 2 ELSE 1 END`

/** The number of those that are in no part. */
export const keyed = 3

/** The changes to a call that does not keep its key any longer, in SQL. */
export const withoutKey: string = `key_until = NULL, history = iif(ended IS NULL, NULL, ${partOfState})`

/** The columns of `skein_meta` that count the parts: how many calls, and their bytes. */
export const countColumns = 'ended_count, ended_bytes, failed_count, failed_bytes, cancelled_count, cancelled_bytes'

/** The version of the tables below. */
export const schemaVersion: number = 8

/** The mark of a file that was made by skein, for tools that ask ("skei"). */
const applicationId = 0x736b6569

/**
 * Each step brings the tables from the version of its place to the next. Steps that have been published never change.
 *
 * All names begin with skein_, since the file may hold tables of the user's own.
 */
const steps: readonly string[] = [
  `
  CREATE TABLE skein_meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,        -- of these tables
    boot TEXT NOT NULL,              -- the start of the machine on which leases were given
    sequence INTEGER NOT NULL,       -- the last number that was given out: calls, places in line, tokens, endings
    control INTEGER NOT NULL,        -- rises when a queue is paused or resumed, and when somebody is to stop
    ended_count INTEGER NOT NULL,
    ended_bytes INTEGER NOT NULL
  );
  CREATE TABLE skein_line (
    line INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    task TEXT NOT NULL,
    UNIQUE (queue, task)
  );
  CREATE TABLE skein_queue (queue TEXT PRIMARY KEY, paused INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE skein_call (
    call INTEGER PRIMARY KEY,        -- rises in the order of sending
    id TEXT NOT NULL,
    line INTEGER NOT NULL,           -- queue and task
    state INTEGER NOT NULL,          -- 0 delayed, 1 ready, 2 running, 3 ready but its limit is used up, 4 done, 5 failed, 6 cancelled, 7 dead
    priority INTEGER NOT NULL,       -- 0 to 9
    place INTEGER NOT NULL,          -- rises in the order in which calls came to be due
    headers TEXT,                    -- NULL: see skein_message
    body TEXT,
    bytes INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,        -- milliseconds since 1970, as all columns that end in _at
    due_at INTEGER NOT NULL,
    expires_at INTEGER,
    deadline_at INTEGER,
    gives_up_at INTEGER,             -- the earlier of the two, while it waits
    attempt INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    max_deaths INTEGER,
    token INTEGER NOT NULL DEFAULT 0,
    lease INTEGER,                   -- while it runs
    worker TEXT,
    started_at INTEGER,
    ended_at INTEGER,
    ended INTEGER,                   -- rises in the order of ending
    reports INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    ignore_result INTEGER NOT NULL DEFAULT 0,
    unique_key TEXT,
    limit_key TEXT,
    limit_concurrency INTEGER,
    limit_count INTEGER,
    limit_per INTEGER,
    tags TEXT,                       -- JSON array
    cancelling TEXT,
    error TEXT,
    result TEXT
  );
  CREATE UNIQUE INDEX skein_call_id ON skein_call (id);
  CREATE UNIQUE INDEX skein_call_key ON skein_call (unique_key) WHERE unique_key IS NOT NULL AND ${notEnded};
  CREATE INDEX skein_call_line ON skein_call (line, priority DESC, place) WHERE state = ${state.ready};
  CREATE INDEX skein_call_due ON skein_call (due_at, line) WHERE state = ${state.delayed};
  CREATE INDEX skein_call_gives_up ON skein_call (gives_up_at) WHERE gives_up_at IS NOT NULL;
  CREATE INDEX skein_call_lease ON skein_call (lease, line, worker) WHERE lease IS NOT NULL;
  CREATE INDEX skein_call_limit ON skein_call (limit_key, state, line, priority DESC, place) WHERE limit_key IS NOT NULL AND ${notEnded};
  CREATE INDEX skein_call_ended ON skein_call (ended, line, state) WHERE ended IS NOT NULL;
  CREATE INDEX skein_call_trouble ON skein_call (state, call) WHERE ${endedBadly};
  CREATE TABLE skein_message (call INTEGER PRIMARY KEY, headers TEXT NOT NULL, body TEXT NOT NULL);
  CREATE TABLE skein_report (
    report INTEGER PRIMARY KEY AUTOINCREMENT,
    call INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    kind INTEGER NOT NULL,           -- 0 progress, 1 log, 2 item, 3 step, 4 state
    time_at INTEGER NOT NULL,
    name TEXT,
    value TEXT NOT NULL
  );
  CREATE UNIQUE INDEX skein_report_call ON skein_report (call, sequence);
  CREATE INDEX skein_report_kind ON skein_report (call, kind, sequence);
  CREATE TABLE skein_gone (gone INTEGER PRIMARY KEY, id TEXT NOT NULL);
  CREATE TABLE skein_lease (
    lease INTEGER PRIMARY KEY,
    length INTEGER NOT NULL,         -- milliseconds
    until INTEGER NOT NULL           -- on the machine's clock that never goes back
  );
  CREATE TABLE skein_start (key TEXT NOT NULL, start INTEGER NOT NULL, until INTEGER NOT NULL);
  CREATE INDEX skein_start_key ON skein_start (key, start);
  CREATE INDEX skein_start_until ON skein_start (until);
  CREATE TABLE skein_opening (key TEXT PRIMARY KEY, opens INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX skein_opening_opens ON skein_opening (opens);
  CREATE TABLE skein_worker (
    worker TEXT PRIMARY KEY,
    queues TEXT NOT NULL,
    tasks TEXT NOT NULL,
    concurrency INTEGER NOT NULL,
    place TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    until INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE VIEW skein_jobs AS
    SELECT id, queue, task,
      CASE state WHEN 0 THEN 'delayed' WHEN 1 THEN 'ready' WHEN 2 THEN 'running' WHEN 3 THEN 'ready' WHEN 4 THEN 'done'
        WHEN 5 THEN 'failed' WHEN 6 THEN 'cancelled' ELSE 'dead' END AS state,
      priority, attempt, deaths, worker,
      datetime(sent_at / 1000, 'unixepoch') AS sent, datetime(due_at / 1000, 'unixepoch') AS due,
      datetime(started_at / 1000, 'unixepoch') AS started, datetime(ended_at / 1000, 'unixepoch') AS ended,
      tags, coalesce(c.body, m.body) AS body, result, error
    FROM skein_call c JOIN skein_line USING (line) LEFT JOIN skein_message m USING (call);
  CREATE VIEW skein_queues AS
    SELECT queue, state, count(*) AS jobs, min(sent) AS oldest FROM skein_jobs GROUP BY queue, state;
  `,
  // Calls that wait for others: state -1, held. And calls that stand in another store, with place 0: running, held or ended.
  `
  ALTER TABLE skein_call ADD COLUMN counts INTEGER NOT NULL DEFAULT 0; -- how many members of counters it is
  ALTER TABLE skein_call ADD COLUMN awaits TEXT;             -- the counter for which it waits, or has waited last
  ALTER TABLE skein_call ADD COLUMN awaits_members INTEGER;  -- so many have to end
  ALTER TABLE skein_call ADD COLUMN awaits_drop INTEGER NOT NULL DEFAULT 0; -- 1: it fails with the first that is not done
  ALTER TABLE skein_call ADD COLUMN awaits_delay INTEGER;    -- milliseconds from when it is let go
  ALTER TABLE skein_call ADD COLUMN awaits_bytes INTEGER;    -- what the counter keeps for it, once it has ended; part of bytes
  CREATE INDEX skein_call_awaits ON skein_call (awaits) WHERE awaits IS NOT NULL;
  CREATE INDEX skein_call_held ON skein_call (awaits, awaits_drop, awaits_members, line) WHERE state = ${state.held};
  CREATE INDEX skein_call_elsewhere ON skein_call (token) WHERE place = 0 AND state = ${state.running};
  CREATE TABLE skein_counter (
    counter TEXT PRIMARY KEY,
    members INTEGER NOT NULL,        -- that are known of
    ended INTEGER NOT NULL,
    failed INTEGER NOT NULL,         -- that have ended otherwise than as done
    bytes INTEGER NOT NULL,          -- of the results and errors of members
    awaited INTEGER NOT NULL,        -- 1: somebody waits for it, or has
    idle_at INTEGER                  -- nobody has waited, and all members have ended: since when
  ) WITHOUT ROWID;
  CREATE INDEX skein_counter_idle ON skein_counter (idle_at) WHERE idle_at IS NOT NULL;
  CREATE TABLE skein_member (
    counter TEXT NOT NULL,
    member INTEGER NOT NULL,
    call INTEGER NOT NULL,           -- may be forgotten, or never have been kept
    id TEXT NOT NULL,
    state INTEGER,                   -- NULL: it has not ended
    result TEXT,
    error TEXT
  );
  CREATE UNIQUE INDEX skein_member_counter ON skein_member (counter, member);
  CREATE INDEX skein_member_call ON skein_member (call);
  DROP VIEW skein_queues;
  DROP VIEW skein_jobs;
  CREATE VIEW skein_jobs AS
    SELECT id, queue, task,
      CASE state WHEN -1 THEN 'held' WHEN 0 THEN 'delayed' WHEN 1 THEN 'ready' WHEN 2 THEN 'running' WHEN 3 THEN 'ready'
        WHEN 4 THEN 'done' WHEN 5 THEN 'failed' WHEN 6 THEN 'cancelled' ELSE 'dead' END AS state,
      priority, attempt, deaths, worker,
      datetime(sent_at / 1000, 'unixepoch') AS sent, datetime(due_at / 1000, 'unixepoch') AS due,
      datetime(started_at / 1000, 'unixepoch') AS started, datetime(ended_at / 1000, 'unixepoch') AS ended,
      tags, coalesce(c.body, m.body) AS body, result, error, awaits
    FROM skein_call c JOIN skein_line USING (line) LEFT JOIN skein_message m USING (call);
  CREATE VIEW skein_queues AS
    SELECT queue, state, count(*) AS jobs, min(sent) AS oldest FROM skein_jobs GROUP BY queue, state;
  `,
  `
  ALTER TABLE skein_call ADD COLUMN blamed INTEGER NOT NULL DEFAULT 0; -- 1: it has begun, so that the death of its worker is a death of its own
  UPDATE skein_call SET blamed = 1 WHERE state = 2;
  ALTER TABLE skein_call ADD COLUMN alone INTEGER; -- it is to run alone for so many milliseconds; -1: it was at hand when a worker died
  UPDATE skein_call SET blamed = 1 WHERE state = ${state.running};
  `,
  // One that was asked to stop has given up its key: another one may have it, and waits for its end.
  `
  DROP INDEX skein_call_key;
  CREATE UNIQUE INDEX skein_call_key ON skein_call (unique_key, iif(cancelling IS NULL, 0, call))
    WHERE unique_key IS NOT NULL AND ${notEnded};
  `,
  // Keys that stay taken for a time; and history in parts.
  `
  ALTER TABLE skein_call ADD COLUMN key_until INTEGER;       -- the unique key stays taken until then, though the call has ended
  ALTER TABLE skein_call ADD COLUMN history INTEGER;         -- once it has ended: 0 done, 1 failed or dead, 2 cancelled, 3 its key is taken
  UPDATE skein_call SET history = ${partOfState} WHERE ended IS NOT NULL;
  DROP INDEX skein_call_ended;
  CREATE INDEX skein_call_history ON skein_call (history, ended, line, state) WHERE ended IS NOT NULL;
  CREATE INDEX skein_call_kept ON skein_call (unique_key) WHERE key_until IS NOT NULL;
  CREATE INDEX skein_call_freed ON skein_call (key_until) WHERE key_until IS NOT NULL;
  ALTER TABLE skein_meta ADD COLUMN failed_count INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE skein_meta ADD COLUMN failed_bytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE skein_meta ADD COLUMN cancelled_count INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE skein_meta ADD COLUMN cancelled_bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE skein_meta SET ended_count = -1; -- counted anew
  `,
  `
  ALTER TABLE skein_meta ADD COLUMN retention TEXT;          -- JSON: the limits on what has ended that somebody has changed
  `,
  // What calls wait for that have asked for it themselves, schedules, and graphs.
  `
  -- skein_report.kind: 5 a step that can be undone, 6 it has been (null) or could not be, 7 from here on it is undone.
  CREATE TABLE skein_memo (call INTEGER PRIMARY KEY, memo TEXT NOT NULL); -- JSON: what the attempt has left for itself
  -- What is sent again and again.
  CREATE TABLE skein_schedule (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,        -- a number of the sequence: another one with each change
    due_at INTEGER,                  -- NULL: not any more
    definition TEXT NOT NULL,        -- JSON
    progress TEXT NOT NULL           -- JSON
  ) WITHOUT ROWID;
  CREATE INDEX skein_schedule_due ON skein_schedule (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX skein_schedule_version ON skein_schedule (version);
  -- Graphs: members that belong to those who wait for them, and members that may fail.
  ALTER TABLE skein_member ADD COLUMN owned INTEGER NOT NULL DEFAULT 0;     -- 1: it ends with those who wait for the counter
  ALTER TABLE skein_member ADD COLUMN tolerated INTEGER NOT NULL DEFAULT 0; -- 1: it counts as done, whichever way it ends
  `,
  // A step is written in fewer places.
  `
  DROP INDEX skein_report_kind;
  CREATE INDEX skein_report_kind ON skein_report (call, kind, sequence) WHERE ${listedByKind};
  `,
]

/** The version of the tables in a file; 0 when there are none yet, NaN when what says so is damaged. */
export function versionOf(database: Database): number {
  const known = database.get(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'skein_meta'`)
  if (known === undefined) return 0
  return countIn(database.get('SELECT version FROM skein_meta')?.[0]) || NaN
}

/** Refuses a file that was written by a newer skein, and one that does not say by which. */
export function checkVersion(version: number, path: string): void {
  if (version <= schemaVersion) return
  if (Number.isNaN(version)) {
    throw new StoreError(
      'SKEIN_STORE_DAMAGED',
      `${path} is damaged: the version of its tables, in skein_meta, is missing or is not a number. Run 'skein repair' to save ` +
        `what can be saved into a new file.`,
      { store: path },
    )
  }
  throw new StoreError(
    'SKEIN_STORE_VERSION',
    `${path} was written by a newer skein: its tables have version ${version}, this one knows them up to ${schemaVersion}. ` +
      `Upgrade skein, or use another file.`,
    { store: path },
  )
}

/** Brings the tables up to date. Inside a transaction, after `checkVersion`. */
export function migrate(database: Database, version: number): void {
  const empty = database.get('SELECT 1 FROM sqlite_schema LIMIT 1') === undefined
  for (const step of steps.slice(version)) database.exec(step)
  if (version === 0) {
    database.run(
      `INSERT INTO skein_meta (one, version, boot, sequence, control, ended_count, ended_bytes) VALUES (1, ?, '', 0, 0, 0, 0)`,
      schemaVersion,
    )
    if (empty) database.exec(`PRAGMA application_id = ${applicationId}`)
  } else database.run('UPDATE skein_meta SET version = ?', schemaVersion)
}
