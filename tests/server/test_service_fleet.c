/* The shared weights learn from the series: when, what is published, what a restart and a reset
 * leave. */
#include "tests/server/fleet_fixture.h"

static void a_training_needs_series_with_a_record(void **state)
{
    struct fixture *f = *state;
    struct err err;

    put_fleet(f, TRM_FLEET_JUDGE_MIN - 1);
    assert_int_equal(service_fleet_train(f->service, &err), -1);
    assert_int_equal(err.code, ERR_TOO_SHORT);
    assert_non_null(strstr(err.msg, "needs 8 series"));
    assert_non_null(strstr(err.msg, "there are 7"));
    assert_string_equal(fleet_of(f).state, "off");
    assert_string_equal(fleet_of(f).report, "");
}

static void better_weights_are_published_and_every_record_is_made_anew(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    uint64_t before = fleet_of(f).base->identity;
    assert_int_equal(identity_of_record(f, "s00"), before);
    train(f);
    struct fleet_view after = fleet_of(f);
    if (after.version != 1)
        fail_msg("%s", after.report);
    assert_int_not_equal(after.base->identity, before);
    assert_int_equal(after.origin->identity, before);
    assert_string_equal(after.base->name, "made up.fleet1");
    assert_true(after.published_at > 0);
    assert_non_null(strstr(after.report, "\"outcome\":\"published\",\"version\":1,"));
    assert_non_null(strstr(after.report, "\"judges\":40,"));
    assert_non_null(strstr(after.report, "\"error\":null}"));
    assert_int_equal(outdated_n(f, 0), 0);
    assert_int_equal(view_of(f, "s39").model_version, 2);
    struct forecast_answer answer = forecast_of(f, "s03", 7);
    assert_true(answer.has_model);
    assert_ptr_equal(answer.base, after.base);
    forecast_answer_done(&answer);
}

static void what_is_published_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    train(f);
    uint64_t identity = fleet_of(f).base->identity;
    int64_t at = fleet_of(f).published_at;
    fixture_close(f);
    fixture_open(f);
    run_idle(f);
    struct fleet_view view = fleet_of(f);
    assert_int_equal(view.version, 1);
    assert_int_equal(view.base->identity, identity);
    assert_int_equal(view.published_at, at);
    assert_non_null(strstr(view.report, "published"));
    assert_int_equal(view_of(f, "s00").model_version, 2); /* and no record was made anew for it */
}

static void weights_that_descend_from_others_do_not_answer(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    train(f);
    fixture_close(f);
    f->base->identity ^= 1; /* the daemon is started with another file */
    fixture_open(f);
    assert_int_equal(fleet_of(f).version, 0);
    assert_ptr_equal(fleet_of(f).base, f->base);
    run_idle(f);
    assert_int_equal(identity_of_record(f, "s00"), f->base->identity);
    train(f); /* and a new training does not take the old one's number */
    assert_int_equal(fleet_of(f).version, 2);
}

static void a_reset_goes_back_to_the_origin_for_good(void **state)
{
    struct fixture *f = *state;
    struct outcome reset = {0};
    struct err err;

    put_fleet(f, SERIES);
    train(f);
    assert_int_equal(service_fleet_reset(f->service, on_plain, &reset, &err), 0);
    assert_int_equal(service_fleet_reset(f->service, on_plain, &reset, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(service_fleet_train(f->service, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    run_until(f, &reset.called);
    assert_int_equal(reset.err.code, ERR_NONE);
    for (int restarted = 0; restarted < 2; restarted++) {
        run_idle(f);
        struct fleet_view view = fleet_of(f);
        assert_int_equal(view.version, 0);
        assert_int_equal(view.published_at, 0);
        assert_int_equal(view.base->identity, f->base->identity);
        assert_string_equal(view.report, "");
        assert_int_equal(identity_of_record(f, "s00"), f->base->identity);
        fixture_close(f);
        fixture_open(f);
    }
}

static void a_reset_drops_the_training_under_way(void **state)
{
    struct fixture *f = *state;
    struct outcome reset = {0};
    struct err err;

    put_fleet(f, SERIES);
    block_worker(f);
    assert_int_equal(service_fleet_train(f->service, &err), 0);
    assert_int_equal(service_fleet_train(f->service, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(service_fleet_reset(f->service, on_plain, &reset, &err), 0);
    unblock_worker(f);
    run_idle(f);
    assert_true(reset.called);
    assert_int_equal(fleet_of(f).version, 0);
    assert_string_equal(fleet_of(f).report, "");
    assert_int_equal(view_of(f, "s00").model_version, 1);
}

static void series_may_go_while_they_are_learned_from(void **state)
{
    struct fixture *f = *state;
    struct outcome deleted = {0};
    struct err err;

    put_fleet(f, SERIES);
    assert_int_equal(service_fleet_train(f->service, &err), 0);
    assert_int_equal(service_delete_series(f->service, "s00", on_plain, &deleted, &err), 0);
    run_idle(f);
    assert_int_equal(deleted.err.code, ERR_NONE);
    assert_int_equal(fleet_of(f).version, 1);
}

static void a_stop_does_not_wait_for_a_training(void **state)
{
    struct fixture *f = *state;
    struct err err;

    put_fleet(f, SERIES);
    assert_int_equal(service_fleet_train(f->service, &err), 0);
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(fleet_of(f).version, 0);
    assert_int_equal(service_fleet_train(f->service, &err), 0);
}

static void series_whose_fits_are_off_follow_the_weights_too(void **state)
{
    struct fixture *f = *state;
    put_fleet(f, SERIES);
    set_fits(f, 0, FIT_OFF, 0);
    train(f);
    assert_int_equal(identity_of_record(f, "s00"), fleet_of(f).base->identity);
}

static void a_training_comes_by_itself_with_enough_points(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    f->config.fleet = CONFIG_FLEET_AUTO;
    fixture_open(f);
    put_fleet(f, SERIES / 2);
    assert_string_equal(fleet_of(f).report, "");
    assert_int_equal(fleet_of(f).new_points, SERIES / 2 * POINTS); /* 1,400 */
    assert_int_equal(fleet_of(f).due_points, POLICY_FLEET_POINTS);
    for (size_t i = SERIES / 2; i < SERIES; i++)
        put_bursts(f, i);
    run_idle(f);
    assert_non_null(strstr(fleet_of(f).report, "\"outcome\":"));
    assert_true(fleet_of(f).new_points < SERIES / 2 * POINTS);
}

static void none_comes_where_it_is_switched_off(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    assert_string_equal(fleet_of(f).state, "off");
    assert_string_equal(fleet_of(f).report, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fleet_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_training_needs_series_with_a_record),
        TEST(better_weights_are_published_and_every_record_is_made_anew),
        TEST(what_is_published_is_there_after_a_restart),
        TEST(weights_that_descend_from_others_do_not_answer),
        TEST(a_reset_goes_back_to_the_origin_for_good),
        TEST(a_reset_drops_the_training_under_way),
        TEST(series_may_go_while_they_are_learned_from),
        TEST(a_stop_does_not_wait_for_a_training),
        TEST(series_whose_fits_are_off_follow_the_weights_too),
        TEST(a_training_comes_by_itself_with_enough_points),
        TEST(none_comes_where_it_is_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
