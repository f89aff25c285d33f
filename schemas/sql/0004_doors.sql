-- Version 4. Irregular points, days in a time zone, bounded history, other jobs than fits, and what was said.
ALTER TABLE series ADD COLUMN aggregate TEXT NOT NULL DEFAULT ''
    CHECK (aggregate IN ('', 'last', 'mean', 'sum', 'min', 'max')); -- '': one point for each step
ALTER TABLE series ADD COLUMN timezone TEXT NOT NULL DEFAULT '';    -- IANA name; '': UTC
ALTER TABLE series ADD COLUMN retention INTEGER NOT NULL DEFAULT 0; -- points kept at least; 0: all

ALTER TABLE job ADD COLUMN kind TEXT NOT NULL DEFAULT 'fit' CHECK (kind IN ('fit', 'backtest'));
ALTER TABLE job ADD COLUMN request TEXT NOT NULL DEFAULT '';        -- JSON: what was asked; '': nothing more

-- Forecasts as they were first said at a step (core/said.h), the newest of each series.
CREATE TABLE said (
    series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
    origin INTEGER NOT NULL,       -- step of lead 1
    crc INTEGER NOT NULL,          -- CRC-32C of bytes
    bytes BLOB NOT NULL,
    PRIMARY KEY (series, origin)
) STRICT, WITHOUT ROWID;
