/* All examples of a run: real windows first, then the prior's, the last of which are held out.
 * Knows which seed makes which example; refuses to know how one is written (core/example.h).
 * Surprising: threads take examples in any order, and none of them is another's business, so
 * nothing needs a lock. */
#include "server/tool/pretrain.h"

#include "server/tool/crew.h"
#include "server/tool/stop.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK 64 /* examples that a thread takes at once */

struct drawing {
    const struct pretrain_options *options;
    const struct pretrain_pool *pool;
    struct pretrain_examples *to;
    _Atomic uint64_t family[PRETRAIN_KINDS_MAX], frequency[PRETRAIN_KINDS_MAX];
    _Atomic uint64_t real[PRETRAIN_FILES_MAX], replaced;
    atomic_bool no_memory;
};

static uint64_t seed_of(const struct pretrain_options *options, size_t i)
{
    return ((uint64_t)options->seed << 32) + i;
}

void pretrain_room_free(struct pretrain_room *room)
{
    trm_sense_free(room->sense);
    free(room->series);
    free(room->excerpt);
}

bool pretrain_room_new(struct pretrain_room *ret)
{
    *ret = (struct pretrain_room){.series = malloc(sizeof *ret->series),
                                  .excerpt = malloc(sizeof *ret->excerpt)};
    return ret->series && ret->excerpt &&
           trm_sense_new(TRM_PRIOR_HORIZON_MAX, &ret->sense) == TRM_OK;
}

static bool draw_real(struct drawing *d, size_t i, struct pretrain_room *room)
{
    const struct pretrain_series *series = &d->pool->series[i % d->pool->series_n];

    if (pretrain_real_write(d->pool, i, ~seed_of(d->options, i), &d->to->all, i, room->sense,
                            room->excerpt) != TRM_OK) {
        d->replaced++;
        return false;
    }
    d->real[series->file]++;
    return true;
}

static void draw(struct drawing *d, size_t i, struct pretrain_room *room)
{
    if (i < d->to->real_n && draw_real(d, i, room))
        return;
    if (trm_example_draw(&d->to->all, i, room->sense, room->series, seed_of(d->options, i)) !=
        TRM_OK)
        d->no_memory = true; /* the prior is never refused for another reason eight times */
    d->family[room->series->family]++;
    d->frequency[room->series->frequency]++;
}

static void draw_chunk(void *ctx, size_t chunk)
{
    struct drawing *d = ctx;
    size_t from = chunk * CHUNK, to = trm_min_size(from + CHUNK, d->to->all.set.n);
    struct pretrain_room room;

    if (stop_wanted() || d->no_memory)
        return;
    if (!pretrain_room_new(&room))
        d->no_memory = true;
    for (size_t i = from; i < to && !d->no_memory; i++)
        draw(d, i, &room);
    pretrain_room_free(&room);
}

/* Of everything that decides the examples. */
static int key_of(const struct pretrain_options *o, const struct pretrain_pool *pool, size_t real_n,
                  uint64_t *ret, struct tool_err *err)
{
    uint64_t print;

    if (pretrain_fingerprint(real_n ? pool : NULL, &print, err))
        return -1;
    uint64_t key = pretrain_mix(pretrain_mix(trm_base_layout(), print), o->seed);
    key = pretrain_mix(pretrain_mix(key, o->examples), real_n);
    *ret = real_n ? pretrain_mix(key, pool->digest) : key;
    return 0;
}

static void keep_tally(const struct drawing *d, struct pretrain_tally *to)
{
    for (size_t i = 0; i < PRETRAIN_KINDS_MAX; i++) {
        to->family[i] = d->family[i];
        to->frequency[i] = d->frequency[i];
    }
    for (size_t i = 0; i < PRETRAIN_FILES_MAX; i++)
        to->real[i] = d->real[i];
    to->replaced = d->replaced;
}

static int interrupted(const struct pretrain_options *o, struct tool_err *err)
{
    if (o->resume)
        tool_fail(err,
                  "interrupted before the training went on; %s is as it was, the same command "
                  "goes on from there",
                  o->checkpoint);
    else
        tool_fail(err, "interrupted while the examples were drawn; nothing is kept, the same "
                       "command begins anew");
    return TOOL_INTERRUPTED;
}

static int draw_all(const struct pretrain_options *o, const struct pretrain_pool *pool,
                    uint64_t key, struct pretrain_examples *ret, struct tool_err *err)
{
    struct drawing *d = calloc(1, sizeof *d);
    const struct crew crew = {.threads = o->threads,
                              .label = "examples",
                              .progress = o->progress,
                              .unit = CHUNK,
                              .total = o->examples};

    if (!d)
        return tool_fail(err, "out of memory"), TOOL_FAILED;
    d->options = o, d->pool = pool, d->to = ret;
    crew_run(&crew, (o->examples + CHUNK - 1) / CHUNK, draw_chunk, d);
    keep_tally(d, &ret->tally);
    bool no_memory = d->no_memory;
    free(d);
    if (no_memory)
        return tool_fail(err, "out of memory"), TOOL_FAILED;
    if (stop_wanted())
        return interrupted(o, err);
    if (o->examples_file && pretrain_kept_seal(o->examples_file, key, ret, err))
        return TOOL_FAILED;
    return TOOL_CLEAN;
}

int pretrain_examples_make(const struct pretrain_options *o, const struct pretrain_pool *pool,
                           struct pretrain_examples *ret, struct tool_err *err)
{
    size_t wanted = (size_t)(o->real_share * (double)o->examples),
           cap = pool->series_n * o->real_cap;

    *ret = (struct pretrain_examples){
        .held_n = o->examples / 50 > PRETRAIN_HELD_OUT_MIN
                      ? o->examples / 50
                      : trm_min_size(PRETRAIN_HELD_OUT_MIN, o->examples / 4)};
    ret->real_n =
        pool->series_n ? trm_min_size(trm_min_size(wanted, cap), o->examples - ret->held_n) : 0;
    uint64_t key;
    if (key_of(o, pool, ret->real_n, &key, err))
        return TOOL_FAILED;
    fprintf(stderr, "%zu examples (%zu real), %zu MB\n", o->examples, ret->real_n,
            (o->examples * TRM_EXAMPLE_FLOATS * sizeof(float)) >> 20);
    if (pretrain_memory_get(o, key, o->examples, ret, err))
        return TOOL_FAILED;
    int code = ret->reused ? TOOL_CLEAN : draw_all(o, pool, key, ret, err);
    ret->digest = key;
    ret->train = ret->all.set;
    ret->train.n = o->examples - ret->held_n;
    return code;
}

void pretrain_examples_free(struct pretrain_examples *examples)
{
    if (examples->map)
        munmap(examples->map, examples->map_bytes);
    *examples = (struct pretrain_examples){0};
}
