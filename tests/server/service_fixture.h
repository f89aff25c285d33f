/* The service on a real SQLite file, with a real pool and loop, without HTTP. Waiting is waiting
 * for an event; a watchdog ends the program where one never comes. */
#ifndef TESTS_SERVER_SERVICE_FIXTURE_H
#define TESTS_SERVER_SERVICE_FIXTURE_H

#include "server/service/service.h"
#include "tests/lib/tmp.h"

#include <uv.h>

#define HOUR 3600000LL
#define DAY 86400000LL
#define START 1767225600000LL /* 2026-01-01T00:00:00Z, a Thursday */

struct fixture {
    char folder[TMP_PATH_MAX];
    struct config config; /* may be changed before fixture_open */
    size_t store_bytes_max; /* the store's queue_bytes_max; likewise; 0: as usual */
    uv_loop_t loop;
    uv_timer_t watchdog;
    struct counters counters;
    struct mailbox *mailbox;
    struct store *store;
    struct pool *pool;
    struct service *service;
    struct blocker *blocker;
    struct trm_base *base; /* the embedded weights */
};

/* A folder and a configuration (one worker, which forecasts nothing unasked). */
void fixture_init(struct fixture *f);
/* Starts everything on what the folder holds: opened, booted, resumed. */
void fixture_open(struct fixture *f);
/* … without service_boot and service_resume. */
void fixture_open_parts(struct fixture *f);
/* Stops everything in the daemon's order. */
void fixture_close(struct fixture *f);
/* Closes and removes the folder. */
void fixture_done(struct fixture *f);

/* For cmocka: *state is a fixture, opened. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Runs the loop until *flag. */
void run_until(struct fixture *f, const bool *flag);
/* Runs the loop until nothing is in flight. */
void run_idle(struct fixture *f);

/* The only worker is busy from here to unblock (or fixture_close). */
void block_worker(struct fixture *f);
void unblock_worker(struct fixture *f);

/* What a callback brought. */
struct outcome {
    bool called;
    struct err err;
    bool created;
    struct points_result points;
    char job[JOB_ID_MAX + 1];
    struct point *read;
    size_t read_n;
};
void on_put(void *ctx, const struct err *err, const struct series_put_result *result);
void on_points(void *ctx, const struct err *err, const struct points_result *result);
void on_plain(void *ctx, const struct err *err);
void on_fit(void *ctx, const struct err *err, const char *job_id);
void on_read(void *ctx, const struct err *err, const struct point *points, size_t n);

/* Sends and does not wait; the call itself must succeed. */
void send_points(struct fixture *f, const char *id, const struct point *points, size_t n,
                 struct outcome *ret);
void send_series(struct fixture *f, const char *id, const struct series_patch *patch,
                 struct outcome *ret);

/* Sends and waits; *ret_err is the call's error or the callback's, ERR_NONE when there is none. */
struct points_result put_points(struct fixture *f, const char *id, const struct point *points,
                                size_t n, struct err *ret_err);
/* The same, and must succeed. */
struct points_result put_ok(struct fixture *f, const char *id, const struct point *points,
                            size_t n);
void put_series(struct fixture *f, const char *id, const struct series_patch *patch,
                struct err *ret_err);
void delete_series(struct fixture *f, const char *id);

/* n daily points with a week's season and some noise, from START + first days. Free it. */
struct point *daily(size_t first, size_t n);
/* Puts daily(0, n) into a series with frequency 1d, season 7 and the fit policy. */
void make_daily(struct fixture *f, const char *id, size_t n, enum fit_policy fit);

/* The view of a series that must exist. */
struct series_view view_of(struct fixture *f, const char *id);

/* A forecast of horizon steps at .1 .5 .9; the call must succeed. */
struct forecast_answer forecast_of(struct fixture *f, const char *id, size_t horizon);
void assert_same_forecast(const struct forecast_answer *a, const struct forecast_answer *b);

/* Asks for a fit, waits until its job is durable (and, in fit_wait, until it has ended); writes its
 * id. */
void fit_ask(struct fixture *f, const char *id, bool full, char *ret_job);
enum job_state fit_wait(struct fixture *f, const char *id, bool full, char *ret_job);
/* Waits until the job has ended. */
enum job_state job_wait(struct fixture *f, const char *job);
enum job_state job_state_of(struct fixture *f, const char *job);

#endif
