/* Damage of the files at random: bits, bytes, sectors, pages, cut ends, in the database and in its log. The
 * store
 * opens and serves what is whole, or refuses saying what is wrong; it never serves what was altered, is never
 * shorter without a word where that can be told, and takes writes. */
#include "core/rng.h"
#include "tests/lib/fault_vfs.h"
#include "tests/server/store_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bytes {
    uint8_t *at;
    size_t n;
};

static struct bytes read_file(const char *path)
{
    struct bytes bytes = {0};
    FILE *file = fopen(path, "rbe");

    if (!file)
        return bytes;
    fseek(file, 0, SEEK_END);
    bytes.n = (size_t)ftell(file);
    rewind(file);
    bytes.at = malloc(bytes.n + 1);
    assert_int_equal(fread(bytes.at, 1, bytes.n, file), bytes.n);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const struct bytes *bytes)
{
    FILE *file = fopen(path, "wbe");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes->at, 1, bytes->n, file), bytes->n);
    fclose(file);
}

/* A store as it lies on the disk, and what it holds. */
struct sample {
    struct life life;
    struct bytes db, wal; /* wal.n 0: it was closed in peace */
};

static void sample_make(struct sample *sample, bool killed)
{
    struct life *life = &sample->life;
    char wal[sizeof(life->f.path) + 8];

    life_new(life);
    while (life->step < LIFE_STEPS - 1) /* the last step begins a new log */
        life_step(life);
    snprintf(wal, sizeof(wal), "%s-wal", life->f.path);
    if (!killed)
        fixture_close(&life->f);
    sample->db = read_file(life->f.path);
    sample->wal = read_file(wal);
    fixture_close(&life->f);
    assert_int_equal(sample->wal.n > 0, killed);
}

static void sample_free(struct sample *sample)
{
    free(sample->db.at);
    free(sample->wal.at);
    life_free(&sample->life);
}

/* ---- damage ---- */

/* Returns whether the end was cut off. */
static bool spoil(struct bytes *bytes, struct trm_rng *rng)
{
    size_t at = trm_rng_below(rng, bytes->n), n = 1;

    switch (trm_rng_below(rng, 6)) {
    case 0:
    case 1:
        bytes->at[at] ^= (uint8_t)(1u << trm_rng_below(rng, 8));
        break;
    case 2:
        for (n = 1 + trm_rng_below(rng, 8); n; n--)
            bytes->at[trm_rng_below(rng, bytes->n)] = (uint8_t)trm_rng_next(rng);
        break;
    case 3: /* a sector of zeros, or of another place */
        at -= at % 512;
        n = bytes->n - at < 512 ? bytes->n - at : 512;
        if (trm_rng_below(rng, 2))
            memset(bytes->at + at, 0, n);
        else
            memmove(bytes->at + at, bytes->at + trm_rng_below(rng, bytes->n - n + 1), n);
        break;
    case 4: /* half a page of an older time: here, of zeros */
        at -= at % 4096;
        n = bytes->n - at < 2048 ? bytes->n - at : 2048;
        memset(bytes->at + at, 0, n);
        break;
    default:
        bytes->n = at;
        return true;
    }
    return false;
}

struct tally {
    size_t rounds, cut, refused, named, whole, silent, silent_cut, served;
};

/* ---- what is served ---- */

struct seen {
    struct life *life;
    size_t served, points[LIFE_SERIES_N + 1];
};

static int see_series(void *ctx, const struct store_series *series, struct err *err)
{
    (void)ctx;
    (void)series;
    (void)err;
    return 0;
}

static int see_points(void *ctx, int64_t key, const struct point *points, size_t n, struct err *err)
{
    struct seen *seen = ctx;

    (void)err;
    if (key < 1 || key > LIFE_SERIES_N)
        fail_msg("points of a series %lld", (long long)key);
    for (size_t i = 0; i < n; i++)
        if (!life_ever_held(seen->life, key, points[i]))
            fail_msg("series %lld: %lld is %g, which nobody wrote", (long long)key, (long long)points[i].t,
                     points[i].v);
    seen->points[key] += n;
    seen->served += n;
    return 0;
}

static int see_checkpoint(void *ctx, int64_t key, const struct store_checkpoint *checkpoint,
                          bool *ret_accepted,
                          struct err *err)
{
    (void)ctx;
    (void)key;
    (void)err;
    if (checkpoint->bytes)
        assert_memory_equal(checkpoint->bytes, "a checkpoint's bytes", checkpoint->n);
    *ret_accepted = true;
    return 0;
}

static int see_said(void *ctx, int64_t key, const struct store_said *said, struct err *err)
{
    (void)ctx;
    (void)key;
    (void)err;
    for (size_t i = 1; i < said->n; i++)
        assert_int_equal(said->bytes[i], said->bytes[0]);
    return 0;
}

static int see_job(void *ctx, const struct job_row *job, struct err *err)
{
    (void)ctx;
    (void)job;
    (void)err;
    return 0;
}

/* Each series takes a new point, and one in the middle of the old ones, and gives both back. */
static void write_and_read(struct fixture *f, const struct seen *seen)
{
    for (int64_t key = 1; key <= LIFE_SERIES_N; key++) {
        if (seen->points[key] == 0)
            continue;
        struct point points[] = {{30500, -1}, {900000000, -2}};
        struct outcome put = put_points(f, key, points, 2);
        if (put.err.code != ERR_NONE) { /* pages that the check of the whole file had no reason to doubt */
            assert_int_equal(put.err.code, ERR_STORAGE);
            continue;
        }
        struct outcome got = read_points(f, key, 30500, 30501, 10);
        assert_int_equal(got.err.code, ERR_NONE);
        assert_int_equal(got.points_n, 1);
        assert_true(got.points[0].v == -1);
        free(got.points);
    }
}

static void must_say_what(const struct err *err, const struct fixture *f)
{
    if (err->code != ERR_STORAGE && err->code != ERR_UNAVAILABLE)
        fail_msg("code %d: %s", err->code, err->msg);
    if (!strstr(err->msg, f->path))
        fail_msg("\"%s\" does not name the file", err->msg);
}

static bool is_shorter(const struct life *life, const struct seen *seen)
{
    for (int64_t key = 1; key <= LIFE_SERIES_N; key++)
        if (seen->points[key] < life_points_n(life, key))
            return true;
    return false;
}

/* Opens what lies in the life's folder and looks at it. */
static void look(struct life *life, bool cut, struct tally *tally)
{
    struct seen seen = {.life = life};
    struct store_loader loader = {.ctx = &seen,
                                  .series = see_series,
                                  .points = see_points,
                                  .checkpoint = see_checkpoint,
                                  .said = see_said,
                                  .job = see_job,
                                  .points_max = 1000000};
    struct store_damage found;
    int64_t max_key;
    struct err err = {0};
    struct fixture *f = &life->f;

    tally->rounds++;
    if (store_open(&f->options, f->mailbox, &f->store, &err) < 0 ||
        store_load(f->store, &loader, &max_key, &err) < 0) {
        must_say_what(&err, f);
        tally->refused++;
    } else {
        bool named = store_damage(f->store, 0, &found, 1) > 0, shorter = is_shorter(life, &seen);
        tally->named += named;
        tally->silent += shorter && !named && !cut;
        tally->silent_cut += shorter && !named && cut;
        tally->whole += !shorter && !named;
        tally->served += seen.served;
        fixture_start(f);
        write_and_read(f, &seen);
    }
    fixture_close(f);
}

static void round_of(struct sample *sample, bool in_wal, struct trm_rng *rng, struct tally *tally)
{
    struct life *life = &sample->life;
    char path[sizeof(life->f.path) + 16];
    struct bytes *spoiled = in_wal ? &sample->wal : &sample->db;
    struct bytes kept = {.at = malloc(spoiled->n), .n = spoiled->n};

    memcpy(kept.at, spoiled->at, kept.n);
    bool cut = spoil(spoiled, rng);
    tally->cut += cut;
    write_file(life->f.path, &sample->db);
    snprintf(path, sizeof(path), "%s-wal.damaged", life->f.path);
    unlink(path);
    snprintf(path, sizeof(path), "%s-shm", life->f.path);
    unlink(path);
    snprintf(path, sizeof(path), "%s-wal", life->f.path);
    unlink(path);
    if (sample->wal.n)
        write_file(path, &sample->wal);
    look(life, cut, tally);
    memcpy(spoiled->at, kept.at, kept.n);
    spoiled->n = kept.n;
    free(kept.at);
}

static size_t number(const char *name, size_t usual)
{
    const char *text = getenv(name);
    size_t given = text ? strtoul(text, NULL, 10) : 0;

    return given ? given : usual;
}

static struct tally campaign(const char *what, bool killed, bool in_wal)
{
    struct sample sample;
    struct tally tally = {0};
    struct trm_rng rng;

    trm_rng_seed(&rng, number("STORE_DAMAGE_SEED", 1) + 10 * killed + 20 * in_wal);
    sample_make(&sample, killed);
    for (size_t n = number("STORE_DAMAGE_ROUNDS", 80); n; n--)
        round_of(&sample, in_wal, &rng, &tally);
    print_message("# %s: %zu rounds: %zu refused, %zu opened and named it, %zu lost nothing, %zu shorter "
                  "without a word (and %zu of %zu that were cut off), 0 altered values in %zu points "
                  "served\n",
                  what, tally.rounds, tally.refused, tally.named, tally.whole, tally.silent, tally.silent_cut,
                  tally.cut, tally.served);
    sample_free(&sample);
    return tally;
}

static void a_closed_database(void **state)
{
    (void)state;
    struct tally tally = campaign("database, closed", false, false);
    assert_int_equal(tally.silent + tally.silent_cut, 0);
    assert_true(tally.named > 0 && tally.whole > 0 && tally.refused > 0);
}

static void the_database_of_a_killed_process(void **state)
{
    (void)state;
    struct tally tally = campaign("database, with its log", true, false);
    assert_int_equal(tally.silent, 0);
}

/* A log that ends between two transactions cannot be told from one that was written no further, nor can one
 * whose
 * last transaction has lost its end. */
static void the_log_of_a_killed_process(void **state)
{
    (void)state;
    struct tally tally = campaign("log", true, true);
    assert_true(tally.silent <= tally.rounds / 50);
    assert_true(tally.named > tally.rounds / 4);
}

static int install(void **state)
{
    (void)state;
    fault_vfs_install(); /* for syncs that take no time */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_database),
        cmocka_unit_test(the_database_of_a_killed_process),
        cmocka_unit_test(the_log_of_a_killed_process),
    };

    return cmocka_run_group_tests(tests, install, NULL);
}
