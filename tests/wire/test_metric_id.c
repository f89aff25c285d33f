/* What a series of another system is called. The hashes were made with `printf … | sha256sum`. */
#include "server/wire/metric_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct wire_slice text(const char *at)
{
    return (struct wire_slice){at, strlen(at)};
}

/* The id of a metric with at most one other label (NULL: none). */
static const char *id_of(const char *metric, const char *name, const char *value)
{
    static char id[SERIES_ID_MAX + 1];
    struct remote_write_label labels[2] = {{text("__name__"), text(metric)}};
    size_t n = 1;
    struct err err;

    if (name)
        labels[n++] = (struct remote_write_label){text(name), text(value)};
    size_t length = metric_id(labels, n, id);
    assert_int_equal(length, strlen(id));
    assert_int_equal(series_id_check(id, length, &err), 0);
    return id;
}

static void names_and_labels_are_written_as_in_an_exposition(void **state)
{
    (void)state;
    assert_string_equal(id_of("up", NULL, NULL), "up");
    assert_string_equal(id_of("a:b", "job", "x"), "a:b{job=\"x\"}");
    assert_string_equal(id_of("up", "path", "C:\\a\"b\n"), "up{path=\"C:\\\\a\\\"b\\n\"}");
    assert_string_equal(id_of("up", "ort", "Köln"), "up{ort=\"Köln\"}");
}

static void names_that_are_not_plain_stand_in_quotes(void **state)
{
    (void)state;
    assert_string_equal(id_of("cpu.used", NULL, NULL), "{\"cpu.used\"}");
    assert_string_equal(id_of("cpu.used", "host.name", "a"), "{\"cpu.used\",\"host.name\"=\"a\"}");
    assert_string_equal(id_of("9", "a", "b"), "{\"9\",a=\"b\"}");
    /* A colon is a metric's, not a label's. */
    assert_string_equal(id_of("a", "b:c", "d"), "a{\"b:c\"=\"d\"}");
}

static void all_labels_count_in_their_order(void **state)
{
    const struct remote_write_label labels[] = {{text("Z"), text("1")},
                                                {text("__name__"), text("m")},
                                                {text("a"), text("2")},
                                                {text("b"), text("3")}};
    char id[SERIES_ID_MAX + 1];
    (void)state;
    metric_id(labels, 4, id);
    assert_string_equal(id, "m{Z=\"1\",a=\"2\",b=\"3\"}");
}

static void what_does_not_fit_ends_in_a_hash(void **state)
{
    char name[171], value[51], wanted[SERIES_ID_MAX + 1];
    (void)state;
    memset(name, 'm', sizeof name);
    memset(value, 'x', sizeof value);
    name[170] = value[50] = '\0';
    snprintf(wanted, sizeof wanted, "%.160s~e61de533022d2b9ae3d6a7a741d0f801", name);
    assert_string_equal(id_of(name, "a", value), wanted);
    /* 200 bytes fit, 201 do not. */
    name[200 - 2 - 6 - 31] = '\0';
    value[31] = '\0';
    assert_int_equal(strlen(id_of(name, "a", "x")), strlen(name) + 7);
    assert_null(strchr(id_of(name, "a", value), '~'));
    value[31] = 'x';
    value[40] = '\0';
    assert_non_null(strchr(id_of(name, "a", value), '~'));
}

static void control_characters_go_into_the_hash(void **state)
{
    (void)state;
    assert_string_equal(id_of("m", "a", "x\ty"), "m~68659be897d0a5e14a9b774d05750321");
    assert_memory_equal(id_of("m\x01n", NULL, NULL), "m_n~", 4);
    assert_memory_equal(id_of("m\xc2\x85n", NULL, NULL), "m_n~", 4); /* U+0085 */
}

static void a_cut_name_stays_utf8(void **state)
{
    char name[203] = "x";
    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(name, "ö");
    const char *id = id_of(name, NULL, NULL); /* has been checked */
    assert_int_equal(id[159], '~');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_labels_are_written_as_in_an_exposition),
        cmocka_unit_test(names_that_are_not_plain_stand_in_quotes),
        cmocka_unit_test(all_labels_count_in_their_order),
        cmocka_unit_test(what_does_not_fit_ends_in_a_hash),
        cmocka_unit_test(control_characters_go_into_the_hash),
        cmocka_unit_test(a_cut_name_stays_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
