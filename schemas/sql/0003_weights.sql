-- Version 3. Shared weights that were trained on this store's own series, newest version last.
CREATE TABLE weights (
    version INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    origin INTEGER NOT NULL,       -- identity of the weights that the first training began with
    points INTEGER NOT NULL,       -- of all series, ever, when it began
    report TEXT NOT NULL,          -- JSON: what the training measured
    crc INTEGER NOT NULL,          -- CRC-32C of bytes
    bytes BLOB NOT NULL            -- schemas/weights.md; empty: back to the origin
) STRICT;
