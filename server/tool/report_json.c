/* Figures and forecasts for programs. Knows jansson and field names, which data/score.py's readers and
 * the benches know too. Surprising: numbers keep 17 digits, so that what was scored here can be scored
 * again elsewhere to the last bit. */
#include "server/tool/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define DIGITS JSON_REAL_PRECISION(17)

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

static json_t *figure(const struct figure *figure)
{
    json_t *list = json_array();

    json_array_append_new(list, number(figure->low));
    json_array_append_new(list, number(figure->high));
    return list;
}

static json_t *numbers(const double *values, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, number(values[i]));
    return list;
}

static void put_terms(json_t *line, const struct report_terms *terms)
{
    put(line, "version", json_string(TSTRM_VERSION));
    put(line, "method", json_string(terms->method));
    put(line, "gift", json_boolean(terms->gift));
    put(line, "limit", json_integer((json_int_t)terms->limit));
    put(line, "truncate", json_integer((json_int_t)terms->truncate));
    put(line, "horizon_cap", json_integer((json_int_t)terms->horizon_cap));
}

/* null where no weights answer: a reader can ask for them whatever the method. */
static void put_weights(json_t *line, const struct report_terms *terms)
{
    const struct trm_base *base = terms->base;
    char identity[17];

    snprintf(identity, sizeof identity, "%016" PRIx64, terms->identity);
    put(line, "weights", base ? json_string(identity) : json_null());
    put(line, "weights_name", base ? json_string(base->name) : json_null());
    put(line, "networks", base ? json_integer((json_int_t)base->network_n) : json_null());
    put(line, "parameters", base ? json_integer((json_int_t)base->parameters) : json_null());
    put(line, "supervision", base ? json_integer((json_int_t)base->shape.supervision) : json_null());
    put(line, "steps", json_integer((json_int_t)terms->variant.steps));
    put(line, "network", json_integer((json_int_t)terms->variant.network));
    put(line, "verify", json_boolean(!terms->variant.unverified));
}

static void put_scores(json_t *line, const struct set_score *score)
{
    put(line, "n", json_integer((json_int_t)score->n));
    put(line, "MASE", number(score->mase.value));
    put(line, "MASE_90", figure(&score->mase));
    put(line, "MASE_naive", number(score->naive_mase));
    put(line, "MASE_ratio", number(score->mase_ratio.value));
    put(line, "MASE_ratio_90", figure(&score->mase_ratio));
    put(line, "RelMASE_gm", number(score->relmase));
    put(line, "sMAPE", number(score->smape));
    put(line, "WQL", number(score->wql.value));
    put(line, "WQL_90", figure(&score->wql));
    put(line, "WQL_naive", number(score->naive_wql));
    put(line, "WQL_ratio", number(score->wql_ratio.value));
    put(line, "WQL_ratio_90", figure(&score->wql_ratio));
    put(line, "sQL", number(score->sql));
    put(line, "cov80", number(score->cov80));
    put(line, "cov95", number(score->cov95));
    put(line, "by_network", json_integer((json_int_t)score->by_network));
    if (score->step_n > 0) {
        put(line, "MASE_by_step", numbers(score->step_mase, score->step_n));
        put(line, "WQL_by_step", numbers(score->step_wql, score->step_n));
    }
}

static json_t *set_line(const struct set_report *set, const struct report_terms *terms)
{
    json_t *line = json_object();

    put(line, "dataset", json_string(set->name));
    put_terms(line, terms);
    put_weights(line, terms);
    put(line, "lines", json_integer((json_int_t)set->lines));
    put(line, "failed", json_integer((json_int_t)set->failed));
    put_scores(line, &set->score);
    put(line, "cpu_us", number(set->cpu_us));
    put(line, "seconds", number(set->seconds));
    put(line, "joules", number(set->joules));
    return line;
}

/* Frees line. */
static int write_line(FILE *file, json_t *line)
{
    int rc = line ? json_dumpf(line, file, JSON_COMPACT | DIGITS) : -1;

    json_decref(line);
    return rc == 0 && fputc('\n', file) != EOF ? 0 : -1;
}

int report_json(const char *path, const struct set_report *set, const struct report_terms *terms,
                struct tool_err *err)
{
    FILE *file = fopen(path, "a");

    if (!file)
        return tool_fail(err, "%s: %s", path, strerror(errno));
    int rc = write_line(file, set_line(set, terms));
    if (fclose(file) != 0 || rc != 0)
        return tool_fail(err, "%s: cannot write: %s", path, strerror(errno));
    return 0;
}

static json_t *forecast_line(const char *id, const struct answer *answer)
{
    json_t *line = json_object(), *quantiles = json_object();
    char name[16];

    for (size_t q = 0; q < TRM_KNOTS; q++) {
        snprintf(name, sizeof name, "%g", trm_knot_levels[q]);
        put(quantiles, name, numbers(answer->quantiles + q * answer->horizon, answer->horizon));
    }
    put(line, "id", json_string(id));
    put(line, "median", numbers(answer->median, answer->horizon));
    put(line, "quantiles", quantiles);
    return line;
}

int report_forecasts(const char *folder, const char *set, const struct record_list *records,
                     const struct answer *answers, struct tool_err *err)
{
    char path[TOOL_MESSAGE_MAX];
    int rc = 0;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tool_fail(err, "%s: %s", folder, strerror(errno));
    if (snprintf(path, sizeof path, "%s/%s.jsonl", folder, set) >= (int)sizeof path)
        return tool_fail(err, "the folder's name is too long");
    FILE *file = fopen(path, "w");
    if (!file)
        return tool_fail(err, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < records->n && rc == 0; i++)
        if (answers[i].median)
            rc = write_line(file, forecast_line(records->at[i].id, &answers[i]));
    if (fclose(file) != 0 || rc != 0)
        return tool_fail(err, "%s: cannot write: %s", path, strerror(errno));
    return 0;
}
