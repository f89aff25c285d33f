/* Defaults, copies and the rule for ids. */
#include "server/base/series.h"

#include "server/base/err.h"
#include "server/base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void series_settings_init(struct series_settings *settings)
{
    *settings = (struct series_settings){.min = (double)NAN, .max = (double)NAN, .fit = FIT_AUTO};
}

void series_settings_done(struct series_settings *settings)
{
    free(settings->labels);
    settings->labels = NULL;
    settings->label_n = 0;
}

bool series_settings_copy(const struct series_settings *from, struct series_settings *ret)
{
    struct series_label *labels = NULL;

    if (from->label_n > 0) {
        labels = calloc(from->label_n, sizeof *labels);
        if (!labels)
            return false;
        memcpy(labels, from->labels, from->label_n * sizeof *labels);
    }
    *ret = *from;
    ret->labels = labels;
    return true;
}

static const char *const aggregates[] = {[AGGREGATE_NONE] = "",     [AGGREGATE_LAST] = "last",
                                         [AGGREGATE_MEAN] = "mean", [AGGREGATE_SUM] = "sum",
                                         [AGGREGATE_MIN] = "min",   [AGGREGATE_MAX] = "max"};

const char *aggregate_name(enum aggregate aggregate)
{
    return aggregates[aggregate];
}

bool aggregate_parse(const char *name, enum aggregate *ret)
{
    for (int i = AGGREGATE_LAST; i <= AGGREGATE_MAX; i++)
        if (strcmp(name, aggregates[i]) == 0) {
            *ret = (enum aggregate)i;
            return true;
        }
    return false;
}

const char *job_kind_name(enum job_kind kind)
{
    return kind == JOB_BACKTEST ? "backtest" : "fit";
}

const char *job_state_name(enum job_state state)
{
    switch (state) {
    case JOB_PENDING:
        return "pending";
    case JOB_RUNNING:
        return "running";
    case JOB_SUCCEEDED:
        return "succeeded";
    case JOB_FAILED:
        return "failed";
    case JOB_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

static int check_characters(const char *id, size_t id_n, struct err *err)
{
    for (size_t at = 0; at < id_n;) {
        uint32_t code;
        size_t length = utf8_decode(id + at, id_n - at, &code);
        if (length == 0)
            return err_set(err, ERR_INVALID, "series id: byte %zu (0x%02x) is not valid UTF-8", at,
                           (unsigned)(unsigned char)id[at]);
        if (is_control(code))
            return err_set(
                err, ERR_INVALID,
                "series id: byte %zu is the control character U+%04X, which is not allowed", at,
                (unsigned)code);
        at += length;
    }
    return 0;
}

int series_id_check(const char *id, size_t id_n, struct err *err)
{
    if (id_n == 0)
        return err_set(err, ERR_INVALID, "series id: empty, expected 1 to %d bytes", SERIES_ID_MAX);
    if (id_n > SERIES_ID_MAX)
        return err_set(err, ERR_INVALID,
                       "series id: %zu bytes, byte %d is one too many, expected 1 to %d", id_n,
                       SERIES_ID_MAX, SERIES_ID_MAX);
    if ((id_n == 1 && id[0] == '.') || (id_n == 2 && id[0] == '.' && id[1] == '.'))
        return err_set(err, ERR_INVALID, "series id: \".\" and \"..\" are not allowed");
    return check_characters(id, id_n, err);
}
