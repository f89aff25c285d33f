/* Rows and summaries for people. Knows the width of a line, and seasonal naive's published scores on
 * GIFT-Eval's six configurations that are at hand. Surprising: a score that is not defined prints as a
 * dash, and a mean over sets leaves it out but says over how many it is. */
#include "server/tool/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct published {
    const char *set;
    double mase, wql;
} published[] = {
    {"m4_hourly", 1.1932, .0376},        {"etth1", .9773, .2404},
    {"ettm2", 1.0673, .0964},            {"hospital_monthly", .9205, .0625},
    {"saugeen_daily", 3.4130, .5850},    {"jena_hourly", .7229, .1542},
};

#define PUBLISHED (sizeof published / sizeof published[0])

static void cell(FILE *to, int width, int digits, double value)
{
    if (isnan(value))
        fprintf(to, "%*s", width, "-");
    else
        fprintf(to, "%*.*f", width, digits, value);
}

static void print_weights(FILE *to, const struct report_terms *terms)
{
    const struct trm_base *base = terms->base;

    fprintf(to, "weights %s %016" PRIx64 ": %zu network%s of %zu parameters, %u step%s", base->name,
            terms->identity, base->network_n, base->network_n == 1 ? "" : "s", base->parameters,
            base->shape.supervision, base->shape.supervision == 1 ? "" : "s");
    fputs(terms->variant.unverified ? ", verification silenced\n" : "\n", to);
}

void report_head(FILE *to, const struct report_terms *terms)
{
    if (terms->base)
        print_weights(to, terms);
    fprintf(to, "%-22s%6s%9s%7s%8s%9s%7s%9s%7s%7s%10s", "set", "n", "MASE", "ratio", "sMAPE", "WQL",
            "ratio", "sQL", "cov80", "cov95", "us/series");
    fputs(terms->energy ? "  J/series\n" : "\n", to);
}

void report_row(FILE *to, const struct set_report *set)
{
    const struct set_score *score = &set->score;

    fprintf(to, "%-22s%6zu", set->name, score->n);
    cell(to, 9, 4, score->mase.value);
    cell(to, 7, 3, score->mase_ratio.value);
    cell(to, 8, 2, score->smape);
    cell(to, 9, 4, score->wql.value);
    cell(to, 7, 3, score->wql_ratio.value);
    cell(to, 9, 4, score->sql);
    cell(to, 7, 3, score->cov80);
    cell(to, 7, 3, score->cov95);
    cell(to, 10, 0, set->cpu_us);
    if (!isnan(set->joules))
        cell(to, 10, 4, set->joules);
    if (set->failed)
        fprintf(to, "  %zu of %zu failed", set->failed, set->lines);
    fputc('\n', to);
}

void report_steps(FILE *to, const struct set_report *set)
{
    const struct set_score *score = &set->score;

    if (score->step_n == 0) {
        fputs("  no supervision steps\n", to);
        return;
    }
    fprintf(to, "  by step (%zu series): MASE", score->stepped);
    for (size_t s = 0; s < score->step_n; s++)
        fprintf(to, " %.4f", score->step_mase[s]);
    fputs("; WQL", to);
    for (size_t s = 0; s < score->step_n; s++) {
        fputc(' ', to);
        cell(to, 0, 4, score->step_wql[s]);
    }
    fputc('\n', to);
}

/* A geometric mean that grows. */
struct mean {
    double logs;
    size_t n;
};

static void mean_add(struct mean *mean, double ratio)
{
    if (!(ratio > 0))
        return;
    mean->logs += log(ratio);
    mean->n++;
}

static double mean_value(const struct mean *mean)
{
    return mean->n ? exp(mean->logs / (double)mean->n) : (double)NAN;
}

static void print_means(FILE *to, const char *what, const struct mean *mase, const struct mean *loss)
{
    fprintf(to, "%-34s MASE", what);
    cell(to, 7, 4, mean_value(mase));
    fprintf(to, " (%zu)  WQL", mase->n);
    cell(to, 7, 4, mean_value(loss));
    fprintf(to, " (%zu)\n", loss->n);
}

static const struct set_report *find(const struct set_report *sets, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(sets[i].name, name) == 0)
            return &sets[i];
    return NULL;
}

static void summarize_gift(FILE *to, const struct set_report *sets, size_t n,
                           const struct report_terms *terms)
{
    struct mean mase = {0, 0}, loss = {0, 0};

    for (size_t i = 0; i < PUBLISHED; i++) {
        const struct set_report *set = find(sets, n, published[i].set);
        if (!set)
            return;
        mean_add(&mase, set->score.mase.value / published[i].mase);
        mean_add(&loss, set->score.wql.value / published[i].wql);
    }
    print_means(to, "GIFT-Eval, over published naive", &mase, &loss);
    if (terms->limit || terms->horizon_cap || !terms->gift)
        fputs("  (not comparable: it needs --gift, and neither --limit nor --horizon-cap)\n", to);
}

void report_summary(FILE *to, const struct set_report *sets, size_t n, const struct report_terms *terms)
{
    struct mean mase = {0, 0}, loss = {0, 0};

    for (size_t i = 0; i < n; i++) {
        mean_add(&mase, sets[i].score.mase_ratio.value);
        mean_add(&loss, sets[i].score.wql_ratio.value);
    }
    print_means(to, "all sets, over seasonal naive", &mase, &loss);
    summarize_gift(to, sets, n, terms);
}
