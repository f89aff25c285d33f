-- A file of schema version 1, frozen: what an older program left behind. Two series, one of them with
-- settings, labels, a chunk, a tail (one point replaced) and models; one deleted; two jobs.
PRAGMA application_id=1953723506;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (series, version)
) STRICT;
INSERT INTO "checkpoint" VALUES(1,1,1,10,1247218464,X'6669727374206D6F64656C');
INSERT INTO "checkpoint" VALUES(2,1,2,20,1811088666,X'7365636F6E64206D6F64656C');
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    t0 INTEGER NOT NULL,
    t1 INTEGER NOT NULL,
    n INTEGER NOT NULL,
    blob BLOB NOT NULL,
    UNIQUE (series, t0)
) STRICT;
INSERT INTO "chunk" VALUES(1,1,0,21600000,7,X'01000700000000000000000080EE3600000000000000000000000000000000000000F83F0000000000000840000000000000F87F00000000000018400000000000001E400000000000002240FADEE605');
INSERT INTO "chunk" VALUES(2,2,1,100003,7,X'01010700010000000000000004E307B88506010101000000000000F03F000000000000004000000000000008400000000000001040000000000000F87F000000000000F0BF000000000000E03F3D28ADA3');
CREATE TABLE job (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    "full" INTEGER NOT NULL CHECK ("full" IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    created_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    result TEXT NOT NULL,
    error TEXT NOT NULL
) STRICT;
INSERT INTO "job" VALUES(1,'00000000000000a1',1,1,'running',30,31,0,'','');
INSERT INTO "job" VALUES(2,'00000000000000a0',1,0,'succeeded',20,21,22,'{}','');
CREATE TABLE series (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    freq_ms INTEGER NOT NULL,
    freq_months INTEGER NOT NULL,
    horizon INTEGER NOT NULL,
    min REAL,
    max REAL,
    integer INTEGER NOT NULL CHECK (integer IN (0, 1)),
    fit TEXT NOT NULL CHECK (fit IN ('auto', 'every', 'off')),
    fit_every INTEGER NOT NULL,
    grid_ms INTEGER,
    grid_months INTEGER,
    grid_anchor INTEGER,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    point_n INTEGER NOT NULL DEFAULT 0,
    last_t INTEGER,
    tail_from INTEGER NOT NULL
) STRICT;
INSERT INTO "series" VALUES(1,'power',3600000,0,48,0.0,NULL,0,'every',10,3600000,0,0,1000,7,7,21600000,1);
INSERT INTO "series" VALUES(2,'empty',0,0,0,NULL,NULL,0,'auto',0,NULL,NULL,NULL,2000,7,7,100003,5);
CREATE TABLE series_label (
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (series, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "series_label" VALUES(1,'site','a');
CREATE TABLE series_season (
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    period INTEGER NOT NULL,
    PRIMARY KEY (series, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "series_season" VALUES(1,0,24);
INSERT INTO "series_season" VALUES(1,1,168);
CREATE TABLE tail (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    t INTEGER NOT NULL,
    v REAL,
    added INTEGER NOT NULL CHECK (added IN (0, 1))
) STRICT;
INSERT INTO "tail" VALUES(1,1,25200000,10.5,1);
INSERT INTO "tail" VALUES(2,1,28800000,12.0,1);
INSERT INTO "tail" VALUES(3,1,28800000,99.0,0);
INSERT INTO "tail" VALUES(4,1,32400000,13.5,1);
CREATE INDEX job_series ON job (series);
CREATE INDEX job_finished ON job (finished_at, number)
    WHERE state NOT IN ('pending', 'running');
CREATE INDEX job_unfinished ON job (created_at, number)
    WHERE state IN ('pending', 'running');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('series',5);
COMMIT;
