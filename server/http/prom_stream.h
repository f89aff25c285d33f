/* The metrics that a series has for Prometheus. Knows their names, their labels and which
 * parameters a selector gives (ahead, threshold, direction); refuses to know their values.
 * Surprising: nothing here is stored anywhere: the metrics of a series are made up from its
 * settings each time somebody asks.
 *
 *     m:predicted{ml_forecast="yhat|yhat_lower|yhat_upper"}   median and 95% interval, one sample
 * for each step m:actual                                                the values m:anomalous 1
 * above the interval, -1 below it, 0 inside m:ahead{ahead="6h",ml_forecast=…} what is forecast for
 * now + 6h, stamped now m:time_to_threshold_seconds{threshold="90",direction="above",ml_forecast=…}
 * stamped now
 *
 * m is the series' label __name__, or its id with "_" for what no name of a metric may hold, and
 * then the id itself is the label series. ahead is "1h" unless the selector gives it by =,
 * direction "above"; without threshold= there is no time to it. A time to a threshold is the
 * median's alone unless ml_forecast is asked for; yhat_upper is then when the upper bound crosses,
 * and so on. */
#ifndef SERVER_HTTP_PROM_STREAM_H
#define SERVER_HTTP_PROM_STREAM_H

#include "server/service/service.h"
#include "server/wire/promql_eval.h"

enum prom_kind {
    PROM_ACTUAL,
    PROM_PREDICTED,
    PROM_ANOMALOUS,
    PROM_AHEAD,
    PROM_THRESHOLD,
    PROM_KINDS
};
enum prom_field { PROM_YHAT, PROM_LOWER, PROM_UPPER, PROM_FIELDS };

/* What a kind is called behind the colon, and in words. */
extern const char *const prom_kind_names[PROM_KINDS];
extern const char *const prom_kind_helps[PROM_KINDS];

#define PROM_AHEAD_DEFAULT "1h"
#define PROM_NAME_MAX (SERIES_LABEL_VALUE_MAX + 40)
#define PROM_LABELS_MAX (SERIES_LABELS_MAX + 6)

/* Room for everything that the labels of a stream point to, while it is described. */
struct prom_labels {
    struct promql_label label[PROM_LABELS_MAX]; /* sorted by name */
    size_t n;
    char name[PROM_NAME_MAX];
    char mapped[SERIES_LABELS_MAX][SERIES_LABEL_NAME_MAX + 2];
};

struct prom_stream {
    enum prom_kind kind;
    enum prom_field field;
    int64_t ahead_ms;
    double threshold;
    bool above;
    const char *id;
    struct promql_label *labels;
    size_t label_n;
    struct promql_sample *samples;
    size_t sample_n, sample_room;
    int64_t interval_ms;
    char text[]; /* id, labels' names and values behind them */
};

/* Those parameters as a selector gives them. */
struct prom_given {
    const char *ahead, *threshold, *direction; /* texts; threshold may be NULL */
    int64_t ahead_ms;
    double threshold_number;
    bool above, asks_field;
};
/* selector may be NULL: the defaults. listing: metrics are listed, not read, and may lack a
 * threshold. Returns 0, or -1 with ERR_INVALID: a duration, a number or a direction that is none; a
 * time to a threshold that is asked for by name without one. */
__attribute__((warn_unused_result)) int prom_given_read(const struct promql_selector *selector,
                                                        bool listing, struct prom_given *ret,
                                                        struct err *err);

/* m. */
void prom_base_name(const char *id, const struct series_settings *settings,
                    char ret[PROM_NAME_MAX]);

/* The labels of one stream, pointing into settings, id, given and *ret itself. */
void prom_labels_make(const char *id, const struct series_settings *settings,
                      const struct prom_given *given, enum prom_kind kind, enum prom_field field,
                      struct prom_labels *ret);

/* How many fields a kind has for this selector: 3 or 1. */
size_t prom_kind_fields(enum prom_kind kind, const struct prom_given *given);

/* A stream with copies of all texts and no samples; NULL when out of memory. */
struct prom_stream *prom_stream_new(const char *id, const struct prom_labels *labels,
                                    const struct prom_given *given, enum prom_kind kind,
                                    enum prom_field field);
/* Accepts NULL. */
void prom_stream_free(struct prom_stream *stream);

/* Room for n samples more. False when out of memory. */
__attribute__((warn_unused_result)) bool prom_stream_reserve(struct prom_stream *stream, size_t n);
/* After prom_stream_reserve; missing values (NaN) are left out. */
void prom_stream_add(struct prom_stream *stream, int64_t t, double v);

#endif
