/* Keeps copies: what a loader is shown lives during the call only. */
#include "tests/server/store_loaded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int keep_series(void *ctx, const struct store_series *series, struct err *err)
{
    struct loaded *loaded = ctx;

    if (loaded->abort_at && strcmp(series->id, loaded->abort_at) == 0)
        return err_set(err, ERR_NO_MEMORY, "that is enough");
    assert_in_range(loaded->series_n, 0, LOADED_MAX - 1);
    struct store_series *copy = &loaded->series[loaded->series_n++];
    *copy = *series;
    assert_true(series_settings_copy(&series->settings, &copy->settings));
    return 0;
}

static int keep_points(void *ctx, int64_t key, const struct point *points, size_t n, struct err *err)
{
    struct loaded *loaded = ctx;
    size_t at = loaded->series_n - 1;

    (void)err;
    assert_int_equal(loaded->series[at].key, key);
    assert_null(loaded->points[at]);
    loaded->points[at] = points_copy(points, n);
    loaded->points_n[at] = n;
    return 0;
}

static int keep_checkpoint(void *ctx, int64_t key, const struct store_checkpoint *checkpoint,
                           bool *ret_accepted, struct err *err)
{
    struct loaded *loaded = ctx;
    struct loaded_checkpoint *copy = &loaded->checkpoints[loaded->checkpoint_n++];

    (void)err;
    assert_in_range(loaded->checkpoint_n, 1, LOADED_MAX);
    assert_in_range(checkpoint->n, 0, sizeof(copy->text) - 1);
    *copy = (struct loaded_checkpoint){
        .key = key, .version = checkpoint->version, .whole = checkpoint->bytes != NULL};
    if (checkpoint->bytes)
        memcpy(copy->text, checkpoint->bytes, checkpoint->n);
    *ret_accepted = !loaded->refuse_above || checkpoint->version <= loaded->refuse_above;
    return 0;
}

static int keep_job(void *ctx, const struct job_row *job, struct err *err)
{
    struct loaded *loaded = ctx;

    (void)err;
    assert_in_range(loaded->job_n, 0, LOADED_MAX - 1);
    loaded->jobs[loaded->job_n++] = *job;
    return 0;
}

static int keep_ended(void *ctx, const struct job_row *job, bool *ret_more, struct err *err)
{
    struct loaded *loaded = ctx;
    struct loaded_end *copy = &loaded->ended[loaded->ended_n++];

    (void)err;
    assert_in_range(loaded->ended_n, 1, LOADED_MAX);
    snprintf(copy->result, sizeof copy->result, "%s", job->result ? job->result : "");
    copy->row = *job;
    copy->row.result = copy->row.request = NULL;
    *ret_more = loaded->ended_n < (loaded->ended_max ? loaded->ended_max : LOADED_MAX);
    return 0;
}

static int keep_weights(void *ctx, const struct store_weights *weights, bool *ret_accepted,
                        struct err *err)
{
    struct loaded *loaded = ctx;
    struct loaded_weights *copy = &loaded->weights[loaded->weights_n++];

    (void)err;
    assert_in_range(loaded->weights_n, 1, LOADED_MAX);
    assert_int_equal(loaded->series_n, 0); /* before everything else */
    *copy = (struct loaded_weights){.version = weights->version,
                                    .origin = weights->origin,
                                    .points = weights->points,
                                    .created_at = weights->created_at,
                                    .whole = weights->bytes != NULL};
    snprintf(copy->report, sizeof copy->report, "%s", weights->report);
    assert_in_range(weights->n, 0, sizeof(copy->text) - 1);
    if (weights->bytes)
        memcpy(copy->text, weights->bytes, weights->n);
    *ret_accepted =
        !loaded->refuse_weights_above || weights->version <= loaded->refuse_weights_above;
    return 0;
}

int loaded_read(struct fixture *f, struct loaded *loaded, struct err *err)
{
    const struct store_loader loader = {.ctx = loaded,
                                        .series = keep_series,
                                        .points = keep_points,
                                        .checkpoint = keep_checkpoint,
                                        .job = keep_job,
                                        .ended = keep_ended,
                                        .weights = keep_weights,
                                        .points_max = loaded->points_max};

    return store_load(f->store, &loader, &loaded->max_key, err);
}

void loaded_clear(struct loaded *loaded)
{
    for (size_t i = 0; i < loaded->series_n; i++) {
        series_settings_done(&loaded->series[i].settings);
        free(loaded->points[i]);
    }
}
