/* The use cases, without HTTP and without SQL text. Knows what a series is, what may be done with it and
 * in which order things become durable and visible; refuses to know bytes on a wire. Surprising: nothing
 * a write brings is visible before it is durable: memory changes when the store's commit comes back, so
 * a forecast never rests on a point that a crash could take away.
 *
 * Threads: the loop's thread only; every callback runs there, never from inside the call that took it.
 * Calls that take a callback return 0 (it will run exactly once) or -1 with *err (it will not run). */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "core/base.h"
#include "core/forecast.h"
#include "core/rolling.h"
#include "core/said.h"
#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/err.h"
#include "server/base/series.h"
#include "server/store/store.h"
#include "server/train/pool.h"

#define SERVICE_MUST __attribute__((warn_unused_result))

struct service;
struct base_ref; /* server/train/base_ref.h */

struct service_deps {
    const struct config *config;
    struct counters *counters;
    struct store *store;   /* opened; service_boot loads from it, then the caller starts it */
    struct pool *pool;
    const struct trm_base *base; /* the shared weights; outlive the service */
    struct mailbox *mailbox; /* the store's and the pool's; also how a callback is put off */
};

SERVICE_MUST int service_new(const struct service_deps *deps, struct service **ret, struct err *err);

/* Brings everything back from the store: series, recent points, models, unfinished jobs (requeued by
 * service_resume once the store has been started). */
SERVICE_MUST int service_boot(struct service *service, struct err *err);
void service_resume(struct service *service);

/* Starts no more fits, cancels the running ones (their jobs stay unfinished in the store and run again
 * after the next boot) and the stateless requests with fits, refuses new writes with ERR_UNAVAILABLE. */
void service_drain(struct service *service);

/* Whether nothing is in flight: no store request, no task, no callback owed. After service_drain, run the
 * loop until this holds; then the store and the pool may be closed. */
bool service_idle(const struct service *service);

/* After store and pool have stopped and the mailbox is drained. Accepts NULL. */
void service_free(struct service *service);

/* The time zones of this process, for what needs one before the service is asked. */
struct zones; /* server/base/zones.h */
struct zones *service_zones(struct service *service);

/* Who asks in the calls that follow, until said otherwise: any number that tells clients apart, 0 for nobody.
 * Fits, backtests and stateless requests take turns between clients and share the queues among them; fits
 * that nobody asked for count as those of the client that created the series (after a restart: nobody's). */
void service_asked_by(struct service *service, uint64_t client);

/* ---- readiness and numbers ---- */

/* Returns 0 when the service can take reads and writes, or -1 with *err saying what is wrong. */
int service_ready(const struct service *service, struct err *err);

/* While memory is short, new series and stateless requests are refused with ERR_UNAVAILABLE, and the service
 * is not ready. */
void service_set_short_of_memory(struct service *service, bool is_short);
/* Forgets what can be made again. */
void service_drop_caches(struct service *service);

struct service_stats {
    size_t series_n, models_n;
    uint64_t point_n;                           /* stored points of all series */
    uint64_t memory_bytes;                      /* histories and models */
    size_t jobs[JOB_CANCELLED + 1];             /* in the table, by state */
    struct pool_stats pool;
    struct store_stats store;
    const struct trm_base *base;                /* the shared weights */
};
void service_stats(struct service *service, struct service_stats *ret);

/* What was found damaged in the store (store_damage), with the id of its series, "" where that is not
 * served. */
struct damage_view {
    struct store_damage found;
    const char *id;
};
size_t service_damage(struct service *service, size_t from, struct damage_view *ret, size_t max);

/* Holes in the points of a series that is there (start <= t < end). */
#define SERVICE_HOLES_MAX 16
size_t service_holes(struct service *service, const char *id, int64_t start, int64_t end,
                     struct store_damage *ret, size_t max);

/* ---- a backup of the store ---- */

typedef void (*backup_done)(void *ctx, const struct err *err, const char *name,
                            const struct store_backup *backup);
/* Longest name of a backup's file. Letters, digits, ".", "-" and "_", not first a ".", and ".db" at the end:
 * so it lies in the folder that the operator named, and SQLite takes it for no other file's journal. */
#define BACKUP_NAME_MAX STORE_BACKUP_NAME_MAX
/* Copies the store into config->backup_dir while everything goes on (store_backup). name NULL: after the
 * present time. ERR_CONFLICT: no folder was configured, or the file is there; ERR_INVALID (place "/name");
 * ERR_BUSY: another one is under way. */
SERVICE_MUST int service_backup(struct service *service, const char *name, backup_done done, void *ctx,
                                struct err *err);

/* ---- the shared weights and the fleet they learn from ---- */

struct fleet_view {
    const char *state;             /* "off", "idle", "training", "publishing" */
    double progress;               /* of the training, 0..1; 0 without one */
    const struct trm_base *base;   /* the shared weights that answer */
    const struct trm_base *origin; /* those that the daemon was started with */
    uint64_t version;              /* trainings published since the origin; 0: the origin answers */
    int64_t published_at;          /* UTC ms; 0 with version 0 */
    uint64_t new_points;           /* since the last training began */
    uint64_t due_points;           /* … of which so many start the next one */
    const char *report;            /* the last training's, as JSON; "" before the first */
};
/* Pointers are valid until the loop goes on. */
void service_fleet(struct service *service, struct fleet_view *ret);

/* Starts a training now, whatever the policy says. Returns 0, or -1 with ERR_CONFLICT (one is on its
 * way), ERR_TOO_SHORT (too few series with a model), ERR_BUSY, ERR_NO_MEMORY, ERR_UNAVAILABLE. */
SERVICE_MUST int service_fleet_train(struct service *service, struct err *err);

/* Goes back to the origin, and forgets what was learned; a training under way is dropped. */
SERVICE_MUST int service_fleet_reset(struct service *service,
                                     void (*done)(void *ctx, const struct err *err), void *ctx,
                                     struct err *err);

/* ---- series ---- */

/* What a PUT says: a field counts only where its bit is set. */
enum {
    PATCH_FREQ = 1, PATCH_SEASON = 2, PATCH_HORIZON = 4, PATCH_MIN = 8, PATCH_MAX = 16,
    PATCH_INTEGER = 32, PATCH_FIT = 64, PATCH_LABELS = 128, PATCH_MODEL = 256,
    PATCH_AGGREGATE = 512, PATCH_ZONE = 1024, PATCH_RETENTION = 2048,
};
struct series_patch {
    unsigned set;
    struct series_settings settings; /* owned by the caller, copied where needed */
};

/* A series as shown. Strings live as long as the series does; use at once. */
struct series_view {
    const char *id;
    const struct series_settings *settings;
    bool grid_known;
    struct trm_freq freq;       /* as given or inferred; valid when grid_known or given */
    uint32_t season;            /* main season in use; 0 while unknown */
    uint32_t horizon;           /* default horizon in use */
    char state[64];             /* "awaiting 5 more points", "ready",
        "fitting"; "ready, 512 points damaged" */
    uint64_t damaged_n;         /* points that cannot be read, as far as is known */
    uint64_t point_n, revision;
    bool has_last;
    struct point last;          /* newest observed point; value NaN when all are missing */
    int64_t created_at;
    uint64_t model_version;     /* 0: no model yet */
    const struct trm_model_info *model; /* NULL: none that answers */
    int64_t model_at;           /* when it was made, UTC ms */
    const struct trm_tally *record; /* what came of its forecasts */
    size_t memory_bytes;
};

struct series_put_result {
    bool created;
};
typedef void (*series_put_done)(void *ctx, const struct err *err, const struct series_put_result *result);
typedef void (*plain_done)(void *ctx, const struct err *err);

/* Creates or changes. ERR_CONFLICT: a frequency other than that of the points already stored, or another
 * time zone where they stand on days of the one they have. */
SERVICE_MUST int service_put_series(struct service *service, const char *id,
                                    const struct series_patch *patch, series_put_done done, void *ctx,
                                    struct err *err);
/* Returns 0 or -1 with ERR_NOT_FOUND. */
SERVICE_MUST int service_get_series(struct service *service, const char *id, struct series_view *ret,
                                    struct err *err);
/* Calls each (until it returns false) for the series after `after` (NULL: from the start) in byte order
 * of ids, that start with prefix (NULL: all) and carry all the labels. */
void service_list_series(struct service *service, const char *after, const char *prefix,
                         const struct series_label *labels, size_t label_n,
                         bool (*each)(void *ctx, const struct series_view *view), void *ctx);
SERVICE_MUST int service_delete_series(struct service *service, const char *id, plain_done done,
                                       void *ctx, struct err *err);

/* ---- points ---- */

struct points_result {
    size_t accepted, updated, unchanged; /* accepted counts all points of the request */
    uint64_t revision;
    bool created;                        /* the series did not exist before */
};
typedef void (*points_put_done)(void *ctx, const struct err *err, const struct points_result *result);
typedef void (*points_read_done)(void *ctx, const struct err *err, const struct point *points, size_t n);

/* Takes ownership of points (malloc) whatever it returns. n >= 1. All or nothing. Errors name the point
 * by err->item: not strictly increasing in time, off the grid (naming the neighbours), |v| too large,
 * a time outside TRM_TIME_MIN..MAX. ERR_NOT_FOUND when the series is absent and !create. */
SERVICE_MUST int service_put_points(struct service *service, const char *id, struct point *points,
                                    size_t n, bool create, points_put_done done, void *ctx,
                                    struct err *err);
SERVICE_MUST int service_read_points(struct service *service, const char *id, int64_t start,
                                     int64_t end, size_t limit, points_read_done done, void *ctx,
                                     struct err *err);

/* ---- forecasts ---- */

struct forecast_ask {
    size_t horizon;     /* 0: the series' default */
    double levels[TRM_QUANTILES_MAX]; /* quantile levels, strictly increasing */
    size_t level_n;
    bool trace;
};

/* What decides a forecast's bytes besides the ask; also what an ETag is made of. */
struct forecast_tag {
    int64_t key;
    uint64_t revision, settings_revision, model_version;
    uint64_t why;           /* told where no model answers: a number for each reason; else 0 */
    uint64_t record;        /* a hash of what the record of forecasts says */
    uint64_t weights;       /* identity of the shared ones, 0 where a network of its own answers */
    size_t horizon;         /* with the default filled in */
    int64_t next_point_ms;  /* when the next value is expected, UTC ms */
};
/* Cheap. Returns 0, or -1 with ERR_NOT_FOUND or ERR_INVALID (horizon; place "horizon"). */
SERVICE_MUST int service_forecast_tag(struct service *service, const char *id,
                                      const struct forecast_ask *ask, struct forecast_tag *ret,
                                      struct err *err);

struct forecast_answer {
    const char *id;               /* the series' or the item's */
    struct trm_freq freq;
    struct trm_grid grid;
    int64_t first_step;           /* trm_grid_time(&grid, first_step + h) is the time of lead h */
    bool has_time;                /* false: a stateless series without a start; times are absent */
    int64_t issued_at;            /* UTC ms of the last point (what the forecast knew) */
    struct trm_forecast *forecast;
    struct trm_model_info model;  /* zeroed without a model */
    bool has_model;
    bool flat;                    /* one value is all that was observed */
    struct trm_config config;     /* that it was made with */
    const struct trm_base *base;  /* the shared weights; NULL: not used */
    uint64_t model_version;
    struct trm_tally record;      /* what came of earlier answers; all zero: nothing yet */
    char why[256];                /* in words, why this answered */
    double levels[TRM_QUANTILES_MAX];
    size_t level_n;
};
/* On the loop, at most a few ms. ERR_NOT_FOUND, ERR_TOO_SHORT (says how many points are missing),
 * ERR_INVALID. The caller releases with forecast_answer_done. */
SERVICE_MUST int service_forecast(struct service *service, const char *id,
                                  const struct forecast_ask *ask, struct forecast_answer *ret,
                                  struct err *err);
void forecast_answer_done(struct forecast_answer *answer);

/* Once a second or so: what waits for its share of the processor goes on. */
void service_tick(struct service *service);

/* What was said about a step before its value came, and the value. */
struct said_point {
    int64_t t;         /* UTC ms */
    int64_t issued_at; /* time of the last step that the forecast knew */
    uint32_t lead;
    struct trm_said_lead said;
    double value; /* NaN: missing, not there yet, or older than memory */
};
typedef void (*said_read_done)(void *ctx, const struct err *err, const struct said_point *points, size_t n);
/* For the steps with start <= time < end of which something was said, oldest first, within the newest
 * SAID_STEPS_MAX and those to come: the newest forecast made before the step. */
#define SAID_STEPS_MAX STORE_SAID_KEPT
SERVICE_MUST int service_read_said(struct service *service, const char *id, int64_t start, int64_t end,
                                   said_read_done done, void *ctx, struct err *err);

/* How many steps are forecast where nobody says: by the step's length (both fields 0: unknown). */
uint32_t service_default_horizon(struct trm_freq freq);

/* One series of a stateless request. */
struct stateless_item {
    char *id;                 /* malloc or NULL */
    double *values;           /* [n], NaN = missing; malloc, unless the batch has them all */
    size_t n;
    struct series_settings settings; /* freq may be zero: no timestamps in the answer */
    const struct trm_zone *zone; /* the one that the settings name; NULL: UTC */
    bool has_start;
    int64_t start;            /* UTC ms that the grid of the values is anchored at … */
    int64_t first;            /* … and the step of values[0] on it */
    bool fit;                 /* fit it first: its record, or a network of its own (slow) */
    /* Out. */
    struct err err;           /* ERR_NONE or why this one has no forecast; the others stand */
    struct forecast_answer answer;
};
struct stateless_batch {
    struct forecast_ask ask;
    struct stateless_item *items;
    size_t n;
    double *values;       /* malloc; NULL: every item owns its values. Else they point into these, shared */
    uint64_t deadline_ns; /* monotonic: what is not computed by then is refused; 0: none */
    bool heavy;           /* may take long: it is dropped when the service drains, as one with fits is */
    struct base_ref *weights; /* the service's: what answered, as long as the answers live */
};
typedef void (*stateless_done)(void *ctx, const struct err *err, struct stateless_batch *batch);
void stateless_batch_free(struct stateless_batch *batch);
/* Computed on a worker, in slices between which others get their turn. Takes ownership of batch (malloc) on
 * success only; done() receives it back and must free it. */
SERVICE_MUST int service_forecast_stateless(struct service *service, struct stateless_batch *batch,
                                            stateless_done done, void *ctx, struct err *err);

/* ---- checkpoints: the models that were ---- */

struct checkpoint_view {
    uint64_t version;
    int64_t created_at;    /* UTC ms */
    size_t bytes;
    const struct trm_model_info *model; /* NULL: damaged, or of a format that this program does not know */
    bool answers;          /* it is the one that forecasts are made with */
    const char *obstacle;  /* in words, why it could not be restored; "": it could */
};
typedef void (*checkpoints_done)(void *ctx, const struct err *err, const struct checkpoint_view *views,
                                 size_t n);
/* Those that are kept (the newest few), newest first. ERR_NOT_FOUND: no such series. */
SERVICE_MUST int service_list_checkpoints(struct service *service, const char *id, checkpoints_done done,
                                          void *ctx, struct err *err);

/* Makes a checkpoint answer again: its bytes are stored anew as the newest version, durable when done runs.
 * It stays until the next fit; for the policy, which counts points, it is as fresh as a fit. ERR_NOT_FOUND:
 * no such series or version. ERR_CONFLICT, saying why: a fit or a restore is under way, the bytes are
 * damaged, or it could not answer with the present settings and shared weights. */
SERVICE_MUST int service_restore_checkpoint(struct service *service, const char *id, uint64_t version,
                                            plain_done done, void *ctx, struct err *err);

/* ---- fits and jobs ---- */

struct job_view {
    const struct job_row *row;
    const char *series_id;
    double progress;      /* 0..1 */
    uint64_t step;
    double loss;          /* NaN: none yet */
    double eta_s;         /* NaN: unknown */
};
typedef void (*fit_done)(void *ctx, const struct err *err, const char *job_id);

/* Queues a fit; done runs when the job is durable. A fit of this series already waiting is returned
 * instead of a second one. ERR_TOO_SHORT, ERR_NOT_FOUND, ERR_BUSY (all places are taken, or this client's
 * share of them). */
/* full: everything anew; always: published even where it forecasts what was held out worse than the model
 * that answers (FIT_REFUSED_MAX such fits in a row are not published; the next one is, whatever it says). */
struct fit_ask {
    bool full, always;
};
#define FIT_REFUSED_MAX 3
SERVICE_MUST int service_fit_as(struct service *service, const char *id, const struct fit_ask *ask,
                                fit_done done, void *ctx, struct err *err);
/* … with always false. */
SERVICE_MUST int service_fit(struct service *service, const char *id, bool full, fit_done done,
                             void *ctx, struct err *err);
/* What a backtest is asked for; 0: the default (service/backtest.h). */
struct backtest_ask {
    size_t horizon, windows, step;
    unsigned methods; /* bit per method of core/rolling.h */
    double level[TRM_ROLLING_LEVELS_MAX]; /* intervals in percent, increasing */
    size_t level_n;
};
/* Queues a backtest; done runs when the job is durable. ERR_NOT_FOUND, ERR_INVALID (place: a JSON pointer),
 * ERR_TOO_SHORT, ERR_BUSY (too many wait, of all series or of this one). A backtest that a restart
 * interrupts runs again from its beginning, on the values that there are then. */
SERVICE_MUST int service_backtest(struct service *service, const char *id, const struct backtest_ask *ask,
                                  fit_done done, void *ctx, struct err *err);
SERVICE_MUST int service_get_job(struct service *service, const char *job_id, struct job_view *ret,
                                 struct err *err);
/* Newest first, after the job `after` (NULL: from the newest); series_id NULL: all; state -1: all. */
void service_list_jobs(struct service *service, const char *after, const char *series_id, int state,
                       bool (*each)(void *ctx, const struct job_view *view), void *ctx);
/* Cancels a pending or running job; done runs when the cancellation is durable. ERR_CONFLICT when it
 * has ended already. */
SERVICE_MUST int service_cancel_job(struct service *service, const char *job_id, plain_done done,
                                    void *ctx, struct err *err);

/* Calls on_end once when the job has ended (at once, but not from inside, when it has already), its series
 * was deleted, or the service drains. The watch is gone then: only one still open may be unwatched. */
struct job_watch;
SERVICE_MUST int service_watch_job(struct service *service, const char *job_id, void (*on_end)(void *ctx),
                                   void *ctx, struct job_watch **ret, struct err *err);
void service_unwatch_job(struct service *service, struct job_watch *watch);

#endif
