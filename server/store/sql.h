/* Every statement of the store in one place. Knows the schema of schemas/sql; refuses to know C.
 * Surprising: nothing. */
#ifndef SERVER_STORE_SQL_H
#define SERVER_STORE_SQL_H

#define SQL_SERIES_COLUMNS                                                                           \
    "key, id, freq_ms, freq_months, horizon, min, max, integer, fit, fit_every, created_at, " \
    "model, aggregate, timezone, retention"
#define SQL_SERIES_INSERT                                                                            \
    "INSERT INTO series(" SQL_SERIES_COLUMNS ", tail_from) "                                         \
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16) ON CONFLICT(key) DO "

/* X(name, text) */
#define SQL_LIST(X)                                                                                  \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                      \
    X(COMMIT, "COMMIT")                                                                              \
    X(SAVEPOINT, "SAVEPOINT request")                                                                \
    X(RELEASE, "RELEASE request")                                                                    \
    X(ROLLBACK_TO, "ROLLBACK TO request")                                                            \
                                                                                                     \
    X(SERIES_PUT, SQL_SERIES_INSERT                                                                  \
      "UPDATE SET id=?2, freq_ms=?3, freq_months=?4, horizon=?5, min=?6, max=?7, integer=?8, "       \
      "fit=?9, fit_every=?10, created_at=?11, model=?12, aggregate=?13, timezone=?14, "     \
      "retention=?15")                                                                               \
    X(SERIES_ADD, SQL_SERIES_INSERT "NOTHING")                                                       \
    X(SERIES_GRID, "UPDATE series SET grid_ms=?2, grid_months=?3, grid_anchor=?4 WHERE key=?1")      \
    X(SERIES_COUNTS, "SELECT revision, point_n, last_t, tail_from FROM series WHERE key=?1")         \
    X(SERIES_SET_COUNTS,                                                                             \
      "UPDATE series SET revision=?2, point_n=?3, last_t=?4, tail_from=?5 WHERE key=?1")             \
    X(SERIES_RETENTION, "SELECT retention, aggregate<>'', grid_ms, grid_months FROM series "         \
                        "WHERE key=?1")                                                              \
    X(SERIES_OVER, "SELECT key FROM series WHERE key>=?1 AND retention>0 AND point_n>=retention+?2 " \
                   "ORDER BY key LIMIT 1")                                                           \
    X(SERIES_DELETE, "DELETE FROM series WHERE key=?1")                                              \
    X(SERIES_ALL, "SELECT " SQL_SERIES_COLUMNS ", grid_ms, grid_months, grid_anchor FROM series "    \
                  "ORDER BY key")                                                                    \
    X(SERIES_MAX_KEY, "SELECT max(coalesce((SELECT max(seq) FROM sqlite_sequence), 0), "             \
                      "coalesce((SELECT max(key) FROM series), 0))")                                 \
    X(SERIES_MAX_TAIL_FROM, "SELECT max(tail_from) FROM series")                                     \
    X(SEASON_ADD, "INSERT INTO series_season(series, position, period) VALUES(?1,?2,?3)")            \
    X(SEASON_CLEAR, "DELETE FROM series_season WHERE series=?1")                                     \
    X(SEASON_ALL, "SELECT period FROM series_season WHERE series=?1 ORDER BY position")              \
    X(LABEL_ADD, "INSERT INTO series_label(series, name, value) VALUES(?1,?2,?3)")                   \
    X(LABEL_CLEAR, "DELETE FROM series_label WHERE series=?1")                                       \
    X(LABEL_ALL, "SELECT name, value FROM series_label WHERE series=?1 ORDER BY name")               \
                                                                                                     \
    X(TAIL_ADD, "INSERT INTO tail(id, series, t, v, added, crc) VALUES(?1,?2,?3,?4,?5,?6)")          \
    X(TAIL_ALL, "SELECT id, series, t, v, added, crc FROM tail ORDER BY id")                         \
    X(TAIL_KEEP_ASIDE, "INSERT INTO damaged(kind, series, t0, t1, n, bytes) "                        \
                       "SELECT 'log', series, t, id, 1, v FROM tail WHERE id=?1")                    \
    X(TAIL_DELETE, "DELETE FROM tail WHERE id=?1")                                                   \
    X(TAIL_TRIM, "DELETE FROM tail WHERE id < ?1")                                                   \
                                                                                                     \
    X(CHUNK_AT, "SELECT id, t0, t1, n, blob FROM chunk WHERE series=?1 AND t0<=?2 "                  \
                "ORDER BY t0 DESC LIMIT 1")                                                          \
    X(CHUNK_FIRST, "SELECT id, t0, t1, n, blob FROM chunk WHERE series=?1 ORDER BY t0 LIMIT 1")      \
    X(CHUNK_NEXT_T0, "SELECT t0 FROM chunk WHERE series=?1 AND t0>?2 ORDER BY t0 LIMIT 1")           \
    X(CHUNK_RANGE, "SELECT id, t0, t1, n, blob FROM chunk WHERE series=?1 AND t0<?3 AND t0>="        \
                   "coalesce((SELECT max(t0) FROM chunk WHERE series=?1 AND t0<=?2), ?2) "           \
                   "ORDER BY t0")                                                                    \
    X(CHUNK_SIZES, "SELECT t0, n FROM chunk WHERE series=?1 ORDER BY t0 DESC")                       \
    X(CHUNK_ADD, "INSERT INTO chunk(series, t0, t1, n, blob) VALUES(?1,?2,?3,?4,?5)")                \
    X(CHUNK_KEEP_ASIDE, "INSERT INTO damaged(kind, series, t0, t1, n, bytes) "                       \
                        "SELECT 'points', series, t0, t1, n, blob FROM chunk WHERE id=?1")           \
    X(CHUNK_DELETE, "DELETE FROM chunk WHERE id=?1")                                                 \
                                                                                                     \
    X(CHECKPOINT_NEWEST, "SELECT max(version) FROM checkpoint WHERE series=?1")                      \
    X(CHECKPOINT_ADD, "INSERT INTO checkpoint(series, version, created_at, crc, bytes) "             \
                      "VALUES(?1,?2,?3,?4,?5)")                                                      \
    X(CHECKPOINT_DROP, "DELETE FROM checkpoint WHERE series=?1 AND version NOT IN (SELECT version "  \
                       "FROM checkpoint WHERE series=?1 ORDER BY version DESC LIMIT ?2)")            \
    X(CHECKPOINT_SOME, "SELECT version, crc, bytes, created_at FROM checkpoint WHERE series=?1 AND " \
                       "(?2=0 OR version=?2) ORDER BY version DESC LIMIT ?3")                        \
    X(CHECKPOINT_ALL, "SELECT version, crc, bytes, created_at FROM checkpoint WHERE series=?1 "      \
                      "ORDER BY version DESC")                                                       \
                                                                                                     \
    X(JOB_PUT, "INSERT INTO job(id, series, \"full\", state, created_at, started_at, finished_at, "  \
               "result, error, kind, request) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) "          \
               "ON CONFLICT(id) DO UPDATE SET series=?2, \"full\"=?3, state=?4, created_at=?5, "    \
               "started_at=?6, finished_at=?7, result=?8, error=?9, kind=?10, request=?11")          \
    X(JOB_DROP, "DELETE FROM job WHERE number IN (SELECT number FROM job WHERE state NOT IN "        \
                "('pending', 'running') ORDER BY finished_at DESC, number DESC LIMIT -1 OFFSET ?1)") \
    X(JOB_UNFINISHED, "SELECT id, series, \"full\", state, created_at, started_at, finished_at, "    \
                      "result, error, kind, request FROM job WHERE state IN ('pending', 'running') "       \
                      "ORDER BY created_at, number")                                                 \
    X(JOB_ENDED, "SELECT id, series, \"full\", state, created_at, started_at, finished_at, "         \
                 "result, error, kind, request FROM job WHERE state NOT IN ('pending', 'running') "  \
                 "ORDER BY finished_at DESC, number DESC LIMIT ?1")                                  \
                                                                                                     \
    X(SAID_PUT, "INSERT INTO said(series, origin, crc, bytes) VALUES(?1,?2,?3,?4) "                  \
                "ON CONFLICT(series, origin) DO UPDATE SET crc=?3, bytes=?4")                        \
    X(SAID_OLD, "SELECT origin, bytes, crc FROM said WHERE series=?1 AND origin<?2 "                      \
                "ORDER BY origin DESC LIMIT ?3")                                                     \
    X(SAID_DROP, "DELETE FROM said WHERE series=?1 AND origin<?2")                                   \
    X(SAID_CLEAR, "DELETE FROM said WHERE series=?1")                                                \
    X(SAID_RANGE, "SELECT origin, bytes, crc FROM said WHERE series=?1 AND origin>=?2 AND "          \
                  "origin<?3 ORDER BY origin LIMIT ?4")                                              \
    X(SAID_NEWEST, "SELECT max(origin) FROM said WHERE series=?1")                                   \
    X(SAID_NEXT, "SELECT min(origin) FROM said WHERE series=?1 AND origin>=?2")                      \
                                                                                                     \
    X(WEIGHTS_ADD, "INSERT INTO weights(version, created_at, origin, points, report, crc, bytes) "   \
                   "VALUES(?1,?2,?3,?4,?5,?6,?7)")                                                      \
    X(WEIGHTS_DROP, "DELETE FROM weights WHERE version NOT IN (SELECT version FROM weights "         \
                    "ORDER BY version DESC LIMIT ?1)")                                               \
    X(WEIGHTS_ALL, "SELECT version, created_at, origin, points, report, crc, bytes FROM weights "    \
                   "ORDER BY version DESC")

enum sql {
#define SQL_ENUM(name, text) SQL_##name,
    SQL_LIST(SQL_ENUM)
#undef SQL_ENUM
    SQL_N
};

#endif
