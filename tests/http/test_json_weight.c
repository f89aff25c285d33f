/* The estimate of a tree's weight, held against what jansson allocates for it. */
#include "server/http/json_weight.h"

#include <jansson.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t held, most;

static void *counted_malloc(size_t n)
{
    void *bytes = malloc(n);
    held += bytes == NULL ? 0 : malloc_usable_size(bytes);
    most = held > most ? held : most;
    return bytes;
}

static void counted_free(void *bytes)
{
    held -= bytes == NULL ? 0 : malloc_usable_size(bytes);
    free(bytes);
}

/* open, `piece` n times (a number in place of its #), close. */
static char *repeated(const char *open, const char *piece, size_t n, const char *close)
{
    size_t size = strlen(open) + n * (strlen(piece) + 8) + strlen(close) + 1;
    char *text = malloc(size), *at = text;
    assert_non_null(text);
    at = stpcpy(at, open);
    for (size_t i = 0; i < n; i++)
        for (const char *c = piece; *c != '\0'; c++)
            at += *c == '#' ? sprintf(at, "%zx", i) : (*at = *c, 1);
    stpcpy(at, close);
    return text;
}

static void a_tree_weighs_no_more_than_was_said(void **state)
{
    static const struct {
        const char *open, *piece, *close;
    } shapes[] = {
        {"[", "1,", "1]"},           {"[", "1.5,", "1]"},          {"[", "[1,2],", "1]"},
        {"[", "[],", "1]"},          {"[", "{},", "1]"},           {"[", "\"abc\",", "1]"},
        {"{", "\"k#\":1,", "\"\":1}"}, {"[", "{\"id\":[1,2,3]},", "1]"}, {"[", "null,", "1]"},
        {"[", "\"\\u00e4\\n\",", "1]"},
    };
    (void)state;
    json_set_alloc_funcs(counted_malloc, counted_free);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct json_weight weight = {.bytes = 0};
        struct err err;
        char *text = repeated(shapes[i].open, shapes[i].piece, 20000, shapes[i].close);
        assert_int_equal(json_weigh(&weight, text, strlen(text), &err), 0);
        held = most = 0;
        json_t *tree = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(tree);
        size_t tree_bytes = held;
        json_decref(tree);
        free(text);
        if (weight.bytes < tree_bytes || weight.bytes > 6 * tree_bytes)
            fail_msg("%s: %zu said, %zu held, %zu at most", shapes[i].piece, weight.bytes, tree_bytes, most);
    }
    json_set_alloc_funcs(malloc, free);
}

static void the_weight_does_not_depend_on_the_pieces(void **state)
{
    static const char text[] = "{\"a\\\"b[[[\":[1,2.5,{\"c\":null}],\"d\":\"\\\\\",\"e\":[]}";
    struct json_weight whole = {.bytes = 0};
    struct err err;
    (void)state;
    assert_int_equal(json_weigh(&whole, text, sizeof text - 1, &err), 0);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct json_weight weight = {.bytes = 0};
        assert_int_equal(json_weigh(&weight, text, cut, &err), 0);
        assert_int_equal(json_weigh(&weight, text + cut, sizeof text - 1 - cut, &err), 0);
        assert_int_equal(weight.bytes, whole.bytes);
        assert_false(weight.in_text);
    }
}

static void what_stands_in_a_text_opens_nothing(void **state)
{
    struct json_weight weight = {.bytes = 0};
    struct err err;
    (void)state;
    assert_int_equal(json_weigh(&weight, "\"{{{[[[,,,\\\"{\"", 14, &err), 0);
    assert_int_equal(weight.bytes, 13 + 32);
    assert_false(weight.in_text);
}

static void a_tree_too_heavy_is_refused(void **state)
{
    struct json_weight weight = {.bytes = 0};
    struct err err = {.code = ERR_NONE};
    char braces[4096];
    (void)state;
    memset(braces, '{', sizeof braces);
    size_t fed = 0;
    while (json_weigh(&weight, braces, sizeof braces, &err) == 0)
        fed += sizeof braces;
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(fed, JSON_TREE_BYTES_MAX / 256);
}

static void a_number_without_end_is_refused_and_a_long_text_of_digits_is_not(void **state)
{
    struct json_weight weight = {.bytes = 0};
    struct err err = {.code = ERR_NONE};
    char digits[JSON_NUMBER_MAX];
    (void)state;
    memset(digits, '7', sizeof digits);
    assert_int_equal(json_weigh(&weight, digits, sizeof digits, &err), 0);
    assert_int_equal(json_weigh(&weight, ".", 1, &err), 0);
    assert_int_equal(json_weigh(&weight, digits, 1, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    weight = (struct json_weight){.in_text = true};
    for (int i = 0; i < 5; i++)
        assert_int_equal(json_weigh(&weight, digits, sizeof digits, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_weighs_no_more_than_was_said),
        cmocka_unit_test(the_weight_does_not_depend_on_the_pieces),
        cmocka_unit_test(what_stands_in_a_text_opens_nothing),
        cmocka_unit_test(a_tree_too_heavy_is_refused),
        cmocka_unit_test(a_number_without_end_is_refused_and_a_long_text_of_digits_is_not),
    };
    return cmocka_run_group_tests_name("json_weight", tests, NULL, NULL);
}
