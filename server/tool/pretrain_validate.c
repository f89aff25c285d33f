/* Real windows to validate on: the last ones of each series, nothing of them changed. Knows which
 * windows; refuses to train on them. */
#include "server/tool/pretrain.h"

#include <stdlib.h>
#include <string.h>

/* The i-th window from the end, or false where the series has no such window. */
static bool window_from_end(const struct trm_source *source, size_t i, struct trm_excerpt *ret)
{
    size_t horizon = trm_excerpt_horizon(source), back = (i + 1) * horizon;

    if (source->n < back + trm_max_size(TRM_EXCERPT_PAST_MIN, 2 * source->season + 3))
        return false;
    trm_excerpt_at(source, source->n - back, horizon, ret);
    return true;
}

static int read_one(const char *path, struct pretrain_validation_file *to, struct tool_err *err)
{
    struct record_list list = {0};
    struct trm_sense *sense = NULL;
    struct trm_excerpt *window = malloc(sizeof *window);
    int rc = series_file_read(path, 0, &list, err);

    if (rc == 0)
        record_list_thin(&list, PRETRAIN_VALIDATE_SERIES);
    size_t room = list.n * PRETRAIN_VALIDATE_WINDOWS;
    float *memory = calloc((room + 1) * TRM_EXAMPLE_FLOATS, sizeof *memory);
    if (rc == 0 && (!memory || !window || trm_sense_new(TRM_PRIOR_HORIZON_MAX, &sense) != TRM_OK))
        rc = tool_fail(err, "%s: out of memory", path);
    if (rc == 0)
        trm_examples_place(&to->examples, memory, room + 1);
    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        struct trm_source source = pretrain_source(&list.at[i]);
        for (size_t w = 0; w < PRETRAIN_VALIDATE_WINDOWS; w++)
            if (window_from_end(&source, w, window) &&
                trm_example_write(&to->examples, to->n, sense, window->values, window->n,
                                  window->season, window->season2, window->horizon,
                                  i * 8 + w) == TRM_OK)
                to->n++;
    }
    if (rc == 0 && to->n == 0)
        rc = tool_fail(err, "%s: no series is long enough to validate on", path);
    to->series = list.n;
    snprintf(to->name, sizeof to->name, "%s", pretrain_file_name(path));
    if (rc != 0) {
        free(memory);
        to->examples.memory = NULL;
    }
    record_list_free(&list);
    trm_sense_free(sense);
    free(window);
    return rc;
}

int pretrain_validation_read(const struct pretrain_options *options,
                             struct pretrain_validation *ret, struct tool_err *err)
{
    *ret = (struct pretrain_validation){0};
    for (size_t i = 0; i < options->validate_n; i++) {
        if (read_one(options->validate[i], &ret->files[i], err)) {
            pretrain_validation_free(ret);
            return -1;
        }
        ret->file_n++;
        ret->n += ret->files[i].n;
    }
    return 0;
}

void pretrain_validation_free(struct pretrain_validation *validation)
{
    for (size_t i = 0; i < PRETRAIN_FILES_MAX; i++)
        free(validation->files[i].examples.memory);
    *validation = (struct pretrain_validation){0};
}
