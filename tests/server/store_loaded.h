/* A loader that keeps what it is given, for comparing. */
#ifndef TESTS_SERVER_STORE_LOADED_H
#define TESTS_SERVER_STORE_LOADED_H

#include "tests/server/store_fixture.h"

#define LOADED_MAX 8

struct loaded_checkpoint {
    int64_t key;
    uint64_t version;
    bool whole;     /* false: offered without bytes */
    char text[64];
};

struct loaded {
    struct store_series series[LOADED_MAX];
    struct point *points[LOADED_MAX]; /* of series[i] */
    size_t points_n[LOADED_MAX], series_n;
    struct loaded_checkpoint checkpoints[LOADED_MAX];
    size_t checkpoint_n;
    struct loaded_weights {
        uint64_t version, origin, points;
        int64_t created_at;
        bool whole;
        char report[64], text[64];
    } weights[LOADED_MAX];
    size_t weights_n;
    uint64_t refuse_weights_above; /* as for checkpoints */
    struct job_row jobs[LOADED_MAX];
    size_t job_n;
    struct loaded_end {
        struct job_row row; /* without texts but its error */
        char result[64];
    } ended[LOADED_MAX];
    size_t ended_n, ended_max; /* at most so many are asked for; 0: LOADED_MAX */
    int64_t max_key;
    size_t points_max;     /* set before loading */
    uint64_t refuse_above; /* checkpoints of a higher version are not accepted; 0: accept all */
    const char *abort_at;  /* id of the series at which the loader gives up, or NULL */
};

/* store_load into *loaded; its result and error. */
int loaded_read(struct fixture *f, struct loaded *loaded, struct err *err);
void loaded_clear(struct loaded *loaded);

#endif
