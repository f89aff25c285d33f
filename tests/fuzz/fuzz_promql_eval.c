/* A query over series against an evaluator that is written down plainly: at each time it looks at
 * every sample. The bytes are the query up to a zero, then the span, then the samples. */
#include "server/wire/promql_eval.h"
#include "tests/fuzz/bite.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SAMPLES_MAX 24
#define SERIES_MAX 3
#define STEPS_MAX 12

struct world {
    struct promql_series series[SERIES_MAX];
    struct promql_label labels[SERIES_MAX][2];
    struct promql_sample samples[SERIES_MAX][SAMPLES_MAX];
    struct promql_span span;
};

/* Any number but the NaN that stands for "nothing there", which no sample is. */
static double sample_value(struct bites *from)
{
    double v = bite_double(from);
    return promql_is_absent(v) ? (double)NAN : v;
}

static void make(struct world *w, struct bites *from)
{
    static const char *const sites[] = {"a", "b", "c"};
    w->span.start = (int64_t)bite_below(from, 4000);
    w->span.step_ms = 1 + (int64_t)bite_below(from, 500);
    w->span.end = w->span.start + w->span.step_ms * (int64_t)bite_below(from, STEPS_MAX);
    w->span.lookback_ms = 1 + (int64_t)bite_below(from, 1000);
    for (size_t s = 0; s < SERIES_MAX; s++) {
        int64_t t = (int64_t)bite_below(from, 1000);
        size_t n = bite_below(from, SAMPLES_MAX);
        for (size_t i = 0; i < n; i++, t += 1 + (int64_t)bite_below(from, 900))
            w->samples[s][i] = (struct promql_sample){t, sample_value(from)};
        w->labels[s][0] = (struct promql_label){"__name__", "m"};
        w->labels[s][1] = (struct promql_label){"site", sites[s]};
        w->series[s] = (struct promql_series){w->labels[s], 2, w->samples[s], n,
                                              1 + (int64_t)bite_below(from, 2000)};
    }
}

/* ---- the plain evaluator: NAN with *absent where nothing stands ---- */

static double over(enum promql_over what, double a, double b, size_t n)
{
    switch (what) {
    case PROMQL_OVER_MAX:
        return isnan(a) || b > a ? b : a;
    case PROMQL_OVER_MIN:
        return isnan(a) || b < a ? b : a;
    case PROMQL_OVER_LAST:
        return b;
    case PROMQL_OVER_COUNT:
        return (double)n;
    default:
        return a + b;
    }
}

static double plain_select(const struct promql *q, const struct promql_node *node,
                           const struct promql_series *series, int64_t t, int64_t lookback,
                           bool *absent)
{
    bool range = node->kind == PROMQL_OVER_TIME;
    int64_t reach = range                            ? q->selector->range_ms
                    : lookback > series->interval_ms ? lookback
                                                     : series->interval_ms;
    double value = 0;
    size_t n = 0;
    t -= q->selector->offset_ms;
    for (size_t i = 0; i < series->sample_n; i++) {
        const struct promql_sample *s = &series->samples[i];
        if (s->t > t || s->t <= t - reach)
            continue;
        n++;
        value = n == 1 || !range ? s->v : over(node->over, value, s->v, n);
    }
    if (range && node->over == PROMQL_OVER_COUNT)
        value = (double)n;
    *absent = n == 0;
    return range && node->over == PROMQL_OVER_AVG ? value / (double)n : value;
}

static double plain_op(enum promql_op op, double a, double b)
{
    switch (op) {
    case PROMQL_ADD:
        return a + b;
    case PROMQL_SUB:
        return a - b;
    case PROMQL_MUL:
        return a * b;
    case PROMQL_DIV:
        return a / b;
    case PROMQL_MOD:
        return fmod(a, b);
    case PROMQL_POW:
        return pow(a, b);
    case PROMQL_EQ:
        return a == b;
    case PROMQL_NE:
        return a != b;
    case PROMQL_LT:
        return a < b;
    case PROMQL_GT:
        return a > b;
    case PROMQL_LE:
        return a <= b;
    default:
        return a >= b;
    }
}

static double plain(const struct promql *q, const struct promql_node *node,
                    const struct promql_series *series, int64_t t, int64_t lookback, bool *absent)
{
    bool left_absent = false, right_absent = false;
    *absent = false;
    switch (node->kind) {
    case PROMQL_NUMBER:
        return node->number;
    case PROMQL_NEGATE:
        return -plain(q, node->left, series, t, lookback, absent);
    case PROMQL_SELECTOR:
        return plain_select(q, node, series, t, lookback, absent);
    case PROMQL_OVER_TIME:
        return plain_select(q, node, series, t, lookback, absent);
    case PROMQL_BINARY:
        break;
    }
    double a = plain(q, node->left, series, t, lookback, &left_absent);
    double b = plain(q, node->right, series, t, lookback, &right_absent);
    double value = plain_op(node->op, a, b);
    *absent = left_absent || right_absent;
    if (node->op < PROMQL_EQ || node->as_bool || node->type == PROMQL_SCALAR)
        return value;
    *absent = *absent || value == 0;
    return node->left->type == PROMQL_SCALAR ? b : a;
}

/* ---- both ---- */

static bool near(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static bool has_sums(const struct promql *q)
{
    for (size_t i = 0; i < q->node_n; i++)
        if (q->nodes[i].kind == PROMQL_OVER_TIME &&
            (q->nodes[i].over == PROMQL_OVER_SUM || q->nodes[i].over == PROMQL_OVER_AVG))
            return true;
    return false;
}

static const double *row_of(const struct promql_answer *answer, const struct promql_label *labels)
{
    for (size_t i = 0; i < answer->row_n; i++)
        if (answer->rows[i].labels == labels)
            return answer->rows[i].values;
    return NULL;
}

static void check_series(const struct promql *q, const struct world *w, size_t s,
                         const struct promql_answer *answer)
{
    const double *values = row_of(answer, w->labels[s]);
    bool exact = !has_sums(q); /* a sum is taken in another way there */
    for (size_t i = 0; i < promql_span_n(&w->span); i++) {
        bool absent;
        double meant =
            plain(q, q->root, &w->series[s], w->span.start + (int64_t)i * w->span.step_ms,
                  w->span.lookback_ms, &absent);
        bool missing = values == NULL || promql_is_absent(values[i]);
        if (exact && (missing != absent || (!missing && !near(values[i], meant))))
            fprintf(stderr, "series %zu step %zu: %g for %g\n", s, i,
                    missing ? (double)NAN : values[i], absent ? (double)NAN : meant);
        FUZZ_REQUIRE(!exact || missing == absent);
        FUZZ_REQUIRE(!exact || missing || near(values[i], meant));
    }
}

/* What the selector selects, as whoever asks does it. */
static size_t choose(const struct promql *q, struct world *w, size_t *ret_at)
{
    size_t n = 0;
    for (size_t s = 0; q->selector != NULL && s < SERIES_MAX; s++)
        if (promql_selects(q->selector, w->labels[s], 2))
            ret_at[n++] = s;
    return n;
}

static void evaluate(const struct promql *q, struct world *w)
{
    struct promql_series chosen[SERIES_MAX];
    size_t at[SERIES_MAX], n = choose(q, w, at);
    struct promql_answer answer;
    struct err err = {.code = ERR_NONE};
    bool absent;
    for (size_t i = 0; i < n; i++)
        chosen[i] = w->series[at[i]];
    if (promql_evaluate(q, chosen, n, &w->span, &answer, &err) != 0) {
        FUZZ_REQUIRE(err.code == ERR_INVALID && err.msg[0] != '\0');
        return;
    }
    if (answer.type == PROMQL_SCALAR)
        FUZZ_REQUIRE(near(answer.number, plain(q, q->root, NULL, 0, 0, &absent)));
    for (size_t i = 0; answer.type != PROMQL_SCALAR && i < n; i++)
        check_series(q, w, at[i], &answer);
    promql_answer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct world world;
    struct bites from = {bytes, n};
    char text[256];
    struct promql *q;
    struct err err;
    bite_text(&from, text);
    if (promql_parse(text, strlen(text), &q, &err) != 0)
        return 0;
    make(&world, &from);
    if (q->root->type != PROMQL_MATRIX)
        evaluate(q, &world);
    promql_free(q);
    return 0;
}
