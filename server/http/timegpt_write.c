/* TimeGPT's answers: every list runs over all series, one after the other, and within a series over its
 * windows. See timegpt.h. */
#include "server/http/alias.h"
#include "server/http/forecast_writer.h"
#include "server/http/number.h"
#include "server/http/stateless_json.h"
#include "server/http/timegpt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A score beyond this says no more than this does; also that of a point off an interval without width. */
#define SCORE_MAX 1000.0

struct answer {
    struct writer writer;
    const struct timegpt_request *request;
    const struct stateless_batch *batch;
};

/* Position in the request's values of a window's lead. */
static size_t index_of(const struct timegpt_request *request, const struct timegpt_window *window,
                       size_t lead)
{
    return request->first[window->series] + window->origin + lead;
}

/* ---- lists ---- */

static void write_mean(struct answer *answer)
{
    struct writer *w = &answer->writer;
    writer_key(w, "mean");
    writer_open(w, '[');
    for (size_t i = 0; i < answer->batch->n; i++)
        for (size_t k = 0; k < answer->request->window[i].used; k++)
            writer_number(w, answer->batch->items[i].answer.forecast->median[k]);
    writer_close(w, ']');
}

/* Of level 0, both bounds are the median. */
static void bounds_of(const struct forecast_answer *answer, double level, const double **ret_lower,
                      const double **ret_upper)
{
    if (level == 0 || !forecast_interval(answer, level, ret_lower, ret_upper))
        *ret_lower = *ret_upper = answer->forecast->median;
}

static void write_bound(struct answer *answer, double level, bool upper)
{
    struct writer *w = &answer->writer;
    char key[NUMBER_TEXT_MAX + 3], *number = key + 3;
    memcpy(key, upper ? "hi-" : "lo-", 3);
    number_format(level, number);
    writer_key(w, key);
    writer_open(w, '[');
    for (size_t i = 0; i < answer->batch->n; i++) {
        const double *low, *high;
        bounds_of(&answer->batch->items[i].answer, level, &low, &high);
        for (size_t k = 0; k < answer->request->window[i].used; k++)
            writer_number(w, upper ? high[k] : low[k]);
    }
    writer_close(w, ']');
}

static void write_intervals(struct answer *answer)
{
    struct writer *w = &answer->writer;
    writer_key(w, "intervals");
    if (!answer->request->has_level) {
        writer_null(w);
        return;
    }
    writer_open(w, '{');
    for (size_t i = 0; i < answer->request->level_n; i++) {
        write_bound(answer, answer->request->level[i], false);
        write_bound(answer, answer->request->level[i], true);
    }
    writer_close(w, '}');
}

/* How many points each series has in the answer. */
static void write_sizes(struct answer *answer)
{
    const struct timegpt_request *request = answer->request;
    struct writer *w = &answer->writer;
    size_t i = 0;
    writer_key(w, "sizes");
    writer_open(w, '[');
    for (size_t series = 0; series < request->series_n; series++) {
        size_t size = 0;
        for (; i < request->window_n && request->window[i].series == series; i++)
            size += request->window[i].used;
        writer_int(w, (int64_t)size);
    }
    writer_close(w, ']');
}

static void write_idxs(struct answer *answer)
{
    const struct timegpt_request *request = answer->request;
    struct writer *w = &answer->writer;
    writer_key(w, "idxs");
    writer_open(w, '[');
    for (size_t i = 0; i < request->window_n; i++)
        for (size_t k = 0; k < request->window[i].used; k++)
            writer_int(w, (int64_t)index_of(request, &request->window[i], k));
    writer_close(w, ']');
}

/* ---- anomalies ---- */

/* How far a point lies from the median, in half widths of the interval on its side: beyond 1 in magnitude it
 * is outside. NaN for a missing point. */
static double score_of(double value, double low, double median, double high)
{
    double off = value - median, half = off > 0 ? high - median : median - low;
    if (isnan(value) || off == 0)
        return isnan(value) ? (double)NAN : 0;
    double score = half > 0 ? off / half : copysign(SCORE_MAX, off);
    return fabs(score) < SCORE_MAX ? score : copysign(SCORE_MAX, off);
}

static void write_scores(struct answer *answer, const char *key, bool flags)
{
    const struct timegpt_request *request = answer->request;
    struct writer *w = &answer->writer;
    writer_key(w, key);
    writer_open(w, '[');
    for (size_t i = 0; i < request->window_n; i++) {
        const struct forecast_answer *forecast = &answer->batch->items[i].answer;
        const double *low, *high;
        bounds_of(forecast, request->level[0], &low, &high);
        for (size_t k = 0; k < request->window[i].used; k++) {
            double score = score_of(answer->batch->values[index_of(request, &request->window[i], k)], low[k],
                                    forecast->forecast->median[k], high[k]);
            flags ? writer_bool(w, fabs(score) > 1) : writer_number(w, score);
        }
    }
    writer_close(w, ']');
}

/* ---- the whole ---- */

/* Fields that their models have and ours has not. */
static void write_empty_fields(struct writer *w)
{
    static const char *const counts[] = {"input_tokens", "output_tokens", "finetune_tokens"};
    writer_key(w, "weights_x");
    writer_null(w);
    writer_key(w, "feature_contributions");
    writer_null(w);
    for (size_t i = 0; i < 3; i++) {
        writer_key(w, counts[i]);
        writer_int(w, 0);
    }
}

/* The first item that failed, as the request's failure. */
static int item_error(const struct timegpt_request *request, const struct stateless_batch *batch,
                      struct err *err)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->items[i].err.code == ERR_NONE)
            continue;
        *err = batch->items[i].err;
        err_wrap(err, "series %zu, after %zu values", request->window[i].series, request->window[i].origin);
        return err_at(err, "/series/sizes/%zu", request->window[i].series);
    }
    return 0;
}

int timegpt_write(const struct timegpt_request *request, const struct stateless_batch *batch, char **ret,
                  size_t *ret_n, struct err *err)
{
    struct answer answer = {.request = request, .batch = batch};
    if (item_error(request, batch, err) != 0)
        return -1;
    writer_init(&answer.writer, STATELESS_ANSWER_MAX);
    writer_open(&answer.writer, '{');
    write_mean(&answer);
    write_intervals(&answer);
    if (request->task != TIMEGPT_FORECAST) {
        write_sizes(&answer);
        write_idxs(&answer);
    }
    if (request->task == TIMEGPT_ANOMALY || request->task == TIMEGPT_ONLINE_ANOMALY) {
        write_scores(&answer, "anomaly", true);
        write_scores(&answer, "anomaly_score", false);
    }
    write_empty_fields(&answer.writer);
    writer_close(&answer.writer, '}');
    return writer_finish(&answer.writer, ret, ret_n, err);
}

static size_t input_size(struct trm_freq freq)
{
    static const struct {
        struct trm_freq up_to; /* steps up to this long … */
        size_t n;              /* … need this much history */
    } sizes[] = {
        {{.ms = 86400000 - 1}, 504},        /* three weeks of hours */
        {{.ms = 7 * 86400000LL - 1}, 364},  /* a year of days */
        {{.ms = 28 * 86400000LL - 1}, 104}, /* two of weeks */
        {{.months = 2}, 72},                /* six of months */
        {{.months = 11}, 32},               /* eight of quarters */
    };
    double length = trm_freq_mean_ms(freq);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (length <= trm_freq_mean_ms(sizes[i].up_to))
            return sizes[i].n;
    return 12; /* years */
}

int timegpt_write_params(const char *freq, const char *place, char **ret, size_t *ret_n, struct err *err)
{
    struct alias alias;
    struct writer w;
    if (!alias_of_pandas(freq, &alias)) {
        err_set(err, ERR_INVALID, "\"%.40s\" is no frequency, expected an offset alias like \"D\", \"h\" "
                                  "or \"MS\"",
                freq);
        return err_at(err, "%s", place);
    }
    writer_init(&w, 1024);
    writer_open(&w, '{');
    writer_key(&w, "detail");
    writer_open(&w, '{');
    writer_key(&w, "input_size");
    writer_int(&w, (int64_t)input_size(alias.freq));
    writer_key(&w, "horizon");
    writer_int(&w, service_default_horizon(alias.freq));
    writer_close(&w, '}');
    writer_close(&w, '}');
    return writer_finish(&w, ret, ret_n, err);
}

/* ---- problems ---- */

/* A JSON pointer becomes ["body","series","y",3], a parameter's name ["query","freq"]. */
static void write_location(struct writer *w, const char *place)
{
    bool pointer = *place == '/' || *place == '\0' || strchr(place, ' ') != NULL;
    writer_open(w, '[');
    writer_string(w, pointer ? "body" : "query");
    if (!pointer)
        writer_string(w, place);
    while (*place == '/') {
        char part[ERR_PLACE_MAX];
        size_t n = strcspn(++place, "/");
        snprintf(part, sizeof part, "%.*s", (int)n, place);
        if (n > 0 && n < 16 && strspn(part, "0123456789") == n)
            writer_int(w, (int64_t)strtoll(part, NULL, 10));
        else
            writer_string(w, part);
        place += n;
    }
    writer_close(w, ']');
}

void timegpt_write_problem(struct writer *w, const struct problem *problem, const char *instance)
{
    const struct problem_info *info = &problem_infos[problem->kind];
    const char *place = problem->err.place;
    char text[ERR_MSG_MAX + ERR_PLACE_MAX + 8];
    (void)instance;
    bool line = strchr(place, ' ') != NULL; /* "line 3, column 5" is no place of theirs */
    snprintf(text, sizeof text, "%s%s%s", problem->err.msg, line ? ", " : "", line ? place : "");
    writer_open(w, '{');
    writer_key(w, "detail");
    writer_open(w, '[');
    writer_open(w, '{');
    writer_key(w, "loc");
    write_location(w, place);
    writer_key(w, "msg");
    writer_string(w, text);
    writer_key(w, "type");
    writer_string(w, info->name);
    writer_close(w, '}');
    writer_close(w, ']');
    writer_close(w, '}');
}
