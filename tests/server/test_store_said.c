/* Forecasts that were said, in the store: replaced, cut, dropped, read back and found again at
 * boot. */
#include "core/said.h"
#include "tests/server/store_fixture.h"
#include "tests/server/store_loaded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEADS 20

static int started_new(void **state)
{
    if (fixture_new(state))
        return -1;
    fixture_open(*state);
    fixture_start(*state);
    struct store_series series = plain_series(1);
    return put_series(*state, &series).err.code == ERR_NONE ? 0 : -1;
}

struct read {
    bool done;
    struct err err;
    struct store_said *said; /* malloc */
    size_t n;
};

static void take_said(void *ctx, struct store_result *result)
{
    struct read *read = ctx;

    read->done = true;
    read->err = result->err;
    read->said = result->said;
    read->n = result->said_n;
    result->said = NULL;
}

static struct read wait_for(struct fixture *f, struct read *read)
{
    while (!read->done)
        uv_run(&f->loop, UV_RUN_ONCE);
    return *read;
}

/* A forecast from this origin: `leads` leads whose medians tell origin and lead. */
static size_t bytes_of(int64_t origin, uint32_t leads, uint8_t *bytes)
{
    double said[TRM_SAID_LEADS_MAX * TRM_SAID_LEVELS];
    struct trm_forecast forecast = {.horizon = leads, .said = said};
    struct trm_said_head head = {.season = 1};
    struct trm_tally tally = {0};

    for (uint32_t i = 0; i < leads * TRM_SAID_LEVELS; i++)
        said[i] = (double)(origin * 1000 + i / TRM_SAID_LEVELS + 1);
    return trm_said_encode_tally(&tally, bytes, trm_said_encode(&forecast, &head, bytes));
}

static void put(struct fixture *f, int64_t key, int64_t origin, uint32_t leads,
                enum err_code expected)
{
    uint8_t *bytes = malloc(TRM_SAID_BYTES_MAX);
    struct read read = {0};
    struct err err;
    size_t n = bytes_of(origin, leads, bytes);

    assert_int_equal(store_put_said(f->store, key, origin, bytes, n, take_said, &read, &err), 0);
    assert_int_equal(wait_for(f, &read).err.code, expected);
}

static struct read get(struct fixture *f, int64_t from, int64_t until)
{
    struct read read = {0};
    struct err err;

    assert_int_equal(store_read_said(f->store, 1, from, until, take_said, &read, &err), 0);
    wait_for(f, &read);
    assert_int_equal(read.err.code, ERR_NONE);
    return read;
}

static uint32_t leads_of(const struct store_said *said)
{
    struct trm_said_head head;
    uint32_t leads;

    assert_int_equal(trm_said_decode(said->bytes, said->n, &head, &leads), TRM_OK);
    return leads;
}

static void a_forecast_is_read_back_and_a_longer_one_replaces_it(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[TRM_SAID_BYTES_MAX];

    put(f, 1, 5, 3, ERR_NONE);
    put(f, 1, 5, LEADS, ERR_NONE);
    put(f, 1, 6, LEADS, ERR_NONE);
    struct read read = get(f, 5, 7);
    assert_int_equal(read.n, 2);
    assert_int_equal(read.said[0].origin, 5);
    assert_int_equal(read.said[0].n, bytes_of(5, LEADS, bytes));
    assert_memory_equal(read.said[0].bytes, bytes, read.said[0].n);
    free(read.said);
    read = get(f, 6, 6);
    assert_int_equal(read.n, 0);
    free(read.said);
}

static void a_forecast_of_no_series_is_refused(void **state)
{
    put(*state, 77, 5, 3, ERR_NOT_FOUND);
}

static void old_forecasts_keep_the_leads_before_the_next_one(void **state)
{
    struct fixture *f = *state;
    const int64_t origins[] = {0, 1, 2, 5, 6, 14, 15};
    const uint32_t left[] = {1, 1, 3, 1, 8, 1};

    for (size_t i = 0; i < 7; i++)
        put(f, 1, origins[i], LEADS, ERR_NONE);
    put(f, 1, 15 + TRM_SAID_LEADS_MAX, LEADS, ERR_NONE);
    put(f, 1, 16 + TRM_SAID_LEADS_MAX, LEADS, ERR_NONE);
    struct read read = get(f, 0, 16);
    assert_int_equal(read.n, 7);
    for (size_t i = 0; i < 6; i++) {
        struct trm_said_lead lead;
        assert_int_equal(leads_of(&read.said[i]), left[i]);
        trm_said_lead(read.said[i].bytes, left[i], &lead);
        assert_true(lead.quantile[2] == (double)(origins[i] * 1000 + left[i]));
    }
    assert_int_equal(leads_of(&read.said[6]),
                     LEADS); /* nothing follows within its reach but is far */
    free(read.said);
}

static void forecasts_far_in_the_past_go(void **state)
{
    struct fixture *f = *state;

    for (int64_t origin = 0; origin < 4; origin++)
        put(f, 1, origin, 2, ERR_NONE);
    put(f, 1, STORE_SAID_KEPT + 2, 2, ERR_NONE);
    struct read read = get(f, INT64_MIN, INT64_MAX);
    assert_int_equal(read.n, 3);
    assert_int_equal(read.said[0].origin, 2);
    free(read.said);
}

static void a_damaged_forecast_is_left_out(void **state)
{
    struct fixture *f = *state;

    put(f, 1, 5, LEADS, ERR_NONE);
    put(f, 1, 6, LEADS, ERR_NONE);
    fixture_close(f);
    fixture_sql(f, "UPDATE said SET crc = crc + 1 WHERE origin = 5");
    fixture_open(f);
    fixture_start(f);
    struct read read = get(f, 0, 100);
    assert_int_equal(read.n, 1);
    assert_int_equal(read.said[0].origin, 6);
    free(read.said);
}

static void forgetting_and_deleting_leave_nothing(void **state)
{
    struct fixture *f = *state;
    struct read dropped = {0}, read;
    struct err err;

    put(f, 1, 5, LEADS, ERR_NONE);
    assert_int_equal(store_drop_said(f->store, 1, take_said, &dropped, &err), 0);
    assert_int_equal(wait_for(f, &dropped).err.code, ERR_NONE);
    read = get(f, 0, 100);
    assert_int_equal(read.n, 0);
    free(read.said);
    put(f, 1, 6, LEADS, ERR_NONE);
    assert_int_equal(delete_series(f, 1).err.code, ERR_NONE);
    read = get(f, 0, 100);
    assert_int_equal(read.n, 0);
    free(read.said);
}

struct booted {
    int64_t origin[2 * TRM_SAID_LEADS_MAX];
    size_t n;
};

static int load_said(void *ctx, int64_t key, const struct store_said *said, struct err *err)
{
    struct booted *booted = ctx;

    (void)err;
    assert_int_equal(key, 1);
    booted->origin[booted->n++] = said->origin;
    return 0;
}

static void boot_is_told_of_those_that_values_may_wait_for(void **state)
{
    struct fixture *f = *state;
    struct booted booted = {.n = 0};
    const struct store_loader loader = {.ctx = &booted, .said = load_said};
    int64_t max_key;
    struct err err;

    for (int64_t origin = 0; origin < TRM_SAID_LEADS_MAX + 20; origin++)
        put(f, 1, origin, 2, ERR_NONE);
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(store_load(f->store, &loader, &max_key, &err), 0);
    assert_in_range(booted.n, TRM_SAID_LEADS_MAX, TRM_SAID_LEADS_MAX + 1);
    for (size_t i = 0; i < booted.n; i++)
        assert_int_equal(booted.origin[i], (int64_t)(TRM_SAID_LEADS_MAX + 20 - booted.n + i));
}

#define STARTED(name) cmocka_unit_test_setup_teardown(name, started_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(a_forecast_is_read_back_and_a_longer_one_replaces_it),
        STARTED(a_forecast_of_no_series_is_refused),
        STARTED(old_forecasts_keep_the_leads_before_the_next_one),
        STARTED(forecasts_far_in_the_past_go),
        STARTED(a_damaged_forecast_is_left_out),
        STARTED(forgetting_and_deleting_leave_nothing),
        STARTED(boot_is_told_of_those_that_values_may_wait_for),
    };

    return cmocka_run_group_tests_name("store_said", tests, NULL, NULL);
}
