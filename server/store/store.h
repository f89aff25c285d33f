/* The store: series, points, checkpoints and jobs, durable. Knows SQL and nothing else; refuses to know
 * models (a checkpoint is bytes) and the grid's meaning. Surprising: one thread owns the connection and
 * commits whatever has queued up meanwhile in one transaction (group commit), so a thousand writers cost
 * a thousandth of an fsync each; a request's `done` runs only after the commit that holds it.
 *
 * Durability: SQLite, WAL, synchronous=FULL. When done() reports no error, the write survives SIGKILL of
 * the process, and a power loss where the disk honours flushes.
 *
 * Threads: every function below is called on the loop's thread; done() runs there too (by the mailbox).
 * Order: requests take effect, and complete, in the order they were queued.
 * Limits: at most `queue_max` requests and `queue_bytes_max` bytes of payload and read results wait, from
 * the call until done(); beyond that the call returns -1 with ERR_BUSY and nothing is queued. */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include "server/base/mailbox.h"
#include "server/base/series.h"

struct store;

struct store_options {
    const char *path;        /* SQLite file; created when absent (its directory must exist) */
    size_t queue_max;        /* 0: 65,536 */
    size_t queue_bytes_max;  /* 0: 256 MiB */
    unsigned checkpoints_kept; /* per series; 0: 4 */
};

/* A series' row. */
struct store_series {
    int64_t key;             /* > 0, chosen by the caller, never reused */
    char id[SERIES_ID_MAX + 1];
    struct series_settings settings;
    bool grid_known;
    struct trm_grid grid;    /* valid when grid_known */
    int64_t created_at;      /* UTC ms */
    uint64_t revision;       /* points added or replaced, ever; set by the store */
    uint64_t point_n;        /* stored points; set by the store */
};

/* A stored checkpoint. */
struct store_checkpoint {
    uint64_t version;
    int64_t created_at; /* UTC ms */
    const void *bytes;  /* NULL where they fail the store's own checksum */
    size_t n;
    size_t stored_n;    /* bytes of the row, also where they are damaged */
};

/* Shared weights that were trained here. */
struct store_weights {
    uint64_t version;   /* > 0 */
    int64_t created_at; /* UTC ms */
    uint64_t origin;    /* identity of the weights that the first training began with */
    uint64_t points;    /* of all series, ever, when it began */
    const char *report; /* JSON; "" where the row is damaged */
    const void *bytes;  /* while loading NULL where they are damaged */
    size_t n;           /* 0: a row that says "back to the origin" */
};

/* A forecast that was said. */
struct store_said {
    int64_t origin; /* step of lead 1 */
    const uint8_t *bytes; /* core/said.h, perhaps cut */
    size_t n;
};

/* What boot reads: shared weights, newest first until some are accepted; then, in this order for every
 * series: series, points, checkpoints newest first until one is accepted; after all series the unfinished
 * jobs, and those that have ended, newest first. A callback returns 0 to go on or -1 with
 * *err to abort the load; except that a series or points for which it says ERR_STORAGE are damaged: the
 * series is noted (store_damage) and passed over, with everything that hangs on it. So are rows that the
 * store itself finds damaged; only where the file cannot be read at all does the load fail. Pointers are
 * valid during the call only. */
struct store_loader {
    void *ctx;
    int (*series)(void *ctx, const struct store_series *series, struct err *err);
    /* From which time on points are wanted, or INT64_MIN for the newest `points_max`; last_t: the newest
     * point's. May be NULL. */
    int64_t (*since)(void *ctx, int64_t key, int64_t last_t);
    /* Points, oldest first; those since a time come in several calls. */
    int (*points)(void *ctx, int64_t key, const struct point *points, size_t n, struct err *err);
    /* Sets *ret_accepted false where the bytes are damaged; the one before is offered then. A checkpoint
     * whose bytes fail the store's own checksum is offered as bytes NULL, n 0, so that it can be named;
     * *ret_accepted is ignored then. */
    int (*checkpoint)(void *ctx, int64_t key, const struct store_checkpoint *checkpoint,
                      bool *ret_accepted, struct err *err);
    /* Behind the points of a series: the forecasts that values may still be waiting for, oldest first. May be
     * NULL. */
    int (*said)(void *ctx, int64_t key, const struct store_said *said, struct err *err);
    int (*job)(void *ctx, const struct job_row *job, struct err *err); /* without its result */
    /* With its result; the next one comes unless *ret_more is set false. May be NULL. */
    int (*ended)(void *ctx, const struct job_row *job, bool *ret_more, struct err *err);
    /* A series that was shown (its row, perhaps points) cannot be served after all: forget it. May be NULL.
     * */
    void (*drop)(void *ctx, int64_t key);
    /* As checkpoint; may be NULL. */
    int (*weights)(void *ctx, const struct store_weights *weights, bool *ret_accepted,
                   struct err *err);
    size_t points_max;
};

/* A backup that was made. */
#define STORE_BACKUP_NAME_MAX 128
struct store_backup {
    uint64_t bytes;
    uint64_t ns;      /* from its first step to its last */
    char sha256[65];  /* of the file, hex */
};

/* What was found damaged. The rest of the file is served; these rows are passed over, never deleted. */
enum store_damage_kind {
    STORE_DAMAGE_POINTS,     /* a chunk: its points are a hole */
    STORE_DAMAGE_LOG,        /* one change of a point that no chunk holds yet */
    STORE_DAMAGE_SERIES,     /* the row of a series, or its season or label: the series is not served */
    STORE_DAMAGE_SAID,
    STORE_DAMAGE_CHECKPOINT,
    STORE_DAMAGE_WEIGHTS,
    STORE_DAMAGE_JOB,
    STORE_DAMAGE_FILE,       /* a part of SQLite's own structure, or of its log of transactions */
    STORE_DAMAGE_KINDS
};
#define STORE_DAMAGE_MAX 256 /* found ones that are remembered one by one */
#define STORE_DAMAGE_WORDS_MAX 200
struct store_damage {
    enum store_damage_kind kind;
    int64_t key;         /* of the series; 0: of none, or not known */
    int64_t from, until; /* points: times of the first and the last; others: a number that names the row */
    uint64_t n;          /* points that it held */
    char words[STORE_DAMAGE_WORDS_MAX + 1]; /* what, in words; "" where the kind says all */
};
struct store_damage_counts {
    uint64_t rows[STORE_DAMAGE_KINDS], points;
};
const char *store_damage_name(enum store_damage_kind kind);

/* Outcome of a request; valid during done() only. */
struct store_result {
    struct err err;           /* code ERR_NONE on success; nothing of a failed request was applied */
    size_t updated;           /* put_points: points whose value was replaced … */
    size_t unchanged;         /* … and points that were there with the same value */
    uint64_t revision;        /* put_points: the series' revision after it */
    uint64_t point_n;         /* put_points: points of the series after it */
    struct point *points;     /* read_points: oldest first; done() may take it by setting it NULL */
    size_t points_n;
    struct store_said *said;  /* read_said: oldest first, their bytes in the same block; done() may take it */
    size_t said_n;
    struct store_checkpoint *checkpoints; /* read_checkpoints: newest first; done() may take the bytes of
                                           * one (malloc) by setting them NULL */
    size_t checkpoints_n;
    struct store_backup backup;
};
typedef void (*store_done)(void *ctx, struct store_result *result);

struct store_stats {
    uint64_t commits, requests, points_written, failures;
    uint64_t commit_ns_total;
    uint64_t file_bytes;     /* database and WAL … */
    uint64_t wal_bytes;      /* … of which the WAL */
    size_t queue_n, queue_bytes;
    uint64_t backups;        /* made since the start */
    bool backing_up;
    bool failing;            /* store_ready says no */
    uint64_t failings;       /* times that it began to say no */
    struct store_damage_counts damage;
};

/* Opens or creates, checks integrity, migrates. No thread yet. Returns 0, or -1 with *err (ERR_STORAGE
 * naming the file and the cause; a schema newer than this program is refused untouched). */
__attribute__((warn_unused_result)) int store_open(const struct store_options *options,
                                                   struct mailbox *mailbox, struct store **ret,
                                                   struct err *err);

/* Before store_start only. Also returns the largest key ever used, so that keys are never reused. */
__attribute__((warn_unused_result)) int store_load(struct store *store,
                                                   const struct store_loader *loader,
                                                   int64_t *ret_max_key, struct err *err);

/* Before store_start only: changed() runs on the loop's thread when a background step has dropped points
 * over a series' retention, in order with the completions of writes. */
void store_watch_points(struct store *store, void (*changed)(void *ctx, int64_t key, uint64_t point_n),
                        void *ctx);

__attribute__((warn_unused_result)) int store_start(struct store *store, struct err *err);

/* Finishes every queued request (their done() calls are posted: drain the mailbox afterwards), stops the
 * thread, checkpoints the WAL, closes. Accepts NULL and a store not started. */
void store_close(struct store *store);

/* Each of the following returns 0 when queued (done will run exactly once) or -1 with *err (done will
 * not run). */

/* Inserts or replaces the row of series->key (revision and point_n are not taken from it). Another
 * series has the id: ERR_CONFLICT. */
__attribute__((warn_unused_result)) int store_put_series(struct store *store,
                                                         const struct store_series *series,
                                                         store_done done, void *ctx, struct err *err);

/* Deletes the series with its points, checkpoints and jobs. ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int store_delete_series(struct store *store, int64_t key,
                                                            store_done done, void *ctx,
                                                            struct err *err);

/* Upserts n >= 1 points, strictly increasing in t; takes ownership of points (malloc) whatever it
 * returns. create: the series row to insert first unless its key exists, or NULL; grid: the series' grid
 * to record, or NULL. All in one transaction. A series deleted meanwhile: ERR_NOT_FOUND; another series
 * of create's id: ERR_CONFLICT. Times outside TRM_TIME_MIN..MAX or not increasing: ERR_INVALID with the
 * item, at once. */
__attribute__((warn_unused_result)) int store_put_points(struct store *store, int64_t key,
                                                         struct point *points, size_t n,
                                                         const struct store_series *create,
                                                         const struct trm_grid *grid,
                                                         store_done done, void *ctx, struct err *err);

/* Points with start <= t < end, oldest first, at most limit. Sees every write queued before it. A series
 * deleted meanwhile: ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int store_read_points(struct store *store, int64_t key,
                                                          int64_t start, int64_t end, size_t limit,
                                                          store_done done, void *ctx, struct err *err);

/* Adds a checkpoint (version greater than any before); takes ownership of bytes (malloc) whatever it
 * returns; drops all but the newest checkpoints_kept. A series deleted meanwhile: ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int store_put_checkpoint(struct store *store, int64_t key,
                                                             uint64_t version, int64_t created_at,
                                                             void *bytes, size_t n, store_done done,
                                                             void *ctx, struct err *err);

/* Checkpoints of the series, newest first: all that are kept (version 0), or the one of that version, if it
 * is there. A series deleted meanwhile has none. */
__attribute__((warn_unused_result)) int store_read_checkpoints(struct store *store, int64_t key,
                                                               uint64_t version, store_done done,
                                                               void *ctx, struct err *err);

/* Inserts or replaces the job, whose texts are copied. Finished jobs beyond the newest 1,000 are dropped. A
 * series deleted meanwhile: ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int store_put_job(struct store *store, const struct job_row *job,
                                                      store_done done, void *ctx, struct err *err);

/* Adds shared weights (a version that is not there); takes ownership of bytes (malloc; NULL where n is 0)
 * whatever it returns, copies the report; drops all but the newest STORE_WEIGHTS_KEPT, and all others
 * where n is 0. */
#define STORE_WEIGHTS_KEPT 2
__attribute__((warn_unused_result)) int store_put_weights(struct store *store,
                                                          const struct store_weights *weights,
                                                          void *bytes, store_done done, void *ctx,
                                                          struct err *err);

/* Records a forecast (core/said.h) that was said from this origin, or replaces it; takes ownership of bytes
 * (malloc) whatever it returns. Of the series' older ones, those that no value can be waiting for keep what
 * they say about the steps before the next one; those more than STORE_SAID_KEPT steps older go. A series
 * deleted meanwhile: ERR_NOT_FOUND. */
#define STORE_SAID_KEPT 1024
__attribute__((warn_unused_result)) int store_put_said(struct store *store, int64_t key, int64_t origin,
                                                       void *bytes, size_t n, store_done done, void *ctx,
                                                       struct err *err);

/* Forgets all of a series' forecasts. */
__attribute__((warn_unused_result)) int store_drop_said(struct store *store, int64_t key, store_done done,
                                                        void *ctx, struct err *err);

/* Forecasts said with from <= origin < until, at most STORE_SAID_KEPT. */
__attribute__((warn_unused_result)) int store_read_said(struct store *store, int64_t key, int64_t from,
                                                        int64_t until, store_done done, void *ctx,
                                                        struct err *err);

/* Copies the whole store into the new file `dir`/`name` while writes go on: a few pages between two batches.
 * Every write that was acknowledged before the call is in the copy, and later ones may be; it is one
 * consistent state and opens as a store. Durable when done() reports no error; until then it has another
 * name, which a failure removes. Takes no place in the order of the other requests. One at a time: ERR_BUSY.
 * name: 1..STORE_BACKUP_NAME_MAX bytes without a slash. Where the file is there already: ERR_CONFLICT. A
 * store that is closed first: ERR_UNAVAILABLE. */
__attribute__((warn_unused_result)) int store_backup(struct store *store, const char *dir,
                                                     const char *name, store_done done, void *ctx,
                                                     struct err *err);

/* A backup under way, if any, ends soon, with ERR_UNAVAILABLE. */
void store_cancel_backup(struct store *store);

void store_stats(struct store *store, struct store_stats *ret);

/* Whether writes can be made durable, as far as is known: 0, or -1 with *err (ERR_UNAVAILABLE) saying what is
 * wrong. Once a write has failed for the disk's sake, the store's thread tries one of its own after
 * STORE_PROBE_FIRST_MS, then ever less often up to every STORE_PROBE_MAX_MS, until one succeeds (health.h).
 * */
#define STORE_PROBE_FIRST_MS 50
#define STORE_PROBE_MAX_MS 4000
__attribute__((warn_unused_result)) int store_ready(struct store *store, struct err *err);

/* What was found damaged, in the order found, from position `from` on, at most max of them. Returns how many.
 * The list only grows, up to STORE_DAMAGE_MAX; after store_load it holds what that has found. */
size_t store_damage(struct store *store, size_t from, struct store_damage *ret, size_t max);

/* Those of a series' points between two times (start <= t < end): holes in what store_read_points gives. */
size_t store_damaged_points(struct store *store, int64_t key, int64_t start, int64_t end,
                            struct store_damage *ret, size_t max);

/* How many points of a series cannot be read, as far as is known. */
uint64_t store_damaged_n(struct store *store, int64_t key);

#endif
