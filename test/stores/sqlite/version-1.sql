-- A file of version 1, as the release that wrote it left it.
BEGIN;
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
CREATE UNIQUE INDEX skein_call_key ON skein_call (unique_key) WHERE unique_key IS NOT NULL AND state < 4;
CREATE INDEX skein_call_line ON skein_call (line, priority DESC, place) WHERE state = 1;
CREATE INDEX skein_call_due ON skein_call (due_at, line) WHERE state = 0;
CREATE INDEX skein_call_gives_up ON skein_call (gives_up_at) WHERE gives_up_at IS NOT NULL;
CREATE INDEX skein_call_lease ON skein_call (lease, line, worker) WHERE lease IS NOT NULL;
CREATE INDEX skein_call_limit ON skein_call (limit_key, state, line, priority DESC, place) WHERE limit_key IS NOT NULL AND state < 4;
CREATE INDEX skein_call_ended ON skein_call (ended, line, state) WHERE ended IS NOT NULL;
CREATE INDEX skein_call_trouble ON skein_call (state, call) WHERE state > 4;
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
INSERT INTO skein_meta VALUES (1, 1, '00000000-0000-4000-8000-000000000000', 15, 0, 2, 35);
INSERT INTO skein_line VALUES (1, 'q', 't');
INSERT INTO skein_line VALUES (2, 'r', 't');
INSERT INTO skein_queue VALUES ('p', 1);
INSERT INTO skein_call VALUES (1, 'done', 1, 4, 4, 1, '{}', '[[],{},{}]', 16, 1795938453617, 1795938453617, NULL, NULL, NULL, 1, 0, NULL, 10, NULL, 'w', 1795938453628, 1795938453636, 14, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '"ü"');
INSERT INTO skein_call VALUES (2, 'failed', 1, 5, 4, 2, '{}', '[[],{},{}]', 19, 1795938453617, 1795938453617, NULL, NULL, NULL, 1, 0, NULL, 10, NULL, 'w', 1795938453628, 1795938453636, 15, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"m":1}', NULL);
INSERT INTO skein_call VALUES (3, 'running', 1, 2, 3, 3, '{}', '[[],{},{}]', 14, 1795938453617, 1795938453617, NULL, NULL, NULL, 1, 0, NULL, 10, 13, 'w', 1795938453628, NULL, NULL, 2, 1, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO skein_call VALUES (4, 'ready', 1, 1, 2, 4, '{}', '[[],{},{}]', 12, 1795938453617, 1795938453617, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO skein_call VALUES (5, 'delayed', 1, 0, 4, 5, '{}', '[[],{},{}]', 12, 1795938453617, 2795938453617, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO skein_call VALUES (6, 'unique', 1, 1, 1, 6, '{}', '[[],{},{}]', 12, 1795938453617, 1795938453617, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 'k', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO skein_call VALUES (7, 'tagged', 1, 1, 1, 7, '{}', '[[],{},{}]', 12, 1795938453617, 1795938453617, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, '["x"]', NULL, NULL, NULL);
INSERT INTO skein_call VALUES (8, 'limited-1', 2, 1, 4, 8, '{}', '[[],{},{}]', 12, 1795938453617, 1795938453617, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, 'l', 1, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO skein_call VALUES (9, 'limited-2', 2, 3, 4, 9, '{}', '[[],{},{}]', 12, 1795938453617, 1795938453617, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, 'l', 1, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO skein_report VALUES (1, 3, 1, 3, 1795938453633, 's', '5');
INSERT INTO skein_report VALUES (2, 3, 2, 0, 1795938453633, NULL, '1');
INSERT INTO skein_lease VALUES (11, 1000, 16738515);
INSERT INTO skein_lease VALUES (13, 1000, 16738515);
COMMIT;
