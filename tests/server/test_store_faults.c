/* The promise under faults: whatever call to the disk fails, once or for ever, and wherever the power goes,
 * what
 * was acknowledged is there, what was refused is not, and the store goes on when the fault has gone. */
#include "server/store/request.h"
#include "tests/lib/fault_vfs.h"
#include "tests/server/store_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One in so many calls is made to fail; STORE_FAULTS_STEP=1 tries every one. */
static size_t stride(size_t usual)
{
    const char *text = getenv("STORE_FAULTS_STEP");
    size_t given = text ? strtoul(text, NULL, 10) : 0;

    return given ? given : usual;
}

static size_t rounds(const char *name, size_t usual)
{
    const char *text = getenv(name);
    size_t given = text ? strtoul(text, NULL, 10) : 0;

    return given ? given : usual;
}

static void live(struct life *life)
{
    while (life->step < LIFE_STEPS)
        life_step(life);
}

/* How many calls of a kind a life without faults makes. */
static uint64_t calls_of(enum fault_op op)
{
    struct life life;

    life_new(&life);
    fault_set(NULL);
    live(&life);
    uint64_t n = fault_calls(op);
    assert_int_equal(life.refused, 0);
    life_check(&life, LIFE_STEPS);
    life_free(&life);
    return n;
}

struct tally {
    size_t lives, faults, refused, acked;
};

static void count(struct tally *tally, const struct life *life)
{
    tally->lives++;
    tally->refused += life->refused;
    for (size_t i = 0; i < LIFE_STEPS; i++)
        tally->acked += life->acked[i];
}

static void tell(const char *what, const struct tally *tally)
{
    print_message("# %s: %zu lives, %zu faults, %zu steps acknowledged, %zu refused\n", what, tally->lives,
                  tally->faults, tally->acked, tally->refused);
}

/* One life in which the fault strikes; it passes before the last quarter, in which everything must work. */
static void live_with(const struct fault *fault, struct tally *tally)
{
    struct life life;

    life_new(&life);
    life.damage_allowed = fault->op == FAULT_READ; /* SQLite cannot tell what it was not given */
    fault_set(fault);
    while (life.step < LIFE_STEPS * 3 / 4)
        life_step(&life);
    tally->faults += fault_failed() > 0;
    fault_set(NULL);
    if (life.f.store && life.refused) { /* readiness comes back without a client */
        struct err err;
        while (store_ready(life.f.store, &err) != 0)
            uv_sleep(1);
    }
    size_t before = life.refused;
    life.damage_allowed = false;
    live(&life);
    assert_int_equal(life.refused, before);
    life_check(&life, LIFE_STEPS);
    count(tally, &life);
    life_free(&life);
}

static void every_call_fails(const char *what, struct fault fault, size_t usual_stride)
{
    uint64_t n = calls_of(fault.op);
    struct tally tally = {0};
    size_t by = stride(usual_stride);

    assert_true(n > 0);
    for (fault.nth = 1; fault.nth <= n; fault.nth += by)
        live_with(&fault, &tally);
    tell(what, &tally);
    assert_true(tally.faults > 0);
}

static void a_write_that_fails_once(void **state)
{
    (void)state;
    every_call_fails("write, once", (struct fault){.op = FAULT_WRITE, .code = SQLITE_IOERR_WRITE}, 23);
    every_call_fails("half a write, once",
                     (struct fault){.op = FAULT_WRITE, .code = SQLITE_IOERR_WRITE, .short_n = 600}, 97);
}

static void a_sync_that_fails_once(void **state)
{
    (void)state;
    every_call_fails("sync, once", (struct fault){.op = FAULT_SYNC, .code = SQLITE_IOERR_FSYNC}, 7);
}

static void a_read_that_fails_once(void **state)
{
    (void)state;
    every_call_fails("read, once", (struct fault){.op = FAULT_READ, .code = SQLITE_IOERR_READ}, 23);
}

static void an_open_or_a_deletion_that_fails_once(void **state)
{
    (void)state;
    every_call_fails("open, once", (struct fault){.op = FAULT_OPEN, .code = SQLITE_CANTOPEN}, 3);
    every_call_fails("deletion, once", (struct fault){.op = FAULT_DELETE, .code = SQLITE_IOERR_DELETE}, 1);
}

static void shared_memory_or_a_truncation_that_fails_once(void **state)
{
    (void)state;
    every_call_fails("shared memory, once", (struct fault){.op = FAULT_SHM, .code = SQLITE_IOERR_SHMMAP}, 61);
    uint64_t n = calls_of(FAULT_TRUNCATE);
    if (n)
        every_call_fails("truncation, once",
                         (struct fault){.op = FAULT_TRUNCATE, .code = SQLITE_IOERR_TRUNCATE}, 1);
}

static void a_disk_that_is_full_for_a_while(void **state)
{
    (void)state;
    every_call_fails("full, for a while", (struct fault){.op = FAULT_WRITE, .for_ever = true, .code =
                                                         SQLITE_FULL},
                     97);
}

static void syncs_that_fail_for_a_while(void **state)
{
    (void)state;
    every_call_fails("sync, for a while",
                     (struct fault){.op = FAULT_SYNC, .for_ever = true, .code = SQLITE_IOERR_FSYNC}, 23);
}

static void reads_that_fail_for_a_while(void **state)
{
    (void)state;
    every_call_fails("read, for a while",
                     (struct fault){.op = FAULT_READ, .for_ever = true, .code = SQLITE_IOERR_READ}, 61);
}

/* ---- the power goes ---- */

/* The files as the cut left them, in a life that goes on with what was acknowledged before. */
static void restore(struct life *life, const char *dir)
{
    fixture_close(&life->f);
    tmp_remove(life->f.dir);
    snprintf(life->f.dir, sizeof(life->f.dir), "%s", dir);
    snprintf(life->f.path, sizeof(life->f.path), "%s/store.db", dir);
}

/* Returns whether the power went, and whether the step under way was there. */
static bool live_until_the_power_goes(uint64_t nth, uint64_t seed, struct tally *tally, bool *ret_there)
{
    char dir[TMP_PATH_MAX];
    struct life life;

    life_new(&life);
    tmp_make(dir);
    fault_set(NULL);
    fault_power(dir, nth, seed);
    while (life.step < LIFE_STEPS && !fault_power_gone())
        life_step(&life);
    bool gone = fault_power_gone();
    if (gone) {
        restore(&life, dir);
        fault_power(NULL, 0, 0);
        *ret_there = life_check(&life, life.acked[life.step - 1] ? LIFE_STEPS : life.step - 1);
        count(tally, &life);
        life_free(&life);
        return true;
    }
    fault_power(NULL, 0, 0);
    tmp_remove(dir);
    life_free(&life);
    return false;
}

static void what_was_acknowledged_is_there_when_the_power_goes(void **state)
{
    uint64_t seed = rounds("STORE_POWER_SEED", 1);
    size_t n = rounds("STORE_POWER_CUTS", 60), there = 0;
    struct tally tally = {0};

    (void)state;
    fault_power("/", 0, 0);
    calls_of(FAULT_SYNC);
    uint64_t calls = fault_power_calls();
    fault_power(NULL, 0, 0);
    for (size_t i = 0; i < n; i++) {
        bool now = false;
        tally.faults += live_until_the_power_goes(1 + (i * 7919 + seed) % calls, seed * 1000003 + i, &tally,
                                                  &now);
        there += now;
    }
    print_message("# power: %zu cuts, %zu steps acknowledged, 0 lost; %zu under way were there all "
                  "the same\n",
                  tally.faults, tally.acked, there);
    assert_true(tally.faults > n / 2);
}

static int install(void **state)
{
    (void)state;
    fault_vfs_install();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_fails_once),
        cmocka_unit_test(a_sync_that_fails_once),
        cmocka_unit_test(a_read_that_fails_once),
        cmocka_unit_test(an_open_or_a_deletion_that_fails_once),
        cmocka_unit_test(shared_memory_or_a_truncation_that_fails_once),
        cmocka_unit_test(a_disk_that_is_full_for_a_while),
        cmocka_unit_test(syncs_that_fail_for_a_while),
        cmocka_unit_test(reads_that_fail_for_a_while),
        cmocka_unit_test(what_was_acknowledged_is_there_when_the_power_goes),
    };

    return cmocka_run_group_tests(tests, install, NULL);
}
