/* Examples from real series. Knows which series hold a window and whose turn it is; refuses to know
 * how an excerpt is cut (core/excerpt.h). Surprising: only a series' past is ever learned from:
 * the test part of a line that has one is not looked at. */
#include "server/tool/pretrain.h"

#include <stdlib.h>

static uint64_t fold_values(uint64_t hash, const struct record *record)
{
    hash = pretrain_mix(pretrain_mix(hash, record->train_n),
                        (uint64_t)record->season << 32 | record->horizon);
    return pretrain_mix(
        hash, trm_base_identity(record->train, record->train_n * sizeof *record->train));
}

/* A line's horizon, or its frequency's. A line of train and test has the length of the test. */
static int index_file(struct pretrain_pool *pool, size_t file, struct tool_err *err)
{
    const struct record_list *list = &pool->files[file];
    struct pretrain_series *grown =
        realloc(pool->series, (pool->series_n + list->n + 1) * sizeof *pool->series);

    if (!grown)
        return tool_fail(err, "out of memory");
    pool->series = grown;
    pool->sources[file] = malloc((list->n + 1) * sizeof *pool->sources[file]);
    if (!pool->sources[file])
        return tool_fail(err, "out of memory");
    for (size_t i = 0; i < list->n; i++) {
        pool->digest = fold_values(pool->digest, &list->at[i]);
        pool->sources[file][i] = pretrain_source(&list->at[i]);
        if (trm_excerpt_fits(&pool->sources[file][i]))
            pool->series[pool->series_n++] = (struct pretrain_series){file, i};
    }
    return 0;
}

int pretrain_pool_read(const struct pretrain_options *options, struct pretrain_pool *ret,
                       struct tool_err *err)
{
    *ret = (struct pretrain_pool){0};
    for (size_t i = 0; i < options->real_n; i++) {
        if (series_file_read(options->real[i], 0, &ret->files[i], err) || index_file(ret, i, err)) {
            pretrain_pool_free(ret);
            return -1;
        }
        ret->file_n++;
    }
    if (options->real_n && ret->series_n == 0) {
        pretrain_pool_free(ret);
        return tool_fail(err, "no series of --real is long enough for a window");
    }
    return 0;
}

void pretrain_pool_free(struct pretrain_pool *pool)
{
    for (size_t i = 0; i < PRETRAIN_FILES_MAX; i++) {
        record_list_free(&pool->files[i]);
        free(pool->sources[i]);
    }
    free(pool->series);
    *pool = (struct pretrain_pool){0};
}

enum trm_status pretrain_real_write(const struct pretrain_pool *pool, size_t i, uint64_t seed,
                                    struct trm_examples *examples, size_t slot,
                                    struct trm_sense *sense, struct trm_excerpt *room)
{
    const struct pretrain_series *series = &pool->series[i % pool->series_n];

    return trm_example_cut(examples, slot, sense, pool->sources[series->file],
                           pool->files[series->file].n, series->record, seed, room);
}
