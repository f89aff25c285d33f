/* The body of a backtest: every field, every refusal at its place. */
#include "server/http/backtest_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *body, struct backtest_ask *ret, struct err *err)
{
    *err = (struct err){.code = ERR_NONE};
    return backtest_json_parse(body, strlen(body), ret, err);
}

static void nothing_asks_for_the_defaults(void **state)
{
    static const char *const bodies[] = {"", "{}"};
    struct backtest_ask ask;
    struct err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        memset(&ask, 7, sizeof ask);
        assert_int_equal(parse(bodies[i], &ask, &err), 0);
        assert_int_equal(ask.horizon + ask.windows + ask.step + ask.methods, 0);
        assert_int_equal(ask.level_n, 2);
        assert_true(ask.level[0] == 80 && ask.level[1] == 95);
    }
}

static void every_field_is_read(void **state)
{
    struct backtest_ask ask;
    struct err err;

    (void)state;
    assert_int_equal(parse("{\"levels\":[50,99.5],\"methods\":[\"ar\",\"trm\",\"theta\",\"ets\","
                           "\"seasonal_naive\"],\"step\":2,\"windows\":3,\"horizon\":4}", &ask, &err), 0);
    assert_int_equal(ask.horizon, 4);
    assert_int_equal(ask.windows, 3);
    assert_int_equal(ask.step, 2);
    assert_int_equal(ask.methods, (1u << TRM_ROLLING_METHODS) - 1);
    assert_true(ask.level_n == 2 && ask.level[0] == 50 && ask.level[1] == 99.5);
    assert_int_equal(parse("{\"levels\":[],\"methods\":[\"theta\"]}", &ask, &err), 0);
    assert_int_equal(ask.level_n, 0);
    assert_int_equal(ask.methods, 1u << (TRM_ROLLING_CLASSIC + TRM_CLASSIC_THETA));
}

static void what_is_wrong_is_refused_at_its_place(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
        const char *place;
    } wrong[] = {
        {"{\"horizon\":0}", ERR_INVALID, "/horizon"},
        {"{\"horizon\":169}", ERR_INVALID, "/horizon"},
        {"{\"horizon\":1.5}", ERR_INVALID, "/horizon"},
        {"{\"horizon\":\"7\"}", ERR_INVALID, "/horizon"},
        {"{\"windows\":101}", ERR_INVALID, "/windows"},
        {"{\"windows\":null}", ERR_INVALID, "/windows"},
        {"{\"step\":2049}", ERR_INVALID, "/step"},
        {"{\"step\":-1}", ERR_INVALID, "/step"},
        {"{\"methods\":[]}", ERR_INVALID, "/methods"},
        {"{\"methods\":\"trm\"}", ERR_INVALID, "/methods"},
        {"{\"methods\":[\"trm\",\"arima\"]}", ERR_INVALID, "/methods/1"},
        {"{\"methods\":[\"trm\",\"trm\"]}", ERR_INVALID, "/methods/1"},
        {"{\"methods\":[1]}", ERR_INVALID, "/methods/0"},
        {"{\"levels\":80}", ERR_INVALID, "/levels"},
        {"{\"levels\":[1,2,3,4,5]}", ERR_INVALID, "/levels"},
        {"{\"levels\":[95,80]}", ERR_INVALID, "/levels/1"},
        {"{\"levels\":[80,80.0000001]}", ERR_INVALID, "/levels/1"},
        {"{\"levels\":[0]}", ERR_INVALID, "/levels/0"},
        {"{\"levels\":[100]}", ERR_INVALID, "/levels/0"},
        {"{\"levels\":[null]}", ERR_INVALID, "/levels/0"},
        {"{\"season\":7}", ERR_INVALID, "/season"},
        {"[]", ERR_INVALID, ""},
        {"{", ERR_SYNTAX, "line 1, column 1"},
    };
    struct backtest_ask ask = {.horizon = 77};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (parse(wrong[i].body, &ask, &err) != -1)
            fail_msg("%s was taken", wrong[i].body);
        assert_int_equal(err.code, wrong[i].code);
        assert_string_equal(err.place, wrong[i].place);
        assert_true(strlen(err.msg) > 0);
    }
    assert_int_equal(ask.horizon, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_asks_for_the_defaults),
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(what_is_wrong_is_refused_at_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
