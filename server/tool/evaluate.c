/* tstrm evaluate: forecasts data sets whose future is known, and scores the answers. Knows the order of
 * things (read, ask, score, report); how each is done is elsewhere. Surprising: a series without an
 * answer is left out of the scores and counted, never filled in, and makes the exit code a failure. */
#include "server/tool/evaluate.h"

#include "server/tool/crew.h"
#include "server/tool/meter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One set being evaluated; every index is a record's. */
struct run {
    const struct evaluate_options *options;
    struct question question; /* options' own, with a pool for this set */
    struct record_list records;
    struct answer *answers;
    struct line_score *scores;
    enum trm_status *statuses;
    uint64_t *cpu_ns;
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec at;

    clock_gettime(clock, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void evaluate_line(void *ctx, size_t i)
{
    struct run *run = ctx;
    const struct question *question = &run->question;
    const struct record *record = &run->records.at[i];
    struct answer naive = {0};
    uint64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);

    run->statuses[i] = question->method(record, question, &run->answers[i]);
    run->cpu_ns[i] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    if (run->statuses[i] == TRM_OK)
        run->statuses[i] = method_snaive(record, question, &naive);
    if (run->statuses[i] == TRM_OK)
        score_line(record, &run->answers[i], &naive, run->options->terms.gift, &run->scores[i]);
    answer_done(&naive);
}

static void run_done(struct run *run)
{
    for (size_t i = 0; run->answers && i < run->records.n; i++)
        answer_done(&run->answers[i]);
    free(run->answers);
    free(run->scores);
    free(run->statuses);
    free(run->cpu_ns);
    think_pool_free(run->question.thinks);
    record_list_free(&run->records);
}

static int run_init(struct run *run, const char *path, struct tool_err *err)
{
    const struct evaluate_options *options = run->options;

    if (series_file_read(path, options->windows, &run->records, err))
        return -1;
    if (options->terms.limit)
        record_list_thin(&run->records, options->terms.limit);
    size_t n = run->records.n + 1; /* so that nothing is never asked for */
    run->answers = calloc(n, sizeof *run->answers);
    run->scores = calloc(n, sizeof *run->scores);
    run->statuses = calloc(n, sizeof *run->statuses);
    run->cpu_ns = calloc(n, sizeof *run->cpu_ns);
    if (run->question.base)
        run->question.thinks = think_pool_new(run->question.base, TRM_HORIZON_MAX);
    if (!run->answers || !run->scores || !run->statuses || !run->cpu_ns
        || (run->question.base && !run->question.thinks))
        return tool_fail(err, "%s: out of memory", path);
    return 0;
}

/* The file's name up to its first dot. */
static void name_set(const char *path, char *name, size_t room)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t n = strcspn(base, ".");

    snprintf(name, room, "%.*s", (int)n, base);
}

/* Says so on standard error, once a set. */
static void count_failures(const struct run *run, struct set_report *report)
{
    for (size_t i = 0; i < run->records.n; i++) {
        if (run->statuses[i] == TRM_OK)
            continue;
        if (report->failed++ == 0)
            fprintf(stderr, "tstrm evaluate: %s: %s: %s\n", report->name, run->records.at[i].id,
                    trm_status_text(run->statuses[i]));
    }
}

static void ask_all(struct run *run, struct set_report *report)
{
    const struct evaluate_options *options = run->options;
    struct crew crew = {.threads = options->threads, .label = report->name, .progress = options->progress};
    uint64_t started = clock_ns(CLOCK_MONOTONIC), cpu = 0;
    double n = run->records.n ? (double)run->records.n : 1;
    struct meter meter;

    meter_start(&meter, 0, 0, 0);
    report->lines = run->records.n;
    crew_run(&crew, run->records.n, evaluate_line, run);
    for (size_t i = 0; i < run->records.n; i++)
        cpu += run->cpu_ns[i];
    report->seconds = (double)(clock_ns(CLOCK_MONOTONIC) - started) / 1e9;
    report->cpu_us = (double)cpu / 1e3 / n;
    meter_look(&meter);
    report->joules = meter.joules / n;
    count_failures(run, report);
    score_set(run->scores, run->records.n, &report->score);
}

static int write_files(const struct run *run, const struct set_report *report, struct tool_err *err)
{
    const struct evaluate_options *options = run->options;

    if (options->forecasts
        && report_forecasts(options->forecasts, report->name, &run->records, run->answers, err))
        return -1;
    return options->json ? report_json(options->json, report, &options->terms, err) : 0;
}

static int evaluate_set(const struct evaluate_options *options, const char *path,
                        struct set_report *report, struct tool_err *err)
{
    struct run run = {.options = options, .question = options->question};
    int rc = run_init(&run, path, err);

    name_set(path, report->name, sizeof report->name);
    if (rc == 0) {
        ask_all(&run, report);
        report_row(stdout, report);
        if (options->by_step)
            report_steps(stdout, report);
        fflush(stdout);
        rc = write_files(&run, report, err);
    }
    run_done(&run);
    return rc;
}

static int evaluate_all(const struct evaluate_options *options, struct set_report *reports)
{
    struct tool_err err;
    int code = TOOL_CLEAN;

    report_head(stdout, &options->terms);
    for (size_t i = 0; i < options->file_n; i++) {
        if (evaluate_set(options, options->files[i], &reports[i], &err)) {
            fprintf(stderr, "tstrm evaluate: %s\n", err.msg);
            return TOOL_FAILED;
        }
        if (reports[i].failed)
            code = TOOL_FAILED;
    }
    report_summary(stdout, reports, options->file_n, &options->terms);
    return code;
}

static bool measures_energy(void)
{
    struct meter meter;

    meter_start(&meter, 0, 0, 0);
    meter_look(&meter);
    return !isnan(meter.joules);
}

/* The networks that the method needs. */
static int equip(struct evaluate_options *options, struct trm_base **ret, struct tool_err *err)
{
    enum method_needs needs = options->question.needs;

    *ret = NULL;
    if (needs == METHOD_NEEDS_WEIGHTS || needs == METHOD_NEEDS_BOTH) {
        if (variant_make(&options->terms.variant, ret, &options->terms.identity, err))
            return -1;
        options->terms.base = *ret;
    } else if (needs == METHOD_NEEDS_THINKS) {
        *ret = variant_blank();
        if (!*ret)
            return tool_fail(err, "out of memory");
    }
    options->question.base = *ret;
    options->terms.energy = measures_energy();
    return 0;
}

int tool_evaluate(int argc, char **argv)
{
    struct evaluate_options options;
    struct trm_base *base;
    struct tool_err err;

    if (evaluate_options_parse(argc, argv, &options, &err)) {
        fprintf(stderr, "tstrm evaluate: %s\n", err.msg);
        return TOOL_USAGE;
    }
    if (options.help) {
        evaluate_print_help(stdout);
        return TOOL_CLEAN;
    }
    if (equip(&options, &base, &err)) {
        fprintf(stderr, "tstrm evaluate: %s\n", err.msg);
        return TOOL_FAILED;
    }
    struct set_report *reports = calloc(options.file_n, sizeof *reports);
    int code = reports ? evaluate_all(&options, reports) : TOOL_FAILED;
    free(reports);
    trm_base_free(base);
    return code;
}
