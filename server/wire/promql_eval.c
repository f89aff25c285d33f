/* Row by row. The tree above the selector is a chain: each operator has a constant on one side and
 * changes the rows in place. See promql_eval.h. */
#include "server/wire/promql_eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double promql_absent(void)
{
    const uint64_t bits = UINT64_C(0x7ff0000000000002);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

bool promql_is_absent(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits == UINT64_C(0x7ff0000000000002);
}

size_t promql_span_n(const struct promql_span *span)
{
    return (size_t)((span->end - span->start) / span->step_ms) + 1;
}

int promql_span_check(const struct promql_span *span, struct err *err)
{
    if (span->end < span->start)
        return err_set(err, ERR_SYNTAX,
                       "invalid parameter \"end\": end timestamp must not be before start time");
    if (span->step_ms <= 0)
        return err_set(
            err, ERR_SYNTAX,
            "invalid parameter \"step\": zero or negative query resolution step widths are not "
            "accepted. Try a positive integer");
    if ((span->end - span->start) / span->step_ms > PROMQL_POINTS_MAX)
        return err_set(
            err, ERR_SYNTAX,
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
            "resolution (?step=XX)");
    return 0;
}

static int64_t lookback(const struct promql_span *span, int64_t interval_ms)
{
    return span->lookback_ms > interval_ms ? span->lookback_ms : interval_ms;
}

void promql_reach(const struct promql_selector *selector, const struct promql_span *span,
                  int64_t interval_ms, int64_t *ret_first, int64_t *ret_last)
{
    int64_t back = selector->range_ms > 0 ? selector->range_ms : lookback(span, interval_ms);
    *ret_first = span->start - selector->offset_ms - back;
    *ret_last = span->end - selector->offset_ms;
}

size_t promql_after(const struct promql_series *series, int64_t t)
{
    size_t low = 0, high = series->sample_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->samples[middle].t <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- the bottom of the chain ---- */

static void fill_instant(const struct promql_selector *selector, const struct promql_series *series,
                         const struct promql_span *span, double *values)
{
    size_t n = promql_span_n(span), next = 0;
    int64_t back = lookback(span, series->interval_ms);
    for (size_t i = 0; i < n; i++) {
        int64_t t = span->start + (int64_t)i * span->step_ms - selector->offset_ms;
        while (next < series->sample_n && series->samples[next].t <= t)
            next++;
        bool there = next > 0 && series->samples[next - 1].t > t - back;
        values[i] = there ? series->samples[next - 1].v : promql_absent();
    }
}

/* A larger value takes the place of a NaN, as in Prometheus. */
static double extreme(const struct promql_sample *samples, size_t n, bool largest)
{
    double best = samples[0].v;
    for (size_t i = 1; i < n; i++)
        if (isnan(best) || (largest ? samples[i].v > best : samples[i].v < best))
            best = samples[i].v;
    return best;
}

/* Kahan's sum, with Neumaier's correction for terms larger than the sum. */
static double sum_of(const struct promql_sample *samples, size_t n)
{
    double sum = 0, lost = 0;
    for (size_t i = 0; i < n; i++) {
        double v = samples[i].v, next = sum + v;
        if (isfinite(next))
            lost += fabs(sum) >= fabs(v) ? (sum - next) + v : (v - next) + sum;
        sum = next;
    }
    return isfinite(sum) ? sum + lost : sum;
}

static double over_time(enum promql_over over, const struct promql_sample *samples, size_t n)
{
    switch (over) {
    case PROMQL_OVER_MAX:
        return extreme(samples, n, true);
    case PROMQL_OVER_MIN:
        return extreme(samples, n, false);
    case PROMQL_OVER_AVG:
        return sum_of(samples, n) / (double)n;
    case PROMQL_OVER_SUM:
        return sum_of(samples, n);
    case PROMQL_OVER_COUNT:
        return (double)n;
    case PROMQL_OVER_LAST:
        return samples[n - 1].v;
    }
    return promql_absent();
}

static void fill_over_time(const struct promql_node *node, const struct promql_selector *selector,
                           const struct promql_series *series, const struct promql_span *span,
                           double *values)
{
    size_t n = promql_span_n(span);
    for (size_t i = 0; i < n; i++) {
        int64_t t = span->start + (int64_t)i * span->step_ms - selector->offset_ms;
        size_t from = promql_after(series, t - selector->range_ms), to = promql_after(series, t);
        values[i] =
            to > from ? over_time(node->over, series->samples + from, to - from) : promql_absent();
    }
}

/* ---- operators ---- */

static double arithmetic(enum promql_op op, double a, double b)
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
    case PROMQL_GE:
        return a >= b;
    }
    return 0;
}

static double scalar(const struct promql_node *node)
{
    switch (node->kind) {
    case PROMQL_NUMBER:
        return node->number;
    case PROMQL_NEGATE:
        return -scalar(node->left);
    case PROMQL_BINARY:
        return arithmetic(node->op, scalar(node->left), scalar(node->right));
    case PROMQL_SELECTOR:
    case PROMQL_OVER_TIME:
        break;
    }
    return 0;
}

/* Filters keep the vector's own value, on whichever side it stands. */
static void apply(const struct promql_node *node, bool vector_is_left, double number,
                  double *values, size_t n)
{
    bool filters = node->op >= PROMQL_EQ && !node->as_bool;
    for (size_t i = 0; i < n; i++) {
        double v = values[i];
        if (promql_is_absent(v))
            continue;
        double result =
            vector_is_left ? arithmetic(node->op, v, number) : arithmetic(node->op, number, v);
        values[i] = !filters ? result : result != 0 ? v : promql_absent();
    }
}

static void negate(double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!promql_is_absent(values[i]))
            values[i] = -values[i];
}

static void fill_row(const struct promql *promql, const struct promql_node *node,
                     const struct promql_series *series, const struct promql_span *span,
                     double *values)
{
    size_t n = promql_span_n(span);
    if (node->kind == PROMQL_SELECTOR) {
        fill_instant(promql->selector, series, span, values);
    } else if (node->kind == PROMQL_OVER_TIME) {
        fill_over_time(node, promql->selector, series, span, values);
    } else if (node->kind == PROMQL_NEGATE) {
        fill_row(promql, node->left, series, span, values);
        negate(values, n);
    } else if (node->kind == PROMQL_BINARY) {
        bool left = node->left->type == PROMQL_VECTOR;
        fill_row(promql, left ? node->left : node->right, series, span, values);
        apply(node, left, scalar(left ? node->right : node->left), values, n);
    }
}

/* Whether the answer is another quantity than the metric, so that its name would mislead. */
static bool loses_name(const struct promql_node *node)
{
    switch (node->kind) {
    case PROMQL_BINARY:
        if (node->op < PROMQL_EQ || node->as_bool)
            return true;
        return loses_name(node->left->type == PROMQL_VECTOR ? node->left : node->right);
    case PROMQL_OVER_TIME:
        return node->over != PROMQL_OVER_LAST;
    case PROMQL_NEGATE:
        return true;
    case PROMQL_SELECTOR:
    case PROMQL_NUMBER:
        break;
    }
    return false;
}

/* ---- rows ---- */

/* The next label that counts, or NULL. */
static const struct promql_label *next_label(const struct promql_row *row, size_t *at)
{
    while (*at < row->label_n) {
        const struct promql_label *label = &row->labels[(*at)++];
        if (!row->without_name || strcmp(label->name, "__name__") != 0)
            return label;
    }
    return NULL;
}

static int compare_rows(const void *left, const void *right)
{
    const struct promql_row *a = left, *b = right;
    for (size_t i = 0, j = 0;;) {
        const struct promql_label *x = next_label(a, &i), *y = next_label(b, &j);
        if (x == NULL || y == NULL)
            return (x != NULL) - (y != NULL);
        int order = strcmp(x->name, y->name);
        order = order != 0 ? order : strcmp(x->value, y->value);
        if (order != 0)
            return order;
    }
}

static bool has_value(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!promql_is_absent(values[i]))
            return true;
    return false;
}

static int sort_rows(struct promql_answer *answer, struct err *err)
{
    if (answer->row_n == 0)
        return 0;
    qsort(answer->rows, answer->row_n, sizeof *answer->rows, compare_rows);
    for (size_t i = 1; i < answer->row_n; i++)
        if (compare_rows(&answer->rows[i - 1], &answer->rows[i]) == 0)
            return err_set(err, ERR_INVALID,
                           "vector cannot contain metrics with the same labelset");
    return 0;
}

static int fill_rows(const struct promql *promql, const struct promql_series *series, size_t n,
                     const struct promql_span *span, struct promql_answer *answer, struct err *err)
{
    size_t steps = promql_span_n(span);
    bool without_name = loses_name(promql->root);
    for (size_t i = 0; i < n; i++) {
        double *values = answer->cells + answer->row_n * steps;
        fill_row(promql, promql->root, &series[i], span, values);
        if (has_value(values, steps))
            answer->rows[answer->row_n++] =
                (struct promql_row){series[i].labels, series[i].label_n, without_name, values};
    }
    return sort_rows(answer, err);
}

int promql_evaluate(const struct promql *promql, const struct promql_series *series, size_t n,
                    const struct promql_span *span, struct promql_answer *ret, struct err *err)
{
    struct promql_answer answer = {.type = promql->root->type};
    size_t steps = promql_span_n(span);
    if (answer.type == PROMQL_SCALAR) {
        answer.number = scalar(promql->root);
        *ret = answer;
        return 0;
    }
    if (n > PROMQL_CELLS_MAX / steps)
        return err_set(err, ERR_INVALID,
                       "query processing would load too many samples into memory in query "
                       "execution: %zu series "
                       "of %zu points, at most %zu points are answered",
                       n, steps, PROMQL_CELLS_MAX);
    answer.rows = malloc((n + 1) * sizeof *answer.rows);
    answer.cells = malloc((n * steps + 1) * sizeof *answer.cells);
    if (answer.rows == NULL || answer.cells == NULL)
        err_set(err, ERR_NO_MEMORY, "out of memory");
    else if (fill_rows(promql, series, n, span, &answer, err) == 0) {
        *ret = answer;
        return 0;
    }
    promql_answer_done(&answer);
    return -1;
}

void promql_answer_done(struct promql_answer *answer)
{
    free(answer->rows);
    free(answer->cells);
    answer->rows = NULL;
    answer->cells = NULL;
}
