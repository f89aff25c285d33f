-- Version 5. What is damaged is told, and kept aside where its place is needed.

-- CRC-32C of the row's other columns (server/store/tail.c); -1: written before this version, not checked.
ALTER TABLE tail ADD COLUMN crc INTEGER NOT NULL DEFAULT -1;

-- Rows that could not be read, as they were found. Nothing reads them but people: no types, no references.
CREATE TABLE damaged (
    id INTEGER PRIMARY KEY,
    kind,     -- 'points' (a chunk), 'log' (a row of tail)
    series,
    t0,       -- of a row of tail: t …
    t1,       -- … and its id
    n,
    bytes     -- of a row of tail: v
);
