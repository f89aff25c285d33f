/* See store_life.h. Surprising: the expected state is made anew from the acknowledged steps whenever it is
 * needed, so that it cannot drift together with the store. */
#include "tests/server/store_life.h"

#include "core/rng.h"
#include "core/said.h"
#include "server/store/request.h"
#include "tests/server/store_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERIES_N LIFE_SERIES_N
#define POINTS_MOST 700
#define SAID_BYTES (TRM_SAID_HEAD_BYTES + 8 * TRM_SAID_LEAD_BYTES)

enum what { PUT_SERIES, SMALL, LARGE, LATE, CHECKPOINT, JOB, SAID, WEIGHTS, DELETE, READ, BACKUP, RESTART };

static const enum what plan[] = {PUT_SERIES, SMALL, LARGE, SMALL, SAID,       LATE, CHECKPOINT, SMALL,
                                 JOB,        SMALL, READ,  SMALL, CHECKPOINT, LATE, SMALL,      WEIGHTS,
                                 SMALL,      SAID,  LARGE, SMALL, BACKUP,     LATE, DELETE,     SMALL,
                                 RESTART};
#define PLAN_N (sizeof(plan) / sizeof(*plan))

static enum what what_of(size_t step)
{
    return plan[step % PLAN_N];
}

static int64_t key_of(size_t step)
{
    return what_of(step) == DELETE ? SERIES_N : 1 + (int64_t)(step * 7 % SERIES_N);
}

/* Step i's points: times of its own, or those of earlier steps with other values. */
static size_t points_of(size_t step, struct point *points)
{
    enum what what = what_of(step);
    size_t n = what == LARGE ? POINTS_MOST : what == LATE ? 5 : 1 + step % 4;
    int64_t from = (what == LATE ? (int64_t)step / 2 : (int64_t)step) * 1000 + (what == LATE ? 1 : 0);

    for (size_t i = 0; i < n; i++)
        points[i] = (struct point){from + (int64_t)i, (double)step + (double)i / 8};
    return n;
}

static struct store_series series_of(size_t step)
{
    struct store_series series = plain_series(key_of(step));

    if (what_of(step) == PUT_SERIES)
        series.settings.horizon = 1 + (uint32_t)step;
    return series;
}

/* ---- what must be there ---- */

struct expected {
    bool there[SERIES_N + 1];
    uint32_t horizon[SERIES_N + 1];
    struct model points[SERIES_N + 1];
    uint64_t checkpoint[SERIES_N + 1];
    size_t said[SERIES_N + 1];   /* forecasts … */
    int64_t last_said[SERIES_N + 1];
    size_t jobs[SERIES_N + 1];
    uint64_t weights;
};

static void expect_gone(struct expected *e, int64_t key)
{
    e->there[key] = false;
    e->horizon[key] = 0;
    model_clear(&e->points[key]);
    memset(&e->points[key], 0, sizeof(e->points[key]));
    e->checkpoint[key] = e->said[key] = e->jobs[key] = 0;
}

static void expect(struct expected *e, size_t step)
{
    int64_t key = key_of(step);
    struct point points[POINTS_MOST];

    switch (what_of(step)) {
    case PUT_SERIES:
        e->there[key] = true;
        e->horizon[key] = series_of(step).settings.horizon;
        break;
    case SMALL:
    case LARGE:
    case LATE:
        e->there[key] = true;
        model_put(&e->points[key], points, points_of(step, points));
        break;
    case CHECKPOINT:
        e->checkpoint[key] = step + 1;
        break;
    case JOB:
        e->jobs[key]++;
        break;
    case SAID:
        e->said[key]++;
        e->last_said[key] = (int64_t)step;
        break;
    case WEIGHTS:
        e->weights = step + 1;
        break;
    case DELETE:
        expect_gone(e, key);
        break;
    case READ:
    case BACKUP:
    case RESTART:
        break;
    }
}

static void expect_all(const struct life *life, size_t also, struct expected *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < LIFE_STEPS; i++)
        if (life->acked[i] || i == also)
            expect(ret, i);
}

static void expected_clear(struct expected *e)
{
    for (size_t i = 0; i <= SERIES_N; i++)
        model_clear(&e->points[i]);
}

size_t life_points_n(const struct life *life, int64_t key)
{
    struct expected e;

    expect_all(life, LIFE_STEPS, &e);
    size_t n = e.points[key].n;
    expected_clear(&e);
    return n;
}

static bool writes_points(size_t step)
{
    enum what what = what_of(step);

    return what == SMALL || what == LARGE || what == LATE;
}

bool life_ever_held(const struct life *life, int64_t key, struct point point)
{
    struct point points[POINTS_MOST];

    for (size_t step = 0; step < LIFE_STEPS; step++) {
        if (!life->acked[step] || key_of(step) != key || !writes_points(step))
            continue;
        size_t n = points_of(step, points);
        for (size_t i = 0; i < n; i++)
            if (points[i].t == point.t && points[i].v == point.v)
                return true;
    }
    return false;
}

/* ---- the store ---- */

void life_new(struct life *life)
{
    struct err err;

    memset(life, 0, sizeof(*life));
    struct fixture *f = &life->f;
    tmp_make(f->dir);
    snprintf(f->path, sizeof(f->path), "%s/store.db", f->dir);
    f->options.path = f->path;
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(uv_async_init(&f->loop, &f->keep_alive, NULL), 0);
    assert_int_equal(mailbox_new(&f->loop, &f->mailbox, &err), 0);
}

void life_free(struct life *life)
{
    struct fixture *f = &life->f;

    fixture_close(f);
    mailbox_free(f->mailbox);
    uv_close((uv_handle_t *)&f->keep_alive, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    tmp_remove(f->dir);
}

/* Short logs, so that settling is part of this life. */
int life_open(struct life *life, struct err *err)
{
    struct fixture *f = &life->f;

    if (store_open(&f->options, f->mailbox, &f->store, err) < 0)
        return -1;
    f->store->points.tail_max = 12;
    f->store->points.log_max = 20;
    fixture_start(f);
    return 0;
}

static struct outcome do_said(struct fixture *f, size_t step)
{
    uint8_t *bytes = malloc(SAID_BYTES);
    struct outcome o = {0};
    struct err err = {0};

    memset(bytes, (int)step, SAID_BYTES);
    assert_int_equal(store_put_said(f->store, key_of(step), (int64_t)step, bytes, SAID_BYTES, outcome_take,
                                    &o, &err), 0);
    fixture_wait(f, &o);
    return o;
}

static struct outcome do_points(struct fixture *f, size_t step)
{
    struct point points[POINTS_MOST];
    size_t n = points_of(step, points);
    struct store_series create = series_of(step);
    struct outcome o = {0};
    struct err err = {0};

    assert_int_equal(store_put_points(f->store, create.key, points_copy(points, n), n, &create, NULL,
                                      outcome_take, &o, &err), 0);
    fixture_wait(f, &o);
    return o;
}

static struct outcome do_job(struct fixture *f, size_t step)
{
    struct job_row job = {.series_key = key_of(step), .state = JOB_PENDING, .created_at = 1 + (int64_t)step};

    snprintf(job.id, sizeof(job.id), "%016zx", step);
    return put_job(f, &job);
}

static struct outcome do_weights(struct fixture *f, size_t step)
{
    struct store_weights weights = {.version = step + 1, .created_at = 1, .report = "{}", .n = 3000};
    char *bytes = malloc(weights.n);
    struct outcome o = {0};
    struct err err = {0};

    memset(bytes, 'w', weights.n);
    assert_int_equal(store_put_weights(f->store, &weights, bytes, outcome_take, &o, &err), 0);
    fixture_wait(f, &o);
    return o;
}

static struct outcome do_backup(struct fixture *f, size_t step)
{
    struct outcome o = {0};
    struct err err = {0};
    char name[32];

    snprintf(name, sizeof(name), "backup-%zu.db", step);
    assert_int_equal(store_backup(f->store, f->dir, name, outcome_take, &o, &err), 0);
    fixture_wait(f, &o);
    return o;
}

static struct outcome do_restart(struct life *life)
{
    struct outcome o = {.done = true};

    fixture_close(&life->f);
    if (life_open(life, &o.err) < 0)
        life->f.store = NULL;
    return o;
}

static struct outcome do_step(struct life *life, size_t step)
{
    struct fixture *f = &life->f;
    struct store_series series = series_of(step);
    struct outcome o;

    switch (what_of(step)) {
    case PUT_SERIES:
        return put_series(f, &series);
    case SMALL:
    case LARGE:
    case LATE:
        return do_points(f, step);
    case CHECKPOINT:
        return put_checkpoint(f, series.key, step + 1, "a checkpoint's bytes");
    case JOB:
        return do_job(f, step);
    case SAID:
        return do_said(f, step);
    case WEIGHTS:
        return do_weights(f, step);
    case DELETE:
        return delete_series(f, series.key);
    case READ:
        o = read_points(f, series.key, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX);
        free(o.points);
        return o;
    case BACKUP:
        return do_backup(f, step);
    case RESTART:
        break;
    }
    return do_restart(life);
}

/* A store that could not be opened is tried again before the step. */
static bool is_open(struct life *life)
{
    struct err err = {0};

    if (life->f.store || life_open(life, &err) == 0)
        return true;
    if (err.code != ERR_NO_SPACE && err.code != ERR_UNAVAILABLE && !life->damage_allowed)
        fail_msg("opening: code %d: %s", err.code, err.msg);
    life->f.store = NULL;
    return false;
}

void life_step(struct life *life)
{
    size_t step = life->step++;

    if (!is_open(life)) {
        life->refused++;
        return;
    }
    struct outcome o = do_step(life, step);
    switch (o.err.code) {
    case ERR_NONE:
        life->acked[step] = true;
        break;
    case ERR_NOT_FOUND: /* what it hangs on was refused */
        break;
    case ERR_NO_SPACE:
    case ERR_UNAVAILABLE:
        life->refused++;
        break;
    default:
        if (!life->damage_allowed || o.err.code != ERR_STORAGE)
            fail_msg("step %zu: code %d: %s", step, o.err.code, o.err.msg);
        life->refused++;
    }
}

/* ---- comparing ---- */

struct seen {
    struct expected e;
    const char *wrong;
};

static int see_series(void *ctx, const struct store_series *series, struct err *err)
{
    struct seen *seen = ctx;

    (void)err;
    assert_in_range(series->key, 1, SERIES_N);
    seen->e.there[series->key] = true;
    seen->e.horizon[series->key] = series->settings.horizon;
    seen->e.points[series->key].revision = series->revision;
    return 0;
}

static int see_points(void *ctx, int64_t key, const struct point *points, size_t n, struct err *err)
{
    struct seen *seen = ctx;
    uint64_t revision = seen->e.points[key].revision;

    (void)err;
    model_put(&seen->e.points[key], points, n);
    seen->e.points[key].revision = revision;
    return 0;
}

static int see_checkpoint(void *ctx, int64_t key, const struct store_checkpoint *checkpoint,
                          bool *ret_accepted,
                          struct err *err)
{
    struct seen *seen = ctx;

    (void)err;
    if (!checkpoint->bytes)
        return 0;
    seen->e.checkpoint[key] = checkpoint->version;
    *ret_accepted = true;
    return 0;
}

static int see_said(void *ctx, int64_t key, const struct store_said *said, struct err *err)
{
    struct seen *seen = ctx;

    (void)err;
    seen->e.said[key]++;
    seen->e.last_said[key] = said->origin;
    if (said->n == 0 || said->bytes[0] != (uint8_t)said->origin)
        seen->wrong = "what was said";
    return 0;
}

static int see_job(void *ctx, const struct job_row *job, struct err *err)
{
    struct seen *seen = ctx;

    (void)err;
    seen->e.jobs[job->series_key]++;
    return 0;
}

static int see_weights(void *ctx, const struct store_weights *weights, bool *ret_accepted, struct err *err)
{
    struct seen *seen = ctx;

    (void)err;
    seen->e.weights = weights->version;
    *ret_accepted = true;
    return 0;
}

/* NULL, or what differs. */
static const char *difference(const struct expected *want, const struct expected *got)
{
    if (want->weights != got->weights)
        return "weights";
    for (size_t i = 1; i <= SERIES_N; i++) {
        const struct model *points = &got->points[i];
        if (want->there[i] != got->there[i])
            return "which series there are";
        if (want->horizon[i] != got->horizon[i])
            return "settings";
        if (!model_equal(&want->points[i], TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX, points->points, points->n))
            return "points";
        if (want->points[i].revision != points->revision)
            return "the revision";
        if (want->checkpoint[i] != got->checkpoint[i])
            return "checkpoints";
        if (want->said[i] != got->said[i] || (want->said[i] && want->last_said[i] != got->last_said[i]))
            return "what was said";
        if (want->jobs[i] != got->jobs[i])
            return "jobs";
    }
    return NULL;
}

static const char *difference_from(struct life *life, size_t also, const struct expected *got)
{
    struct expected want;

    expect_all(life, also, &want);
    const char *wrong = difference(&want, got);
    expected_clear(&want);
    return wrong;
}

/* What loading sees; the store must not have been started. */
static void see(struct life *life, struct seen *seen)
{
    struct store_loader loader = {.ctx = seen,
                                  .series = see_series,
                                  .points = see_points,
                                  .checkpoint = see_checkpoint,
                                  .said = see_said,
                                  .job = see_job,
                                  .weights = see_weights,
                                  .points_max = 1000000};
    int64_t max_key;
    struct err err = {0};

    memset(seen, 0, sizeof(*seen));
    if (store_load(life->f.store, &loader, &max_key, &err) < 0)
        fail_msg("loading: %s", err.msg);
}

bool life_check(struct life *life, size_t also)
{
    struct seen seen;

    fixture_close(&life->f);
    fixture_open(&life->f);
    see(life, &seen);
    const char *wrong = difference_from(life, LIFE_STEPS, &seen.e);
    bool there = wrong && also < LIFE_STEPS && !difference_from(life, also, &seen.e);
    if (seen.wrong || (wrong && !there))
        fail_msg("after step %zu other than acknowledged: %s", life->step, seen.wrong ? seen.wrong : wrong);
    expected_clear(&seen.e);
    fixture_close(&life->f);
    return there;
}
