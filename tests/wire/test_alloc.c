/* Memory that is refused: every allocation of every codec fails once, and the caller gets an error,
 * untouched outputs and no call of its visitor. */
#include "server/wire/line_protocol.h"
#include "server/wire/remote_write.h"
#include "server/wire/snappy.h"
#include "tests/wire/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static long until_refusal = -1; /* allocations before the one that is refused; -1: none is */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

static bool refused(void)
{
    return until_refusal >= 0 && until_refusal-- == 0;
}

void *__wrap_malloc(size_t n)
{
    return refused() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refused() ? NULL : __real_calloc(n, size);
}

static size_t shown;

static enum wire_verdict see_series(void *context, const struct remote_write_series *series,
                                    struct err *err)
{
    (void)context, (void)series, (void)err;
    shown++;
    return WIRE_TAKEN;
}

static enum wire_verdict see_point(void *context, const struct line_point *point, struct err *err)
{
    (void)context, (void)point, (void)err;
    shown++;
    return WIRE_TAKEN;
}

static int run_snappy(struct err *err)
{
    char *out = NULL;
    size_t n = 77;
    int failed =
        snappy_decode_new(vector_text_snappy, sizeof vector_text_snappy, 1 << 20, &out, &n, err);
    assert_true(failed == 0 || (out == NULL && n == 77));
    free(out);
    return failed;
}

static int run_remote_write(struct err *err)
{
    static const struct remote_write_limits limits = {10, 10, 10, 10, 100};
    const struct remote_write_visitor visitor = {see_series, NULL};
    struct remote_write_totals totals = {.series_n = 77};
    struct wire_errors errors = {NULL, 0, 0};
    int failed = remote_write_read(REMOTE_WRITE_2, vector_write_2, sizeof vector_write_2, &limits,
                                   &visitor, &errors, &totals, err);
    assert_true(failed == 0 || (totals.series_n == 77 && shown == 0));
    return failed;
}

static int run_lines(struct err *err)
{
    static const struct line_options options = {.limits = {8, 8, 64}};
    static const char body[] = "a\\ b v=1";
    const struct line_visitor visitor = {see_point, NULL};
    struct line_totals totals = {.lines_taken = 77};
    struct wire_errors errors = {NULL, 0, 0};
    int failed = line_read(body, sizeof body - 1, &options, &visitor, &errors, &totals, err);
    assert_true(failed == 0 || (totals.lines_taken == 77 && shown == 0));
    return failed;
}

/* Refuses the first, the second, … allocation, until there are no more; how many there were. */
static long refuse_each(int (*run)(struct err *))
{
    for (long k = 0; k < 100; k++) {
        struct err err = {.code = ERR_NONE};
        shown = 0;
        until_refusal = k;
        int failed = run(&err);
        bool reached = until_refusal < 0;
        until_refusal = -1;
        if (!reached) {
            assert_int_equal(failed, 0);
            return k;
        }
        assert_int_equal(failed, -1);
        assert_int_equal(err.code, ERR_NO_MEMORY);
    }
    return -1;
}

static void every_refused_allocation_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(refuse_each(run_snappy), 1);
    assert_int_equal(refuse_each(run_remote_write), 4);
    assert_int_equal(refuse_each(run_lines), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_refused_allocation_is_an_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
