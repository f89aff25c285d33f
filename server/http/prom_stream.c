/* See prom_stream.h. */
#include "server/http/prom_stream.h"

#include "server/http/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const prom_kind_names[PROM_KINDS] = {"actual", "predicted", "anomalous", "ahead",
                                                 "time_to_threshold_seconds"};
const char *const prom_kind_helps[PROM_KINDS] = {
    "The values of the series",
    "Forecast: median (yhat) and 95% interval (yhat_lower, yhat_upper) of each step to come, and "
    "what was said "
    "of the steps that have come since",
    "1 where the value lay above the interval that had been forecast, -1 below it, 0 inside",
    "What is forecast for now plus the label ahead (ahead=\"1h\" unless given)",
    "Seconds until the forecast reaches the label threshold (to be given) in the label direction; "
    "absent where it "
    "does not within the series' horizon"};

static const char *const field_names[PROM_FIELDS] = {"yhat", "yhat_lower", "yhat_upper"};

/* ---- parameters ---- */

static int read_threshold(const struct promql_selector *selector, bool listing,
                          struct prom_given *given, struct err *err)
{
    static const char suffix[] = ":time_to_threshold_seconds";
    const char *name = promql_given(selector, "__name__"), *threshold = given->threshold;
    size_t name_n = name == NULL ? 0 : strlen(name);
    if (!listing && threshold == NULL && name_n >= sizeof suffix &&
        strcmp(name + name_n - (sizeof suffix - 1), suffix) == 0)
        return err_set(err, ERR_INVALID,
                       "%.80s needs the threshold by a matcher: {threshold=\"90\"}", name);
    if (threshold != NULL &&
        number_parse(threshold, strlen(threshold), &given->threshold_number) != NUMBER_OK)
        return err_set(err, ERR_INVALID, "threshold is \"%.60s\", expected a number", threshold);
    return 0;
}

int prom_given_read(const struct promql_selector *selector, bool listing, struct prom_given *ret,
                    struct err *err)
{
    struct prom_given given = {.ahead = PROM_AHEAD_DEFAULT, .direction = "above"};
    const char *ahead = selector == NULL ? NULL : promql_given(selector, "ahead");
    const char *direction = selector == NULL ? NULL : promql_given(selector, "direction");
    if (ahead != NULL && *ahead != '\0')
        given.ahead = ahead;
    if (direction != NULL && *direction != '\0')
        given.direction = direction;
    if (!promql_duration_parse(given.ahead, strlen(given.ahead), &given.ahead_ms))
        return err_set(err, ERR_INVALID,
                       "ahead is \"%.60s\", expected a duration such as 6h or 1h30m", ahead);
    given.above = strcmp(given.direction, "above") == 0;
    if (!given.above && strcmp(given.direction, "below") != 0)
        return err_set(err, ERR_INVALID, "direction is \"%.60s\", expected above or below",
                       direction);
    if (selector != NULL) {
        const char *threshold = promql_given(selector, "threshold");
        given.threshold = threshold != NULL && *threshold != '\0' ? threshold : NULL;
        given.asks_field = promql_asks_for(selector, "ml_forecast");
        if (read_threshold(selector, listing, &given, err) != 0)
            return -1;
    }
    *ret = given;
    return 0;
}

/* ---- names and labels ---- */

static bool is_name_byte(char c, bool colon)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colon && c == ':');
}

static void map_name(const char *text, bool colon, char *ret)
{
    if (*text >= '0' && *text <= '9')
        *ret++ = '_';
    for (; *text != '\0'; text++)
        *ret++ = is_name_byte(*text, colon) ? *text : '_';
    *ret = '\0';
}

static const char *label_of(const struct series_settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->label_n; i++)
        if (strcmp(settings->labels[i].name, name) == 0 && settings->labels[i].value[0] != '\0')
            return settings->labels[i].value;
    return NULL;
}

void prom_base_name(const char *id, const struct series_settings *settings, char ret[PROM_NAME_MAX])
{
    const char *name = label_of(settings, "__name__");
    if (name != NULL)
        snprintf(ret, PROM_NAME_MAX, "%s", name);
    else
        map_name(id, true, ret);
}

/* Keeps the labels sorted; the first of a name stays. Empty values are absent labels. */
static void add(struct prom_labels *labels, const char *name, const char *value)
{
    size_t at = 0;
    while (at < labels->n && strcmp(labels->label[at].name, name) < 0)
        at++;
    if (*value == '\0' || labels->n == PROM_LABELS_MAX ||
        (at < labels->n && strcmp(labels->label[at].name, name) == 0))
        return;
    memmove(labels->label + at + 1, labels->label + at, (labels->n - at) * sizeof *labels->label);
    labels->label[at] = (struct promql_label){name, value};
    labels->n++;
}

void prom_labels_make(const char *id, const struct series_settings *settings,
                      const struct prom_given *given, enum prom_kind kind, enum prom_field field,
                      struct prom_labels *ret)
{
    ret->n = 0;
    prom_base_name(id, settings, ret->name);
    size_t base_n = strlen(ret->name);
    snprintf(ret->name + base_n, PROM_NAME_MAX - base_n, ":%s", prom_kind_names[kind]);
    add(ret, "__name__", ret->name);
    if (label_of(settings, "__name__") == NULL)
        add(ret, "series", id);
    if (kind == PROM_PREDICTED || kind == PROM_AHEAD || kind == PROM_THRESHOLD)
        add(ret, "ml_forecast", field_names[field]);
    if (kind == PROM_AHEAD)
        add(ret, "ahead", given->ahead);
    if (kind == PROM_THRESHOLD) {
        add(ret, "direction", given->direction);
        add(ret, "threshold", given->threshold == NULL ? "" : given->threshold);
    }
    for (uint32_t i = 0; i < settings->label_n; i++) {
        map_name(settings->labels[i].name, false, ret->mapped[i]);
        add(ret, ret->mapped[i], settings->labels[i].value);
    }
}

size_t prom_kind_fields(enum prom_kind kind, const struct prom_given *given)
{
    bool three = kind == PROM_PREDICTED || kind == PROM_AHEAD ||
                 (kind == PROM_THRESHOLD && given->asks_field);
    return three ? PROM_FIELDS : 1;
}

/* ---- streams ---- */

static const char *keep(char **text, const char *from)
{
    char *kept = *text;
    *text = stpcpy(kept, from) + 1;
    return kept;
}

struct prom_stream *prom_stream_new(const char *id, const struct prom_labels *labels,
                                    const struct prom_given *given, enum prom_kind kind,
                                    enum prom_field field)
{
    size_t text_n = strlen(id) + 1;
    for (size_t i = 0; i < labels->n; i++)
        text_n += strlen(labels->label[i].name) + strlen(labels->label[i].value) + 2;
    struct prom_stream *stream = calloc(1, sizeof *stream + text_n);
    struct promql_label *copies = malloc(labels->n * sizeof *copies);
    if (stream == NULL || copies == NULL) {
        free(stream);
        free(copies);
        return NULL;
    }
    char *text = stream->text;
    stream->kind = kind;
    stream->field = field;
    stream->ahead_ms = given->ahead_ms;
    stream->threshold = given->threshold_number;
    stream->above = given->above;
    stream->id = keep(&text, id);
    stream->labels = copies;
    stream->label_n = labels->n;
    for (size_t i = 0; i < labels->n; i++) {
        copies[i].name = keep(&text, labels->label[i].name);
        copies[i].value = keep(&text, labels->label[i].value);
    }
    return stream;
}

void prom_stream_free(struct prom_stream *stream)
{
    if (stream == NULL)
        return;
    free(stream->labels);
    free(stream->samples);
    free(stream);
}

bool prom_stream_reserve(struct prom_stream *stream, size_t n)
{
    if (n <= stream->sample_room - stream->sample_n)
        return true;
    size_t room = stream->sample_n + n;
    struct promql_sample *grown = realloc(stream->samples, room * sizeof *grown);
    if (grown == NULL)
        return false;
    stream->samples = grown;
    stream->sample_room = room;
    return true;
}

void prom_stream_add(struct prom_stream *stream, int64_t t, double v)
{
    if (!isnan(v))
        stream->samples[stream->sample_n++] = (struct promql_sample){t, v};
}
