/* What the files of the service share. Knows the service's state and the small tools around it;
 * nothing outside this folder includes it. */
#ifndef SERVER_SERVICE_PARTS_H
#define SERVER_SERVICE_PARTS_H

#include "server/base/zones.h"
#include "server/registry/registry.h"
#include "server/service/fleet.h"
#include "server/service/outlook_cache.h"
#include "server/service/said.h"
#include "server/service/service.h"
#include "server/service/shares.h"

/* Limits, all in one place. */
#define TURNS_MAX 10000        /* writes waiting for another one to the same series */
#define STATELESS_MAX 256      /* stateless requests on their way through the workers */
#define JOBS_FINISHED_MAX 1000 /* ended jobs that are remembered … */
#define JOBS_RESULT_BYTES_MAX ((size_t)16 << 20) /* … as long as their results take no more than this */
#define BACKTESTS_MAX 64       /* unfinished backtests … */
#define BACKTESTS_SERIES_MAX 4 /* … and of one series */

struct job;
struct stateless_task;

struct service {
    const struct config *config;
    struct counters *counters;
    struct store *store;
    struct pool *pool;
    const struct trm_base *origin; /* the weights that the daemon was started with … */
    struct base_ref *weights;      /* … and those that answer */
    struct fleet fleet;
    struct saying saying;
    struct mailbox *mailbox;
    struct registry *registry;
    struct zones *zones;
    struct outlook_cache outlooks;
    int64_t next_key;
    bool booted, draining, short_of_memory;
    size_t store_n;       /* requests at the store */
    size_t task_n;        /* tasks at the pool */
    size_t owed_n;        /* messages that this service posted to itself */
    size_t model_n;       /* series with a model */
    size_t turn_n;        /* writes waiting for their turn */
    size_t agent_n;       /* series of other systems' agents, those being created among them … */
    size_t agent_coming_n; /* … and those that a request on its way will create */
    size_t stateless_n;
    struct stateless_task *stateless; /* those at the pool */
    uint64_t asking;                  /* the client on whose behalf we are called; 0: nobody */
    struct shares job_shares, stateless_shares;
    struct job **jobs; /* [job_n] by id, which is also by age: oldest first */
    size_t job_n, job_capacity, job_unfinished_n;
    size_t job_result_bytes; /* of ended jobs */
    uint64_t job_last_id;
    bool behind;      /* some series was not fitted because the queue or its client's share was full … */
    size_t behind_at; /* … and all before this position have been looked at again … */
    bool behind_more; /* … of which some were passed over once more */
    uint64_t retry_ns; /* monotonic: when a series whose fit failed may be fitted again; 0: none waits */
    uint64_t watched_ns; /* monotonic: when the workers were looked at last */
    bool refolds_owed; /* some series has a stale_from that waits for the next tick */
};

/* ---- service.c ---- */

/* Every request that the store took is counted in and, first thing in its done, out again. */
void store_began(struct service *service);
void store_ended(struct service *service, const struct store_result *result);

/* 0, or -1 with ERR_UNAVAILABLE while starting or stopping. */
SERVICE_MUST int check_open(const struct service *service, struct err *err);

/* 0, or -1 with ERR_UNAVAILABLE while memory is short: for what would take more of it. */
SERVICE_MUST int check_memory(const struct service *service, struct err *err);

/* The series' entry where it exists, or NULL with ERR_NOT_FOUND. Deleting ones still exist. */
struct entry *find_series(const struct service *service, const char *id, struct err *err);
/* The shared weights that answer; the loop's thread. */
const struct trm_base *service_base(const struct service *service);
int err_no_series(struct err *err, const char *id);
/* The same for a write: also NULL where the service is not open or the series is being deleted. */
struct entry *find_writable(const struct service *service, const char *id, struct err *err);

/* ---- turns.c: writes to one series, one after another where they must be ---- */

/* Embedded in a write. send() checks the write against the series as it is now and hands it to the store;
 * creating tells it that the entry is new. It returns 0 (the write lives on, until the store's done) or -1
 * (nothing has changed). refuse() tells whoever asked, and frees. */
struct turn {
    struct turn *next;
    struct service *service;
    char id[SERIES_ID_MAX + 1];
    bool may_create, creating;
    const struct series_settings *settings; /* of a series that this creates; NULL: defaults */
    int (*send)(struct turn *turn, struct entry *entry, struct err *err);
    void (*refuse)(struct turn *turn, const struct err *err);
};

/* Looks the series up or creates it, and sends the write or lets it wait for the shaping one, or where it
 * may create for a deletion. Returns 0,
 * or -1 with *err (the write is the caller's to free): ERR_NOT_FOUND, ERR_BUSY, or what send() says. */
SERVICE_MUST int turn_begin(struct turn *turn, struct err *err);
/* Ends the entry's shaping write or deletion and takes out the ones that wait … */
struct turn *turns_take(struct entry *entry);
/* … which begin now, in order (the entry may be gone). */
void turns_begin(struct turn *turns);

/* ---- create.c: what both ways of creating a series share ---- */

/* A new invisible entry for a valid id that is not there, with copied settings (NULL: defaults; they name no
 * time zone). NULL with *err: the id, the limit, memory. */
struct entry *entry_create(struct service *service, const char *id, const struct series_settings *settings,
                           struct err *err);
/* After its labels have changed: counts the series among those of agents, or no longer. */
void entry_count_agent(struct service *service, struct entry *entry);
/* Takes the entry out of the registry, the counts and the line of fits, and frees it. */
void entry_drop(struct service *service, struct entry *entry);
/* The entry as a row, with other settings. */
void entry_row(const struct entry *entry, const struct series_settings *settings, bool grid_known,
               const struct trm_grid *grid, struct store_series *ret);

/* ---- points.c ---- */

/* service_put_points, where a series that this creates gets settings (NULL: defaults; they must live until
 * done has run). */
SERVICE_MUST int points_begin(struct service *service, const char *id, struct point *points, size_t n,
                              bool create, const struct series_settings *settings, points_put_done done,
                              void *ctx, struct err *err);

/* ---- points_check.c: pure ---- */

SERVICE_MUST int points_check(const struct point *points, size_t n, struct err *err);
SERVICE_MUST int points_check_grid(const struct trm_grid *grid, const struct point *points,
                                   size_t n, struct err *err);

/* ---- grid.c: pure ---- */

/* Works out the grid of raw and new points together. *ret_known false: too few yet to tell. Errors
 * name the new point (raw ones have been accepted before). */
SERVICE_MUST int grid_resolve(struct trm_freq freq, const struct trm_zone *zone,
                              const struct point *raw, size_t raw_n, const struct point *points,
                              size_t n, bool *ret_known, struct trm_grid *ret, struct err *err);

/* The grid of an aggregated series: aligned to the calendar, whatever its first point. */
struct trm_grid grid_aligned(struct trm_freq freq, const struct trm_zone *zone);

/* ---- history.c: points into an entry's memory ---- */

/* Makes sure that history_apply of these points cannot fail. grid: the one that will hold. */
SERVICE_MUST int history_claim(struct entry *entry, const struct trm_grid *grid,
                               const struct point *points, size_t n, struct err *err);
/* Records the grid and moves the raw points onto it. */
void history_set_grid(struct entry *entry, const struct trm_grid *grid);
void history_apply(struct entry *entry, const struct point *points, size_t n);
/* Whether the entry's points are aggregated: then they may lie anywhere, and what follows below for them
 * replaces claim and apply. */
bool history_folds(const struct entry *entry);
/* Makes sure that folding these points, or reading their steps again, cannot fail. */
SERVICE_MUST int history_claim_fold(struct entry *entry, const struct point *points, size_t n,
                                    struct err *err);
/* Whether a point is not newer than all before it: its step has to be read again. */
bool history_is_late(const struct entry *entry, int64_t first_t);
/* A step is over, because one of step `opened` has come: those between the two have no points. Memory so ends
 * before the step that is open, as it does when it is read from the store. */
void history_close(struct entry *entry, int64_t step, double value, int64_t opened);
/* Takes points that are not late; returns how many steps they ended. */
size_t history_fold(struct entry *entry, const struct point *points, size_t n);
/* So many values of the entry's memory have changed: a forecast is another one, a fit may be due. */
void history_moved_on(struct service *service, struct entry *entry, size_t value_n);
/* Observed values in memory. */
size_t history_observed(const struct entry *entry);
/* 0, or -1 with ERR_TOO_SHORT saying how many points are there and how many are missing. */
SERVICE_MUST int history_check_enough(const struct entry *entry, struct err *err);

/* ---- refold.c: aggregated steps made anew from the store ---- */

struct refold_range {
    int64_t from, until; /* steps; until INT64_MAX: to the newest */
    bool anew;           /* all of memory is replaced */
};
/* The entry's memory must have been claimed for these steps. done (may be NULL) runs when memory is up to
 * date or cannot be brought there now (the entry remembers), at once or later. */
void refold_begin(struct service *service, struct entry *entry, const struct refold_range *range,
                  void (*done)(void *ctx), void *ctx);
/* Tries again what could not be done before. */
void refold_owed(struct service *service, struct entry *entry);
void refold_all_owed(struct service *service);
/* Where memory begins that ends at this step. */
static inline int64_t refold_reach(int64_t newest_step)
{
    return newest_step > INT64_MIN + TRM_CONTEXT_MAX ? newest_step - TRM_CONTEXT_MAX : INT64_MIN;
}

/* ---- resolve.c: from wishes ("auto", "infer", 0) to numbers ---- */

uint32_t default_horizon(struct trm_freq freq);
/* The season to use for a history. Pure: the same history gives the same season. */
uint32_t resolve_season(const struct series_settings *settings, struct trm_freq freq,
                        const double *values, size_t n);
struct trm_freq entry_freq(const struct entry *entry);
uint32_t entry_horizon(const struct entry *entry);
/* Works it out anew where points have come. */
uint32_t entry_season(struct entry *entry);
/* The longer period that goes with a season: the second that was named, or the week of hours, the year
 * of days by the length of a step; 0: none. */
uint32_t resolve_season2(const struct series_settings *settings, struct trm_freq freq, uint32_t season);
/* The shapes that a fit of this series gets now. */
struct trm_config entry_config(struct entry *entry);
/* Whether the settings name other seasons than a model was made with. */
bool config_has_other_seasons(const struct entry *entry, const struct trm_config *config);
/* Whether it has a record, of past forecasts of other shared weights than those that answer. */
bool entry_outdated(const struct service *service, const struct entry *entry);
/* The model that may answer: none where the user has named other seasons or another kind since it was made,
 * or where it is about other shared weights than this process has. */
const struct trm_model *entry_model(const struct service *service, const struct entry *entry);
uint64_t settings_revision(const struct series_settings *settings);
SERVICE_MUST int settings_check(const struct series_settings *settings, struct err *err);

/* ---- answer.c: what service_forecast and a stateless request share; any thread ---- */

SERVICE_MUST int forecast_ask_check(const struct forecast_ask *ask, const char *place_prefix,
                                    struct err *err);
struct answer_input {
    const struct trm_base *base;
    const struct series_settings *settings;
    const struct trm_model *model; /* or NULL */
    const struct trm_widening *widening; /* what the record corrects intervals by, or NULL */
    struct trm_config config;
    const double *values;
    size_t n;
    size_t horizon;
};
/* Fills forecast, model, has_model and levels of *ret. */
SERVICE_MUST int answer_compute(const struct answer_input *input, const struct forecast_ask *ask,
                                struct counters *counters, struct forecast_answer *ret,
                                struct err *err);
/* In words, why this answered; no_model: why there is no model. */
void answer_why(struct forecast_answer *answer, const char *no_model);

/* ---- stateless.c ---- */

/* Cancels the stateless requests that train networks: they may take minutes, a stop may not. Each is told
 * ERR_UNAVAILABLE, as a whole or for the entries not reached. The others end by themselves, soon. */
void stateless_drain(struct service *service);

/* ---- fit_start.c, fit_end.c: one fit from its start to its publication ---- */

/* Who waits for a job to be durable. */
struct fit_waiter {
    struct fit_waiter *next;
    fit_done done;
    void *ctx;
};
/* Starts a fit; waiter may be NULL, else taken on success. No job may be in flight. */
SERVICE_MUST int fit_start(struct service *service, struct entry *entry, bool full,
                           enum pool_priority priority, struct fit_waiter *waiter, struct err *err);
/* Hands a pending job that is durable already to the workers. */
void fit_submit(struct job *job);

/* ---- watch.c: workers that hang ---- */

/* Once a second or so: what hangs on a worker is given up. */
void watch_workers(struct service *service);

/* ---- checkpoints.c ---- */

struct trm_model;
/* TRM_ECORRUPT where the store has no whole bytes. */
TRM_MUST_CHECK enum trm_status checkpoint_decode(const struct store_checkpoint *checkpoint,
                                                 struct trm_model **ret);
/* Makes a model that was stored before the one that answers; takes the reference. */
void entry_take_model(struct service *service, struct entry *entry, struct model_ref *model,
                      uint64_t version, int64_t at);

/* ---- consider.c: fits that nobody asked for ---- */

/* Starts a fit where the policy says so. */
void fit_consider(struct service *service, struct entry *entry);
/* Starts one where the settings no longer agree with the model. */
void fit_reshape(struct service *service, struct entry *entry);
/* Goes on with the series that were passed over while the queue was full. */
void fit_catch_up(struct service *service);
/* Looks at all series again where one whose fit failed has rested long enough. */
void fit_retry(struct service *service);
/* A series has left the registry: those behind it have moved up by one. */
void fit_moved_up(struct service *service);

#endif
