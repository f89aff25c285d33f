/* The settings of a series and jobs in JSON. */
#include "server/http/settings_json.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct series_patch parsed(const char *body)
{
    struct series_patch patch;
    struct err err;
    if (settings_json_parse(body, strlen(body), &patch, &err) != 0) {
        fail_msg("%s: refused at %s: %s", body, err.place, err.msg);
    }
    return patch;
}

static void every_setting_is_read(void **state)
{
    struct series_patch patch = parsed(
        "{\"frequency\":\"5m\",\"season\":[288,2e1],\"horizon\":48,\"min\":0,\"max\":1.5e2,"
        "\"integer\":true,\"model\":\"literal\",\"timezone\":\"Europe/Berlin\",\"retention_points\":5000,"
        "\"fit\":{\"every\":12},\"labels\":{\"z\":\"1\",\"a\":\"\xc3\xa9\"}}");
    (void)state;
    assert_int_equal(patch.set, PATCH_FREQ | PATCH_SEASON | PATCH_HORIZON | PATCH_MIN | PATCH_MAX |
                                    PATCH_INTEGER | PATCH_FIT | PATCH_LABELS | PATCH_MODEL |
                                    PATCH_ZONE | PATCH_RETENTION);
    assert_string_equal(patch.settings.zone, "Europe/Berlin");
    assert_int_equal(patch.settings.retention, 5000);
    assert_int_equal(patch.settings.freq.ms, 300000);
    assert_int_equal(patch.settings.season_n, 2);
    assert_int_equal(patch.settings.season[0], 288);
    assert_int_equal(patch.settings.season[1], 20);
    assert_int_equal(patch.settings.horizon, 48);
    assert_true(patch.settings.min == 0.0 && patch.settings.max == 150.0);
    assert_true(patch.settings.integer);
    assert_int_equal(patch.settings.model, TRM_KIND_LITERAL);
    assert_int_equal(patch.settings.fit, FIT_EVERY);
    assert_int_equal(patch.settings.fit_every, 12);
    assert_int_equal(patch.settings.label_n, 2);
    assert_string_equal(patch.settings.labels[0].name, "a");
    assert_string_equal(patch.settings.labels[1].value, "1");
    series_settings_done(&patch.settings);
}

static void only_named_settings_are_set(void **state)
{
    struct series_patch patch = parsed(" {} ");
    (void)state;
    assert_int_equal(patch.set, 0);
    patch = parsed("{\"min\":null}");
    assert_int_equal(patch.set, PATCH_MIN);
    assert_true(isnan(patch.settings.min));
    patch = parsed("{\"retention_points\":null}");
    assert_int_equal(patch.set, PATCH_RETENTION);
    assert_int_equal(patch.settings.retention, 0);
    patch =
        parsed("{\"season\":\"auto\",\"frequency\":\"infer\",\"horizon\":null,\"fit\":\"off\"}");
    assert_int_equal(patch.set, PATCH_SEASON | PATCH_FREQ | PATCH_HORIZON | PATCH_FIT);
    assert_int_equal(patch.settings.season_n, 0);
    assert_int_equal(patch.settings.freq.ms + patch.settings.freq.months, 0);
    assert_int_equal(patch.settings.horizon, 0);
    assert_int_equal(patch.settings.fit, FIT_OFF);
    patch = parsed("{\"timezone\":null}");
    assert_int_equal(patch.set, PATCH_ZONE);
    assert_string_equal(patch.settings.zone, "");
    patch = parsed("{\"labels\":{},\"fit\":7}");
    assert_int_equal(patch.settings.label_n, 0);
    assert_int_equal(patch.settings.fit_every, 7);
}

static void settings_that_are_wrong_are_refused_at_their_place(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
        const char *place, *word;
    } cases[] = {
        {"", ERR_SYNTAX, "line 1, column ", "not valid JSON"},
        {"{\"min\":1", ERR_SYNTAX, "line 1, column ", "not valid JSON"},
        {"{\"min\":NaN}", ERR_SYNTAX, "line 1, column ", "null for a missing"},
        {"{\"min\":1,\"min\":2}", ERR_SYNTAX, "line 1, column ", "duplicate"},
        {"{} x", ERR_SYNTAX, "line 1, column ", "not valid JSON"},
        {"[]", ERR_INVALID, "", "expected an object"},
        {"5", ERR_INVALID, "", "expected an object"},
        {"{\"frequencies\":\"1h\"}", ERR_INVALID, "/frequencies",
         "expected one of frequency, timezone, season"},
        {"{\"a/b\":1}", ERR_INVALID, "/a~1b", "unknown field"},
        {"{\"frequency\":\"hourly\"}", ERR_INVALID, "/frequency", "1mo"},
        {"{\"frequency\":5}", ERR_INVALID, "/frequency", "5m"},
        {"{\"frequency\":\"101y\"}", ERR_INVALID, "/frequency", "100 years"},
        {"{\"timezone\":1}", ERR_INVALID, "/timezone", "Europe/Berlin"},
        {"{\"timezone\":\"Europe/\\u0000Berlin\"}", ERR_SYNTAX, "line 1", "u0000"},
        {"{\"timezone\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
         ERR_INVALID, "/timezone", "63 bytes"},
        {"{\"season\":24}", ERR_INVALID, "/season", "list"},
        {"{\"season\":[]}", ERR_INVALID, "/season", "1 to 4"},
        {"{\"season\":[1,2,3,4,5]}", ERR_INVALID, "/season", "1 to 4"},
        {"{\"season\":[24,0]}", ERR_INVALID, "/season/1", "1 to 2048"},
        {"{\"season\":[1025]}", ERR_INVALID, "/season/0", "1 to 1024"},
        {"{\"model\":\"oracle\"}", ERR_INVALID, "/model", "\"trm\" or \"literal\""},
        {"{\"model\":1}", ERR_INVALID, "/model", "\"trm\" or \"literal\""},
        {"{\"season\":[1.5]}", ERR_INVALID, "/season/0", "whole number"},
        {"{\"season\":\"weekly\"}", ERR_INVALID, "/season", "auto"},
        {"{\"season\":{}}", ERR_INVALID, "/season", "an object"},
        {"{\"retention_points\":-1}", ERR_INVALID, "/retention_points", "0 to 2147483647"},
        {"{\"retention_points\":\"all\"}", ERR_INVALID, "/retention_points", "whole number"},
        {"{\"horizon\":0}", ERR_INVALID, "/horizon", "1 to 1024"},
        {"{\"horizon\":1025}", ERR_INVALID, "/horizon", "1 to 1024"},
        {"{\"horizon\":\"5\"}", ERR_INVALID, "/horizon", "whole number"},
        {"{\"min\":\"0\"}", ERR_INVALID, "/min", "a number"},
        {"{\"min\":2e300}", ERR_INVALID, "/min", "1e300"},
        {"{\"min\":1e999}", ERR_SYNTAX, "line 1, column ", "overflow"},
        {"{\"min\":2,\"max\":1}", ERR_INVALID, "/max", "min <= max"},
        {"{\"integer\":1}", ERR_INVALID, "/integer", "true or false"},
        {"{\"fit\":\"always\"}", ERR_INVALID, "/fit", "auto"},
        {"{\"fit\":{}}", ERR_INVALID, "/fit", "auto"},
        {"{\"fit\":0}", ERR_INVALID, "/fit", "whole number"},
        {"{\"fit\":{\"every\":0}}", ERR_INVALID, "/fit/every", "whole number"},
        {"{\"fit\":{\"evry\":1}}", ERR_INVALID, "/fit/evry", "every"},
        {"{\"aggregate\":\"median\"}", ERR_INVALID, "/aggregate", "\"mean\""},
        {"{\"aggregate\":1}", ERR_INVALID, "/aggregate", "or null"},
        {"{\"labels\":[]}", ERR_INVALID, "/labels", "object"},
        {"{\"labels\":{\"a\":1}}", ERR_INVALID, "/labels/a", "text"},
        {"{\"labels\":{\"\":\"x\"}}", ERR_INVALID, "/labels/", "1 to 64"},
        {"{\"labels\":{\"a\":\"x\\ny\"}}", ERR_INVALID, "/labels/a", "control"},
        {"{\"labels\":{\"a\":\"\\u0000\"}}", ERR_SYNTAX, "line 1, column ", "not valid JSON"},
        {"{\"labels\":{\"a\":\"\xff\"}}", ERR_SYNTAX, "line 1, column ", "0xff"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct series_patch patch = {.set = 77};
        struct err err = {.code = ERR_NONE};
        assert_int_equal(settings_json_parse(cases[i].body, strlen(cases[i].body), &patch, &err),
                         -1);
        /* Which column it is, is jansson's to say. */
        bool column = cases[i].code == ERR_SYNTAX;
        if (err.code != cases[i].code ||
            strncmp(err.place, cases[i].place,
                    column ? strlen(cases[i].place) : sizeof err.place) != 0 ||
            strstr(err.msg, cases[i].word) == NULL) {
            fail_msg("%s: %s at \"%s\": %s", cases[i].body, err_code_name(err.code), err.place,
                     err.msg);
        }
        assert_int_equal(patch.set, 77);
    }
}

static void labels_have_limits(void **state)
{
    char body[16384];
    struct series_patch patch;
    struct err err;
    size_t at = 0;
    (void)state;
    snprintf(body, sizeof body, "{\"labels\":{\"%065d\":\"x\"}}", 0);
    assert_int_equal(settings_json_parse(body, strlen(body), &patch, &err), -1);
    snprintf(body, sizeof body, "{\"labels\":{\"a\":\"%0257d\"}}", 0);
    assert_int_equal(settings_json_parse(body, strlen(body), &patch, &err), -1);
    assert_string_equal(err.place, "/labels/a");
    at += (size_t)sprintf(body, "{\"labels\":{");
    for (int i = 0; i < 32; i++) {
        at += (size_t)sprintf(body + at, "%s\"%064d\":\"%0256d\"", i > 0 ? "," : "", i, i);
    }
    strcpy(body + at, "}}");
    patch = parsed(body);
    assert_int_equal(patch.settings.label_n, 32);
    series_settings_done(&patch.settings);
    strcpy(body + at, ",\"x\":\"\"}}");
    assert_int_equal(settings_json_parse(body, strlen(body), &patch, &err), -1);
    assert_string_equal(err.place, "/labels");
}

static void body_over_the_limit_is_refused_unread(void **state)
{
    struct series_patch patch;
    struct err err;
    struct fit_ask ask;
    char *body = calloc(1, SETTINGS_BYTES_MAX + 1);
    (void)state;
    assert_non_null(body);
    assert_int_equal(settings_json_parse(body, SETTINGS_BYTES_MAX + 1, &patch, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(fit_json_parse(body, SETTINGS_BYTES_MAX + 1, &ask, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    free(body);
}

static void deep_nesting_is_refused(void **state)
{
    enum { DEPTH = 60000 };
    struct series_patch patch;
    struct err err;
    char *body = malloc(DEPTH);
    (void)state;
    assert_non_null(body);
    memset(body, '[', DEPTH);
    assert_int_equal(settings_json_parse(body, DEPTH, &patch, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    free(body);
}

static void fit_body_names_a_mode_and_what_is_published(void **state)
{
    static const char *const wrong[] = {"{\"mode\":\"fast\"}", "{\"mode\":1}",
                                        "{\"modus\":\"full\"}", "{\"publish\":true}",
                                        "{\"publish\":\"never\"}", "[]", "{"};
    struct fit_ask ask = {.full = true, .always = true};
    struct err err;
    (void)state;
    assert_int_equal(fit_json_parse("", 0, &ask, &err), 0);
    assert_false(ask.full || ask.always);
    assert_int_equal(fit_json_parse("{\"mode\":\"full\"}", 15, &ask, &err), 0);
    assert_true(ask.full && !ask.always);
    assert_int_equal(fit_json_parse("{\"publish\":\"always\"}", 20, &ask, &err), 0);
    assert_true(!ask.full && ask.always);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(fit_json_parse(wrong[i], strlen(wrong[i]), &ask, &err), -1);
    }
    assert_int_equal(fit_json_parse("{}\0", 3, &ask, &err), -1);
    assert_true(ask.always);
    assert_int_equal(fit_json_parse("{}", 2, &ask, &err), 0);
    assert_false(ask.full || ask.always);
}

static void a_backups_name_is_read_or_absent(void **state)
{
    static const char *const wrong[] = {"{\"name\":5}", "{\"name\":\"\"}", "{\"name\":null}",
                                        "{\"name\":\"123456789\"}", "{\"path\":\"a\"}",
                                        "{\"name\":\"a\\u0000b\"}", "[]", "{"};
    char name[9] = "before";
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(backup_json_parse(wrong[i], strlen(wrong[i]), name, sizeof name, &err), -1);
        assert_string_equal(name, "before");
    }
    assert_int_equal(backup_json_parse("{\"name\":\"12345678\"}", 19, name, sizeof name, &err), 0);
    assert_string_equal(name, "12345678");
    assert_int_equal(backup_json_parse("{}", 2, name, sizeof name, &err), 0);
    assert_string_equal(name, "");
    assert_int_equal(backup_json_parse("", 0, name, sizeof name, &err), 0);
}

/* ---- what is shown ---- */

static json_t *finished(struct writer *w)
{
    char *text;
    size_t n;
    struct err err;
    assert_int_equal(writer_finish(w, &text, &n, &err), 0);
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    free(text);
    return json;
}

static void series_is_shown_with_what_was_set(void **state)
{
    struct series_patch patch = parsed("{\"timezone\":\"Asia/Kathmandu\",\"season\":[24],\"min\":0.1,"
                                       "\"fit\":{\"every\":5},"
                                       "\"labels\":{\"si\\\"te\":\"a\"}}");
    struct trm_model_info info = {.mase = 0.5, .coverage80 = 0.8};
    struct series_view view = {.id = "s",
                               .settings = &patch.settings,
                               .freq = {0, 3},
                               .horizon = 8,
                               .state = "ready",
                               .point_n = 9,
                               .revision = 4,
                               .has_last = true,
                               .last = {1000, (double)NAN},
                               .created_at = 5,
                               .model_version = 2,
                               .model = &info,
                               .memory_bytes = 77,
                               .season = 24};
    struct writer w;
    (void)state;
    writer_init(&w, 10000);
    series_json_write(&w, &view, TIME_RFC3339);
    json_t *json = finished(&w);
    assert_string_equal(json_string_value(json_object_get(json, "id")), "s");
    assert_string_equal(json_string_value(json_object_get(json, "frequency")), "1q");
    assert_string_equal(json_string_value(json_object_get(json, "timezone")), "Asia/Kathmandu");
    assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "season"), 0)), 24);
    assert_true(json_real_value(json_object_get(json, "min")) == 0.1);
    assert_true(json_is_null(json_object_get(json, "max")));
    assert_int_equal(json_integer_value(json_object_get(json, "fit")), 5);
    assert_string_equal(json_string_value(json_object_get(json, "model")), "trm");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "labels"), "si\"te")), "a");
    const json_t *last = json_object_get(json, "last_point");
    assert_string_equal(json_string_value(json_array_get(last, 0)), "1970-01-01T00:00:01Z");
    assert_true(json_is_null(json_array_get(last, 1)));
    assert_int_equal(json_integer_value(json_object_get(json, "points")), 9);
    assert_true(json_is_null(json_object_get(json, "retention_points")));
    assert_true(json_is_object(json_object_get(json, "skill")));
    json_decref(json);
    series_settings_done(&patch.settings);
}

static void new_series_is_shown_with_defaults(void **state)
{
    struct series_settings settings;
    struct writer w;
    (void)state;
    series_settings_init(&settings);
    struct series_view view = {.id = "s", .settings = &settings, .state = "awaiting 3 more points"};
    writer_init(&w, 10000);
    series_json_write(&w, &view, TIME_MS);
    json_t *json = finished(&w);
    assert_string_equal(json_string_value(json_object_get(json, "frequency")), "infer");
    assert_string_equal(json_string_value(json_object_get(json, "timezone")), "UTC");
    assert_string_equal(json_string_value(json_object_get(json, "season")), "auto");
    assert_string_equal(json_string_value(json_object_get(json, "fit")), "auto");
    assert_true(json_is_null(json_object_get(json, "last_point")));
    assert_true(json_is_null(json_object_get(json, "skill")));
    assert_int_equal(json_integer_value(json_object_get(json, "model_version")), 0);
    json_decref(json);
}

static void job_is_shown_from_waiting_to_ended(void **state)
{
    struct job_row row = {.id = "0123456789abcdef", .state = JOB_PENDING, .created_at = 9};
    struct job_view view = {&row, "s", 0.0, 0, (double)NAN, (double)NAN};
    struct writer w;
    char result[] = "{\"steps\":5}";
    (void)state;
    writer_init(&w, 10000);
    job_json_write(&w, &view, TIME_MS);
    json_t *json = finished(&w);
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "fit");
    assert_string_equal(json_string_value(json_object_get(json, "state")), "pending");
    assert_true(json_is_null(json_object_get(json, "started_at")));
    assert_true(json_is_null(json_object_get(json, "loss")));
    assert_true(json_is_null(json_object_get(json, "result")));
    assert_true(json_is_null(json_object_get(json, "error")));
    json_decref(json);
    row.state = JOB_FAILED;
    row.finished_at = 11;
    row.result = result;
    strcpy(row.error, "diverged");
    view.progress = 0.4;
    view.loss = 0.25;
    writer_init(&w, 10000);
    job_json_write(&w, &view, TIME_MS);
    json = finished(&w);
    assert_true(json_real_value(json_object_get(json, "progress")) == 0.4);
    assert_int_equal(json_integer_value(json_object_get(json, "finished_at")), 11);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "result"), "steps")),
                     5);
    assert_string_equal(json_string_value(json_object_get(json, "error")), "diverged");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_is_read),
        cmocka_unit_test(only_named_settings_are_set),
        cmocka_unit_test(settings_that_are_wrong_are_refused_at_their_place),
        cmocka_unit_test(labels_have_limits),
        cmocka_unit_test(body_over_the_limit_is_refused_unread),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(fit_body_names_a_mode_and_what_is_published),
        cmocka_unit_test(a_backups_name_is_read_or_absent),
        cmocka_unit_test(series_is_shown_with_what_was_set),
        cmocka_unit_test(new_series_is_shown_with_defaults),
        cmocka_unit_test(job_is_shown_from_waiting_to_ended),
    };
    return cmocka_run_group_tests_name("settings_json", tests, NULL, NULL);
}
