/* What the files of tstrm pretrain share: its options, its examples, its run. Knows the shapes of these;
 * refuses to be included from outside pretrain*.c. Surprising: a run's result is decided by the options
 * named in pretrain_key alone; threads, files' places and interruptions change nothing. */
#ifndef SERVER_TOOL_PRETRAIN_H
#define SERVER_TOOL_PRETRAIN_H

#include "server/tool/gang.h"
#include "server/tool/meter.h"
#include "server/tool/series_file.h"

#include "core/base.h"
#include "core/example.h"
#include "core/excerpt.h"

#include <stdio.h>

#define PRETRAIN_FILES_MAX 64
#define PRETRAIN_HELD_OUT_MIN 2048
#define PRETRAIN_PATH_MAX 4096
/* Windows of a series and series of a file that real validation looks at. */
#define PRETRAIN_VALIDATE_WINDOWS 3
#define PRETRAIN_VALIDATE_SERIES 150

/* ---- pretrain_options.c ---- */

struct pretrain_options {
    const char *out, *init, *examples_file;
    char card[PRETRAIN_PATH_MAX], checkpoint[PRETRAIN_PATH_MAX], name[TRM_BASE_NAME_MAX + 1];
    const char *real[PRETRAIN_FILES_MAX], *validate[PRETRAIN_FILES_MAX];
    size_t real_n, validate_n;
    char **parts; /* weights files to put into one */
    size_t part_n;
    size_t examples, steps, networks, seed, inner, latent, supervision, recursions, batch, real_cap, threads,
        checkpoint_s;
    double rate, dropout, real_share;
    bool average, resume, progress, help;
};

int pretrain_options_parse(int argc, char **argv, struct pretrain_options *ret, struct tool_err *err);
void pretrain_print_help(FILE *to);
struct trm_thinker_shape pretrain_shape(const struct pretrain_options *options);
/* A path without its folders: what is said of a file in cards and tables. */
const char *pretrain_file_name(const char *path);

/* ---- pretrain_source.c ---- */

/* A record's past as a source of excerpts, which borrows its values. */
struct trm_source pretrain_source(const struct record *record);

/* ---- pretrain_real.c: real examples ---- */

struct pretrain_pool {
    struct record_list files[PRETRAIN_FILES_MAX];
    struct trm_source *sources[PRETRAIN_FILES_MAX]; /* of each file's records */
    size_t file_n;
    struct pretrain_series {
        size_t file, record;
    } *series; /* those that are long enough for an excerpt */
    size_t series_n;
    uint64_t digest; /* of all values */
};

int pretrain_pool_read(const struct pretrain_options *options, struct pretrain_pool *ret,
                       struct tool_err *err);
void pretrain_pool_free(struct pretrain_pool *pool);
/* Writes the i-th excerpt of the pool (one of each series, then again from the first) into a slot of the
 * examples. A status other than TRM_OK after several tries: nothing of the series can be learned from. */
enum trm_status pretrain_real_write(const struct pretrain_pool *pool, size_t i, uint64_t seed,
                                    struct trm_examples *examples, size_t slot, struct trm_sense *sense,
                                    struct trm_excerpt *room);

/* ---- pretrain_examples.c: all examples ---- */

#define PRETRAIN_KINDS_MAX 64

struct pretrain_tally {
    uint64_t family[PRETRAIN_KINDS_MAX], frequency[PRETRAIN_KINDS_MAX]; /* of the prior's examples */
    uint64_t real[PRETRAIN_FILES_MAX]; /* examples from each file */
    uint64_t replaced;                 /* real windows that were refused: the prior's stand in */
};

struct pretrain_examples {
    struct trm_examples all;
    struct trm_example_set train; /* all but the last held_n, which are the prior's */
    size_t held_n, real_n, bytes;
    uint64_t digest;
    struct pretrain_tally tally;
    void *map;
    size_t map_bytes;
    bool reused;
};

/* Draws them, or maps the file that has them. TOOL_CLEAN, or with *err TOOL_FAILED or
 * TOOL_INTERRUPTED. */
int pretrain_examples_make(const struct pretrain_options *options, const struct pretrain_pool *pool,
                           struct pretrain_examples *ret, struct tool_err *err);
void pretrain_examples_free(struct pretrain_examples *examples);

/* What a thread needs to write examples. */
struct pretrain_room {
    struct trm_sense *sense;
    struct trm_prior_series *series;
    struct trm_excerpt *excerpt;
};

bool pretrain_room_new(struct pretrain_room *ret); /* to be freed even where it is false */
void pretrain_room_free(struct pretrain_room *room);

/* ---- pretrain_fingerprint.c: what examples this program makes ---- */

/* A hash of the prior's series and of examples, some from the pool (unless NULL), all of fixed
 * seeds: another one where a change of the program changes the numbers. */
int pretrain_fingerprint(const struct pretrain_pool *pool, uint64_t *ret, struct tool_err *err);
/* The hash of one more value. */
uint64_t pretrain_mix(uint64_t hash, uint64_t value);

/* ---- pretrain_memory.c: where examples lie ---- */

#define PRETRAIN_PAGE 4096 /* before the examples: the file's description of them */

/* Zeroed memory for the examples, at most what the machine has to give, or the file's: then
 * ret->reused says whether it holds them already. */
int pretrain_memory_get(const struct pretrain_options *options, uint64_t key, size_t n,
                        struct pretrain_examples *ret, struct tool_err *err);

/* ---- pretrain_kept.c: the file that keeps examples ---- */

/* Maps ret->map_bytes of a file for n examples. A file that holds examples of another key is begun
 * anew, and that is said on standard error; a file that is no examples file is refused and stays as
 * it is. */
int pretrain_kept_map(const char *path, uint64_t key, size_t n, struct pretrain_examples *ret,
                      struct tool_err *err);
/* Says in the file that it is complete. */
int pretrain_kept_seal(const char *path, uint64_t key, struct pretrain_examples *examples,
                       struct tool_err *err);

/* ---- pretrain_validate.c: real windows to validate on ---- */

struct pretrain_validation {
    struct pretrain_validation_file {
        char name[64];
        struct trm_examples examples;
        size_t n, series;
    } files[PRETRAIN_FILES_MAX];
    size_t file_n, n;
};

int pretrain_validation_read(const struct pretrain_options *options, struct pretrain_validation *ret,
                             struct tool_err *err);
void pretrain_validation_free(struct pretrain_validation *validation);

/* ---- pretrain_train.c ---- */

/* A point of the curves: network, step, then S losses each of training, held out, all real windows, and
 * every file of them. */
struct pretrain_curve {
    double *at;
    size_t n, room, width;
};

struct pretrain_run {
    const struct pretrain_options *options;
    const struct pretrain_examples *examples;
    const struct pretrain_validation *validation;
    struct gang *gang;
    struct trm_base *base;  /* the finished networks */
    const float *init;      /* NULL: from the seed */
    size_t network;         /* being trained */
    struct trm_pretrain pretrain;
    struct pretrain_curve curve;
    struct meter meter;
    double saved_wall;      /* when the checkpoint was written last */
    uint64_t key;           /* of everything that decides the result */
};

/* TOOL_CLEAN when every network is trained; with *err TOOL_INTERRUPTED when the checkpoint was
 * written instead, or TOOL_FAILED. */
int pretrain_train(struct pretrain_run *run, struct tool_err *err);
/* Room for one more point. */
double *pretrain_curve_grow(struct pretrain_curve *curve);

/* ---- pretrain_checkpoint.c ---- */

#define PRETRAIN_CHECKPOINT_MAX ((size_t)1 << 32)

/* Before any work: 0 where a run may begin. Without --resume no file may be there, which the run
 * would overwrite; with it, there must be a checkpoint. */
int pretrain_checkpoint_look(const struct pretrain_options *options, struct tool_err *err);
int pretrain_checkpoint_save(struct pretrain_run *run, struct tool_err *err);
/* Into a run whose network 0 has begun. Begins the network that the checkpoint is about by itself. */
int pretrain_checkpoint_load(struct pretrain_run *run, struct tool_err *err);
int pretrain_begin_network(struct pretrain_run *run, size_t network, struct tool_err *err);

/* ---- pretrain_card.c, pretrain_average.c ---- */

int pretrain_card_write(const struct pretrain_run *run, uint64_t identity, struct tool_err *err);
int pretrain_average(const struct pretrain_options *options, struct tool_err *err);

#endif
