/* A store's life in numbered steps, the same every time: series made, changed and deleted, points in small
 * and
 * large writes, late ones and replaced ones, checkpoints, jobs, forecasts that were said, weights, reads, a
 * backup, a restart. And what the store must hold after those of them that it acknowledged. */
#ifndef TESTS_SERVER_STORE_LIFE_H
#define TESTS_SERVER_STORE_LIFE_H

#include "tests/server/store_fixture.h"

#define LIFE_STEPS 100

struct life {
    struct fixture f;
    bool acked[LIFE_STEPS];
    size_t step;             /* the next one */
    size_t refused;          /* steps that failed for the disk's sake */
    bool damage_allowed;     /* ERR_STORAGE counts as such a failure */
};

/* A folder of its own, no store yet. */
void life_new(struct life *life);
void life_free(struct life *life);

/* Opens and starts the store; -1 with *err where it cannot. */
int life_open(struct life *life, struct err *err);

/* Does the next step and notes what came of it. Fails the test on an error that no disk can be the cause of.
 * */
void life_step(struct life *life);

/* Fails the test unless the store, which is open, holds exactly what was acknowledged; also: a step whose
 * outcome nobody was told of, which may be there or not, LIFE_STEPS for none. Returns whether it was there.
 * */
bool life_check(struct life *life, size_t also);

/* How many points the acknowledged steps leave in a series (1..LIFE_SERIES_N). */
#define LIFE_SERIES_N 3
size_t life_points_n(const struct life *life, int64_t key);

/* Whether this value of a series was ever acknowledged. */
bool life_ever_held(const struct life *life, int64_t key, struct point point);

#endif
