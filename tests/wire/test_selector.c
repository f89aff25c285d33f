/* Which metrics are meant: what matches, and which selector is wrong. */
#include "server/wire/selector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct wire_slice text(const char *at)
{
    return (struct wire_slice){at, strlen(at)};
}

/* node_load1{instance="a:9100",job="node"} */
static bool matches(const char *list_text)
{
    const struct remote_write_label labels[] = {
        {text("__name__"), text("node_load1")},
        {text("instance"), text("a:9100")},
        {text("job"), text("node")}};
    struct selector_list *list;
    struct err err;

    if (selector_list_parse(list_text, &list, &err) != 0)
        fail_msg("\"%s\": %s (%s)", list_text, err.msg, err.place);
    assert_string_equal(selector_list_text(list), list_text);
    bool found = selector_list_matches(list, labels, 3);
    selector_list_free(list);
    return found;
}

static void what_a_selector_says_is_what_matches(void **state)
{
    static const struct {
        const char *list;
        bool matches;
    } cases[] = {
        {"", true},
        {" \n ", true},
        {"node_load1", true},
        {"node_load", false},
        {"node_load1{}", true},
        {"{job=\"node\"}", true},
        {"{job='node'}", true},
        {"{job=`node`}", true},
        {"{job=\"other\"}", false},
        {"{__name__=~\"node_.*\",job=\"node\"}", true},
        {"{__name__=~\"node_.*\",job!=\"node\"}", false},
        {"{__name__=~\"node\"}", false}, /* anchored */
        {"{__name__=~\"de_load1|x\"}", false},
        {"{__name__=~\"x|node_load1\"}", true},
        {"{__name__!~\"node_.*\",__name__!=\"\"}", false},
        {"{__name__!~\"go_.*\",__name__!=\"\"}", true},
        {" ; ; up;;", false},
        {"{job=\";\"};{job='a\\';'}", false},
        {"{job=\";\"};{job=`\\`};node_load1", true},
        {"{job=\"node\",instance!~\"b:.*\"}", true},
        {"{job=\"node\",absent=\"\"}", true},
        {"{job=\"node\",absent!=\"\"}", false},
        {"{job=\"node\",}", true},
        {"up;node_load1", true},
        {"up ; { job = \"other\" }", false},
        {"up;", false},
        {"node_load1{instance=~\"a:[0-9]+\"}", true},
        {"{job=\"n\\\"\"}", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (matches(cases[i].list) != cases[i].matches)
            fail_msg("%s", cases[i].list);
}

static void a_wrong_list_is_refused_and_its_selector_named(void **state)
{
    static const struct {
        const char *list, *words;
    } cases[] = {
        {"{", "selector 1: 1:"},
        {"up;{job}", "selector 2: 1:"},
        {"up;;{job=\"a}", "selector 2: 1:"},
        {"{}", "selector 1: "},
        {"{__name__!~\"go_.*\"}", "selector 1: "},
        {"{job=~\"(\"}", "regexp"},
        {"{job=~`\\d`}", "an escape of a letter"},
        {"up[5m]", "selector 1: "},
        {"1+1", "selector 1: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct selector_list *list;
        struct err err;
        if (selector_list_parse(cases[i].list, &list, &err) == 0)
            fail_msg("%s was taken", cases[i].list);
        assert_int_equal(err.code, ERR_INVALID);
        if (!strstr(err.msg, cases[i].words))
            fail_msg("%s: %s", cases[i].list, err.msg);
    }
}

static void there_are_limits(void **state)
{
    char many[1024] = "";
    struct selector_list *list;
    struct err err;

    (void)state;
    for (int i = 0; i <= SELECTORS_MAX; i++)
        strcat(many, "up;");
    assert_int_equal(selector_list_parse(many, &list, &err), -1);
    many[3 * SELECTORS_MAX] = '\0';
    assert_int_equal(selector_list_parse(many, &list, &err), 0);
    selector_list_free(list);
    selector_list_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_selector_says_is_what_matches),
        cmocka_unit_test(a_wrong_list_is_refused_and_its_selector_named),
        cmocka_unit_test(there_are_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
