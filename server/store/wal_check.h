/* Whether the log of transactions (WAL) lost anything to damage. Knows SQLite's WAL format (its "Database
 * File
 * Format", section 4); refuses to know pages. Surprising: SQLite takes a damaged frame for the end of the
 * log and
 * says nothing, for a power cut looks alike; so acknowledged writes behind it would vanish without a word.
 * Here
 * the rest of the log is looked at: where the end of a transaction stands behind such a frame, one was lost.
 *
 * What cannot be told: a log that was cut off between two transactions, and whether a torn last transaction
 * was
 * acknowledged. */
#ifndef SERVER_STORE_WAL_CHECK_H
#define SERVER_STORE_WAL_CHECK_H

#include "server/store/damage.h"

/* Before SQLite opens the file `path`, and may write over what it does not read. Damage is noted, and the log
 * copied to `path`-wal.damaged (unless there is such a file). Costs one pass over the log. */
void wal_check(const char *path, struct damage *damage);

#endif
