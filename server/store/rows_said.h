/* Rows of forecasts that were said. Knows that their bytes may be cut behind a lead and how long
 * they are kept; refuses to know what they say. Surprising: once no value can be waiting for a
 * forecast any more, its row is cut to the leads before the next one: what was said last about
 * every step stays, at a tenth of the size.
 *
 * Every call runs inside the caller's transaction, or for reading outside one. Thread: the
 * connection's. */
#ifndef SERVER_STORE_ROWS_SAID_H
#define SERVER_STORE_ROWS_SAID_H

#include "server/store/db.h"
#include "server/store/store.h"

/* Inserts or replaces; cuts and drops older rows of the series. */
__attribute__((warn_unused_result)) int rows_put_said(struct db *db, int64_t series, int64_t origin,
                                                      const void *bytes, size_t n, struct err *err);

/* All of a series. */
__attribute__((warn_unused_result)) int rows_drop_said(struct db *db, int64_t series,
                                                       struct err *err);

/* Those with from <= origin < until, oldest first, at most STORE_SAID_KEPT; a damaged row is left
 * out. The caller frees *ret, which holds their bytes too. */
__attribute__((warn_unused_result)) int rows_read_said(struct db *db, int64_t series, int64_t from,
                                                       int64_t until, struct store_said **ret,
                                                       size_t *ret_n, size_t *ret_bytes,
                                                       struct err *err);

/* The largest origin of a series; *ret_any false: none. */
__attribute__((warn_unused_result)) int
rows_newest_said(struct db *db, int64_t series, bool *ret_any, int64_t *ret, struct err *err);

#endif
