/* A query of PromQL: what is read can be evaluated and matched; what is refused says so in words.
 */
#include "server/wire/promql_eval.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define STEPS 4

static void check_evaluation(const struct promql *promql)
{
    static const struct promql_label labels[] = {{"__name__", "m:actual"}, {"site", "n"}};
    static const struct promql_sample samples[] = {{0, 1}, {60000, -2}, {120000, 1e300}};
    const struct promql_series series = {labels, 2, samples, 3, 60000};
    const struct promql_span span = {0, (STEPS - 1) * 60000, 60000, PROMQL_LOOKBACK_MS};
    struct promql_answer answer;
    struct err err;
    if (promql->selector != NULL)
        (void)promql_selects(promql->selector, labels, 2);
    if (promql->root->type == PROMQL_MATRIX)
        return;
    FUZZ_REQUIRE(promql_evaluate(promql, &series, promql->selector != NULL, &span, &answer, &err) ==
                 0);
    FUZZ_REQUIRE((answer.type == PROMQL_SCALAR) == (promql->selector == NULL));
    FUZZ_REQUIRE(answer.row_n <= 1);
    promql_answer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct promql *promql = NULL;
    struct err err = {.code = ERR_NONE};
    if (promql_parse((const char *)bytes, n, &promql, &err) != 0) {
        FUZZ_REQUIRE(promql == NULL && err.msg[0] != '\0');
        FUZZ_REQUIRE(err.code == ERR_SYNTAX || err.code == ERR_INVALID ||
                     err.code == ERR_NO_MEMORY);
        return 0;
    }
    FUZZ_REQUIRE(promql->node_n >= 1 && promql->node_n <= PROMQL_NODES_MAX);
    FUZZ_REQUIRE(promql->matcher_n <= PROMQL_MATCHERS_MAX);
    check_evaluation(promql);
    promql_free(promql);
    return 0;
}
