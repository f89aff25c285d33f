-- Version 1. Run inside one transaction by server/store/migrate.c, which sets user_version after it.
-- Times are UTC milliseconds since 1970. A missing value is NULL.

PRAGMA application_id = 0x74737472; -- "tstr": this file is ours

-- AUTOINCREMENT keeps the largest key ever used in sqlite_sequence, so that no key comes back.
CREATE TABLE series (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    freq_ms INTEGER NOT NULL,      -- both 0: infer
    freq_months INTEGER NOT NULL,
    horizon INTEGER NOT NULL,      -- 0: by frequency
    min REAL,
    max REAL,
    integer INTEGER NOT NULL CHECK (integer IN (0, 1)),
    fit TEXT NOT NULL CHECK (fit IN ('auto', 'every', 'off')),
    fit_every INTEGER NOT NULL,
    grid_ms INTEGER,               -- all three NULL: not known yet
    grid_months INTEGER,
    grid_anchor INTEGER,
    created_at INTEGER NOT NULL,
    -- As of the tail row before tail_from; the tail's later rows count on top.
    revision INTEGER NOT NULL DEFAULT 0,  -- points added or replaced, ever
    point_n INTEGER NOT NULL DEFAULT 0,
    last_t INTEGER,                       -- newest point; NULL: no point
    tail_from INTEGER NOT NULL            -- smallest tail id that is not in a chunk yet
) STRICT;

CREATE TABLE series_season (
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    period INTEGER NOT NULL,
    PRIMARY KEY (series, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE series_label (
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (series, name)
) STRICT, WITHOUT ROWID;

-- The log of single points, in order of arrival; a later row of the same time replaces an earlier one.
-- No index and no foreign key: a row costs one append. Rows below their series' tail_from, or of no
-- series, are dead; dead rows leave from the front.
CREATE TABLE tail (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    t INTEGER NOT NULL,
    v REAL,
    added INTEGER NOT NULL CHECK (added IN (0, 1)) -- 0: replaces a point that was there
) STRICT;

-- Sorted points t0 to t1, disjoint in time within a series, as bytes (server/store/chunk.h).
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    t0 INTEGER NOT NULL,
    t1 INTEGER NOT NULL,
    n INTEGER NOT NULL,
    blob BLOB NOT NULL,
    UNIQUE (series, t0)
) STRICT;

CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    crc INTEGER NOT NULL,          -- CRC-32C of bytes
    bytes BLOB NOT NULL,
    UNIQUE (series, version)
) STRICT;

CREATE TABLE job (
    number INTEGER PRIMARY KEY,    -- order of arrival
    id TEXT NOT NULL UNIQUE,
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    "full" INTEGER NOT NULL CHECK ("full" IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    created_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,   -- 0: not yet
    finished_at INTEGER NOT NULL,  -- 0: not yet
    result TEXT NOT NULL,
    error TEXT NOT NULL
) STRICT;
CREATE INDEX job_series ON job (series);
CREATE INDEX job_finished ON job (finished_at, number)
    WHERE state NOT IN ('pending', 'running');
CREATE INDEX job_unfinished ON job (created_at, number)
    WHERE state IN ('pending', 'running');
