/* What is PromQL, what of it is in the subset, and what an error says. */
#include "server/wire/promql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct promql *parse(const char *text)
{
    struct promql *promql = NULL;
    struct err err;
    if (promql_parse(text, strlen(text), &promql, &err) != 0)
        fail_msg("%s: %s", text, err.msg);
    return promql;
}

static void refused(const char *text, enum err_code code, const char *place, const char *words)
{
    struct promql *promql = NULL;
    struct err err;
    if (promql_parse(text, strlen(text), &promql, &err) != -1)
        fail_msg("%s was read", text);
    assert_null(promql);
    if (err.code != code || strncmp(err.msg, place, strlen(place)) != 0 ||
        strstr(err.msg, words) == NULL)
        fail_msg("%s: %s", text, err.msg);
}

static void a_selector_has_name_matchers_range_and_offset(void **state)
{
    struct promql *promql =
        parse(" a:b_c{x=\"1\", y!='2',z=~`3+`,w!~\"\\u00e9\\n\\x41\",}[1h30m] offset -6h # end");
    const struct promql_selector *selector = promql->selector;
    (void)state;
    assert_int_equal(promql->root->kind, PROMQL_SELECTOR);
    assert_int_equal(promql->root->type, PROMQL_MATRIX);
    assert_int_equal(selector->matcher_n, 5);
    assert_string_equal(promql_given(selector, "__name__"), "a:b_c");
    assert_string_equal(promql_given(selector, "x"), "1");
    assert_null(promql_given(selector, "y"));
    assert_true(promql_asks_for(selector, "y"));
    assert_string_equal(selector->matchers[4].value, "\xc3\xa9\nA");
    assert_int_equal(selector->range_ms, 5400000);
    assert_int_equal(selector->offset_ms, -6 * 3600000);
    promql_free(promql);
}

static void a_name_may_stand_in_the_braces(void **state)
{
    (void)state;
    struct promql *promql = parse("{__name__=\"till.7\"}");
    assert_string_equal(promql_given(promql->selector, "__name__"), "till.7");
    promql_free(promql);
    promql = parse("{\"till.7\", a=\"b\"}");
    assert_string_equal(promql_given(promql->selector, "__name__"), "till.7");
    promql_free(promql);
    promql = parse("{__name__=~\".+:predicted\"}");
    assert_null(promql_given(promql->selector, "__name__"));
    promql_free(promql);
}

static void matchers_are_anchored_and_absent_labels_are_empty(void **state)
{
    static const struct promql_label labels[] = {{"__name__", "a:actual"}, {"site", "north-1"}};
    static const struct {
        const char *text;
        bool selects;
    } cases[] = {
        {"{site=\"north-1\"}", true},           {"{site=~\"north\"}", false},
        {"{site=~\"north.*\"}", true},          {"{site=~\"orth-1\"}", false},
        {"{site=~\"a|north-1|b\"}", true},      {"a:actual{site!~\"north.*\"}", false},
        {"a:actual{site!=\"x\"}", true},        {"a:actual{other=\"\"}", true},
        {"a:actual{other!=\"\"}", false},       {"a:actual{other=~\".*\"}", true},
        {"a:actual{other!~\".+\"}", true},      {"{__name__=~\"a:(actual|x)\"}", true},
        {"{site=~\"north[-][0-9]\"}", true},    {"{site=~\"north\\\\-1\"}", true},
        {"{site=~\"(n|s)orth-1{1,2}\"}", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct promql *promql = parse(cases[i].text);
        if (promql_selects(promql->selector, labels, 2) != cases[i].selects)
            fail_msg("%s", cases[i].text);
        promql_free(promql);
    }
}

static void a_regular_expression_that_has_read_much_still_fits_the_same(void **state)
{
    struct promql *promql = parse("{a=~\"(a|b)*a(a|b){20}\"}");
    char text[257] = "";
    uint64_t random = 1;
    size_t fits = 0;
    (void)state;
    for (int i = 0; i < 60; i++) {
        for (int k = 0; k < 256; k++, random = random * UINT64_C(6364136223846793005) + 1)
            text[k] = random >> 63 ? 'a' : 'b';
        const struct promql_label label = {"a", text};
        assert_int_equal(promql_selects(promql->selector, &label, 1), text[255 - 20] == 'a');
        fits += text[255 - 20] == 'a';
    }
    assert_true(fits > 10 && fits < 50);
    promql_free(promql);
}

static void what_is_no_promql_is_a_syntax_error_with_its_place(void **state)
{
    (void)state;
    refused("", ERR_SYNTAX, "1:1: ", "no expression");
    refused("1 +", ERR_SYNTAX, "1:4: ", "unexpected end of input");
    refused("1 1", ERR_SYNTAX, "1:3: ", "unexpected \"1\"");
    refused("(1", ERR_SYNTAX, "1:3: ", "expected \")\"");
    refused("1\n+ $", ERR_SYNTAX, "2:3: ", "unexpected character: '$'");
    refused("a{b}", ERR_SYNTAX, "1:4: ", "label matching operator");
    refused("a{b=c}", ERR_SYNTAX, "1:5: ", "expected string");
    refused("a{b=\"c}", ERR_SYNTAX, "1:5: ", "unterminated");
    refused("a{b=\"\\q\"}", ERR_SYNTAX, "1:", "unknown escape");
    refused("a{b=\"\\xff\"}", ERR_SYNTAX, "1:5: ", "UTF-8");
    refused("a{b=~\"(\"}", ERR_SYNTAX, "1:6: ", "regexp");
    refused("a{__name__=\"b\"}", ERR_SYNTAX, "1:3: ", "set twice");
    refused("{}", ERR_SYNTAX, "1:1: ", "at least one non-empty matcher");
    refused("{a=~\".*\"}", ERR_SYNTAX, "1:1: ", "at least one non-empty matcher");
    refused("a[5m", ERR_SYNTAX, "1:5: ", "expected \"]\"");
    refused("a[0s]", ERR_SYNTAX, "1:3: ", "greater than 0");
    refused("a[5q]", ERR_SYNTAX, "1:3: ", "bad number or duration");
    refused("a offset b", ERR_SYNTAX, "1:10: ", "duration");
    refused("1 < 2", ERR_SYNTAX, "1:3: ", "BOOL");
    refused("1 + bool 2", ERR_SYNTAX, "1:5: ", "bool modifier");
    refused("a[5m] + 1", ERR_SYNTAX, "1:7: ", "scalar and instant vector");
    refused("-a[5m]", ERR_SYNTAX, "1:1: ", "unary");
    refused("max_over_time(a)", ERR_SYNTAX, "1:14: ", "expected type range vector");
}

static void what_is_outside_the_subset_is_named(void **state)
{
    (void)state;
    refused("rate(a[5m])", ERR_INVALID, "1:1: unsupported here", "the function \"rate\"");
    refused("1 + sum(a)", ERR_INVALID, "1:5: ", "the aggregation \"sum\"");
    refused("sum by (x) (a)", ERR_INVALID, "1:1: ", "the aggregation \"sum\"");
    refused("a + b", ERR_INVALID, "1:5: ", "between two vectors");
    refused("a and b", ERR_INVALID, "1:3: ", "the operator \"and\"");
    refused("a + on(x) b", ERR_INVALID, "1:5: ", "vector matching");
    refused("max_over_time(a[1h:5m])", ERR_INVALID, "1:16: ", "subquery");
    refused("(a + 1)[1h:5m]", ERR_INVALID, "1:8: ", "subquery");
    refused("a @ 5", ERR_INVALID, "1:3: ", "modifier @");
    refused("\"text\"", ERR_INVALID, "1:1: ", "a text");
    refused("{a=~\"(?i)b\"}", ERR_INVALID, "1:5: ", "(?");
    refused("{a=~\"\\\\d+\"}", ERR_INVALID, "1:5: ", "an escape of a letter");
    refused("{a=~\"(b)\\\\1\"}", ERR_INVALID, "1:5: ", "an escape of a letter, a digit");
    refused("{a=~\"b+?\"}", ERR_INVALID, "1:5: ", "a repetition right behind");
    refused("{a=~\"[\\\\d]\"}", ERR_INVALID, "1:5: ", "an escape inside");
    refused("{a=~\"((b{99}){99}){99}\"}", ERR_INVALID, "1:5: ", "such large repetitions");
}

static void nesting_and_size_have_limits(void **state)
{
    char text[PROMQL_TEXT_MAX + 2];
    (void)state;
    memset(text, '(', 100);
    strcpy(text + 100, "1");
    refused(text, ERR_INVALID, "1:", "levels of nesting");
    memset(text, '-', 100);
    refused(text, ERR_INVALID, "1:", "levels of nesting");
    strcpy(text, "1");
    for (size_t i = 1; i < 601; i += 2)
        memcpy(text + i, "+1", 3);
    refused(text, ERR_INVALID, "1:", "more than 256");
    memset(text, ' ', sizeof text);
    text[sizeof text - 1] = '\0';
    refused(text, ERR_INVALID, "the query has 16385 bytes", "");
    size_t n = (size_t)sprintf(text, "{");
    for (int i = 0; i < 40; i++)
        n += (size_t)sprintf(text + n, "a=\"b\",");
    strcpy(text + n, "}");
    refused(text, ERR_INVALID, "1:", "more than 32 label matchers");
    n = (size_t)sprintf(text, "{a=~\"");
    memset(text + n, '(', 40);
    memcpy(text + n + 40, "b", 1);
    memset(text + n + 41, ')', 40);
    strcpy(text + n + 81, "\"}");
    refused(text, ERR_INVALID, "1:5: ", "groups");
}

static void a_match_takes_a_plain_selector_only(void **state)
{
    static const char *const wrong[] = {"1", "a[5m]", "a offset 5m", "a + 1", "-a"};
    struct promql *promql = NULL;
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(promql_parse_selector(wrong[i], strlen(wrong[i]), &promql, &err), -1);
        assert_int_equal(err.code, ERR_SYNTAX);
    }
    assert_int_equal(promql_parse_selector("a{b=\"c\"}", 8, &promql, &err), 0);
    promql_free(promql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_selector_has_name_matchers_range_and_offset),
        cmocka_unit_test(a_name_may_stand_in_the_braces),
        cmocka_unit_test(matchers_are_anchored_and_absent_labels_are_empty),
        cmocka_unit_test(a_regular_expression_that_has_read_much_still_fits_the_same),
        cmocka_unit_test(what_is_no_promql_is_a_syntax_error_with_its_place),
        cmocka_unit_test(what_is_outside_the_subset_is_named),
        cmocka_unit_test(nesting_and_size_have_limits),
        cmocka_unit_test(a_match_takes_a_plain_selector_only),
    };
    return cmocka_run_group_tests_name("promql_parse", tests, NULL, NULL);
}
