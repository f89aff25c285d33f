-- Version 2. What answers for a series: the shared networks, or one of its own.
ALTER TABLE series ADD COLUMN model TEXT NOT NULL DEFAULT 'trm' CHECK (model IN ('trm', 'literal'));
