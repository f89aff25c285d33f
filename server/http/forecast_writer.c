/* A forecast as the bytes of an answer. */
#include "server/http/forecast_writer.h"

#include "server/http/forecast_trace.h"
#include "server/http/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const double *forecast_quantile(const struct forecast_answer *answer, double level)
{
    for (size_t i = 0; i < answer->level_n && i < answer->forecast->level_n; i++) {
        if (fabs(answer->levels[i] - level) < 1e-9) {
            return answer->forecast->quantiles + i * answer->forecast->horizon;
        }
    }
    return NULL;
}

static int64_t lead_time(const struct forecast_answer *answer, size_t lead)
{
    return trm_grid_time(&answer->grid, answer->first_step + (int64_t)lead);
}

/* ---- blocks ---- */

static void write_head(struct writer *w, const struct forecast_answer *answer, enum time_form form)
{
    char freq[TRM_FREQ_TEXT_MAX];
    writer_key(w, "series");
    writer_string(w, answer->id);
    if (answer->freq.ms != 0 || answer->freq.months != 0) {
        trm_freq_format(answer->freq, freq);
        writer_key(w, "frequency");
        writer_string(w, freq);
    }
    writer_key(w, "horizon");
    writer_int(w, (int64_t)answer->forecast->horizon);
    if (!answer->has_time) {
        return;
    }
    writer_key(w, "issued_at");
    writer_time(w, answer->issued_at, form);
    if (form == TIME_MS) {
        writer_key(w, "time_unit");
        writer_string(w, "ms");
    }
    writer_key(w, "timestamps");
    writer_open(w, '[');
    for (size_t i = 0; i < answer->forecast->horizon; i++) {
        writer_time(w, lead_time(answer, i), form);
    }
    writer_close(w, ']');
}

static void write_quantiles(struct writer *w, const struct forecast_answer *answer,
                            const struct forecast_params *params)
{
    char key[NUMBER_TEXT_MAX];
    writer_key(w, "quantiles");
    writer_open(w, '{');
    for (size_t i = 0; i < params->quantile_n; i++) {
        const double *values = forecast_quantile(answer, params->quantiles[i]);
        if (values != NULL) {
            number_format(params->quantiles[i], key);
            writer_numbers(w, key, values, answer->forecast->horizon);
        }
    }
    writer_close(w, '}');
}

bool forecast_interval(const struct forecast_answer *answer, double percent, const double **ret_lower,
                       const double **ret_upper)
{
    double lower, upper;
    interval_quantiles(percent, &lower, &upper);
    *ret_lower = forecast_quantile(answer, lower);
    *ret_upper = forecast_quantile(answer, upper);
    return *ret_lower != NULL && *ret_upper != NULL;
}

static void write_intervals(struct writer *w, const struct forecast_answer *answer,
                            const struct forecast_params *params)
{
    char key[NUMBER_TEXT_MAX];
    writer_key(w, "intervals");
    writer_open(w, '{');
    for (size_t i = 0; i < params->interval_n; i++) {
        const double *lower, *upper;
        if (forecast_interval(answer, params->intervals[i], &lower, &upper)) {
            number_format(params->intervals[i], key);
            writer_key(w, key);
            writer_open(w, '{');
            writer_numbers(w, "lower", lower, answer->forecast->horizon);
            writer_numbers(w, "upper", upper, answer->forecast->horizon);
            writer_close(w, '}');
        }
    }
    writer_close(w, '}');
}

static void write_model(struct writer *w, const struct forecast_answer *answer)
{
    bool shared = answer->base != NULL, has = answer->has_model || shared;
    size_t own = has && answer->model.parameters > 0;
    size_t networks = shared ? answer->base->network_n : own;
    size_t parameters = shared ? networks * answer->base->parameters : own ? answer->model.parameters : 0;
    writer_key(w, "model");
    writer_open(w, '{');
    writer_key(w, "kind");
    writer_string(w, trm_kind_name(answer->config.kind));
    writer_key(w, "version");
    writer_int(w, (int64_t)answer->model_version);
    writer_key(w, "parameters");
    writer_int(w, (int64_t)parameters);
    writer_key(w, "networks");
    writer_int(w, (int64_t)networks);
    writer_key(w, "supervision_steps");
    writer_int(w, shared ? answer->base->shape.supervision : has ? answer->model.config.supervision : 0);
    writer_key(w, "recursions");
    writer_int(w, shared ? answer->base->shape.recursions : has ? answer->model.config.recursions : 0);
    writer_key(w, "halted_at");
    writer_int(w, answer->forecast->halted_at);
    writer_key(w, "gate");
    writer_number(w, answer->forecast->gate);
    if (shared) {
        writer_key(w, "weights");
        writer_string(w, answer->base->name);
    }
    writer_close(w, '}');
}

static void write_method(struct writer *w, const struct forecast_answer *answer)
{
    const struct trm_forecast *f = answer->forecast;
    writer_key(w, "method");
    writer_open(w, '{');
    writer_key(w, "answered_by");
    writer_string(w, f->answered_by == TRM_BY_DRAFT ? f->answered_draft
                                                    : trm_answered_by_name(f->answered_by));
    writer_key(w, "why");
    writer_string(w, answer->why);
    writer_close(w, '}');
    writer_key(w, "drafts");
    writer_open(w, '{');
    for (size_t i = 0; i < f->draft_n; i++) {
        writer_key(w, f->draft[i].name);
        writer_number(w, f->draft[i].weight);
    }
    writer_close(w, '}');
}

static void write_sides(struct writer *w, const char *key, const struct trm_widening *widening, int outer)
{
    const double sides[] = {widening->factor[0][outer], widening->factor[1][outer]};
    writer_numbers(w, key, sides, 2);
}

/* What the half widths of the intervals were multiplied by, below and above: by the fit, and by what was
 * learned from forecasts since then; null before either was measured. */
static void write_widening(struct writer *w, const struct forecast_answer *answer)
{
    struct trm_widening widening, fitted = {{{1, 1}, {1, 1}}};
    bool has = answer->has_model && answer->config.kind == TRM_KIND_TRM;
    writer_key(w, "widening");
    if (!has && answer->record.steps == 0) {
        writer_null(w);
        return;
    }
    if (has) {
        fitted = answer->model.widening;
    }
    trm_tally_widening(&answer->record, &widening);
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < 2; i++) {
            widening.factor[side][i] *= fitted.factor[side][i];
        }
    }
    writer_open(w, '{');
    write_sides(w, "80", &widening, 0);
    write_sides(w, "95", &widening, 1);
    writer_close(w, '}');
}

/* Scores of past forecasts: from the record of what was said where it is long enough, else from the model's
 * own backtest. False where there is neither. */
static bool find_scores(const struct trm_model_info *model, const struct trm_tally *record,
                        struct trm_tally_scores *ret, const char **ret_measured_on)
{
    *ret_measured_on = "record";
    if (record != NULL && trm_tally_scores(record, ret)) {
        return true;
    }
    *ret_measured_on = "backtest";
    if (model == NULL) {
        return false;
    }
    *ret = (struct trm_tally_scores){.mase = model->mase,
                                     .vs_seasonal_naive = model->vs_seasonal_naive,
                                     .coverage = {model->coverage80, model->coverage95},
                                     .n = model->backtest_n};
    return true;
}

void forecast_write_scores(struct writer *w, const struct trm_model_info *model,
                           const struct trm_tally *record)
{
    struct trm_tally_scores scores;
    const char *measured_on;
    writer_key(w, "skill");
    if (!find_scores(model, record, &scores, &measured_on)) {
        writer_null(w);
        writer_key(w, "coverage");
        writer_null(w);
        return;
    }
    writer_open(w, '{');
    writer_key(w, "mase");
    writer_number(w, scores.mase);
    writer_key(w, "vs_seasonal_naive");
    writer_number(w, scores.vs_seasonal_naive);
    writer_key(w, "measured_on");
    writer_string(w, measured_on);
    writer_key(w, "n");
    writer_int(w, (int64_t)scores.n);
    writer_close(w, '}');
    writer_key(w, "coverage");
    writer_open(w, '{');
    writer_key(w, "80");
    writer_number(w, scores.coverage[0]);
    writer_key(w, "95");
    writer_number(w, scores.coverage[1]);
    writer_close(w, '}');
}

void forecast_write(struct writer *writer, const struct forecast_answer *answer,
                    const struct forecast_params *params)
{
    writer_open(writer, '{');
    write_head(writer, answer, params->time);
    writer_numbers(writer, "median", answer->forecast->median, answer->forecast->horizon);
    write_quantiles(writer, answer, params);
    write_intervals(writer, answer, params);
    write_model(writer, answer);
    write_method(writer, answer);
    write_widening(writer, answer);
    forecast_write_scores(writer, answer->has_model ? &answer->model : NULL, &answer->record);
    if (params->trace) {
        forecast_write_trace(writer, answer->forecast);
    }
    writer_close(writer, '}');
}

int forecast_write_json(const struct forecast_answer *answer, const struct forecast_params *params,
                        char **ret, size_t *ret_n, struct err *err)
{
    struct writer w;
    writer_init(&w, FORECAST_BYTES_MAX);
    forecast_write(&w, answer, params);
    return writer_finish(&w, ret, ret_n, err);
}

/* ---- CSV ---- */

/* The columns behind the median: names go to the header, values are remembered. */
struct columns {
    const double *values[TRM_QUANTILES_MAX * 2];
    size_t n;
};

static void add_column(struct columns *columns, struct writer *w, const char *prefix, double level,
                       const double *values)
{
    char text[NUMBER_TEXT_MAX];
    number_format(level, text);
    writer_text(w, prefix);
    writer_text(w, text);
    columns->values[columns->n++] = values;
}

static void write_csv_header(struct writer *w, const struct forecast_answer *answer,
                             const struct forecast_params *params, struct columns *columns)
{
    writer_text(w, answer->has_time ? "timestamp,median" : "step,median");
    for (size_t i = 0; i < params->quantile_n; i++) {
        const double *values = forecast_quantile(answer, params->quantiles[i]);
        if (values != NULL) {
            add_column(columns, w, ",q", params->quantiles[i], values);
        }
    }
    for (size_t i = 0; i < params->interval_n; i++) {
        const double *lower, *upper;
        if (forecast_interval(answer, params->intervals[i], &lower, &upper)) {
            add_column(columns, w, ",lo-", params->intervals[i], lower);
            add_column(columns, w, ",hi-", params->intervals[i], upper);
        }
    }
    writer_text(w, "\n");
}

static void write_csv_time(struct writer *w, const struct forecast_answer *answer, size_t lead,
                           enum time_form form)
{
    char text[NUMBER_TEXT_MAX > TRM_TIME_TEXT_MAX ? NUMBER_TEXT_MAX : TRM_TIME_TEXT_MAX];
    if (!answer->has_time) {
        number_format_int((int64_t)lead + 1, text);
    } else if (form == TIME_MS) {
        number_format_int(lead_time(answer, lead), text);
    } else {
        trm_time_format(lead_time(answer, lead), text);
    }
    writer_text(w, text);
}

/* ",12.5"; nothing behind the comma for a missing value. */
static void write_csv_number(struct writer *w, double v)
{
    char text[NUMBER_TEXT_MAX];
    writer_text(w, ",");
    if (isfinite(v)) {
        writer_bytes(w, text, number_format(v, text));
    }
}

int forecast_write_csv(const struct forecast_answer *answer, const struct forecast_params *params,
                       char **ret, size_t *ret_n, struct err *err)
{
    struct writer w;
    struct columns columns = {.n = 0};
    writer_init(&w, FORECAST_BYTES_MAX);
    write_csv_header(&w, answer, params, &columns);
    for (size_t lead = 0; lead < answer->forecast->horizon; lead++) {
        write_csv_time(&w, answer, lead, params->time);
        write_csv_number(&w, answer->forecast->median[lead]);
        for (size_t i = 0; i < columns.n; i++) {
            write_csv_number(&w, columns.values[i][lead]);
        }
        writer_text(&w, "\n");
    }
    return writer_finish(&w, ret, ret_n, err);
}
