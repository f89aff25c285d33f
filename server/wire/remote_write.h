/* Prometheus remote write messages, 1.0 (prometheus.WriteRequest) and 2.0
 * (io.prometheus.write.v2.Request). Knows the two messages, uncompressed, and what the
 * specifications demand of a label set; refuses snappy (snappy.h), HTTP, and to know what a series
 * is called here. Surprising: a message is walked twice. The first walk checks the structure of
 * everything that is read and the limits of the whole message, so a broken message is refused
 * before the visitor has seen anything; only then series are shown, and one that is wrong does not
 * take the others with it (the specification: valid samples may be stored, and a 400 says what was
 * not).
 *
 * Sources: prometheus.io/docs/specs/prw, remote_write_spec 1.0 and 2.0; prometheus/prometheus,
 * prompb/types.proto and prompb/io/prometheus/write/v2/types.proto.
 *
 *     1.0  WriteRequest { 1 timeseries { 1 labels { 1 name, 2 value }, 2 samples, 3 exemplars,
 *                                        4 histograms }, 3 metadata }
 *     2.0  Request { 4 symbols, 5 timeseries { 1 labels_refs, 2 samples, 3 histograms, 4 exemplars,
 *                                              5 metadata } }
 *     both samples { 1 double value, 2 int64 timestamp in ms since 1970 }
 *
 * Histograms, exemplars and metadata are counted and not looked into; unknown fields (among them
 * start and creation times) are skipped. Fields may come in any order, labels_refs packed or not.
 *
 * What is demanded of a series' labels: 1 to labels_max of them; no empty name or value, none over
 * label_bytes_max; UTF-8; no name twice; a label __name__. In 1.0 a name must match
 * [a-zA-Z_][a-zA-Z0-9_]* and the value of __name__ [a-zA-Z_:][a-zA-Z0-9_:]*; in 2.0 any UTF-8
 * will do. References (2.0) come in pairs and point into the symbols. Labels that are not sorted by
 * name are taken, though senders must sort them: they are handed out sorted. */
#ifndef SERVER_WIRE_REMOTE_WRITE_H
#define SERVER_WIRE_REMOTE_WRITE_H

#include "server/base/series.h"
#include "server/wire/wire.h"

enum remote_write_version { REMOTE_WRITE_1, REMOTE_WRITE_2 };

/* Each at least 1. The first three are of the whole message (over one: the message is refused), the
 * others of a series (over one: the series is). Memory while reading, at most: 16 bytes for each of
 * symbols_max and the samples of the longest series, 48 for each of labels_max. */
struct remote_write_limits {
    size_t series_max;
    size_t samples_max; /* of all series together */
    size_t symbols_max; /* 2.0 */
    size_t labels_max;
    size_t label_bytes_max; /* of a name, and of a value */
};

struct remote_write_label {
    struct wire_slice name, value;
};

/* One series with at least one sample or stale marker. Valid during the visitor's call. */
struct remote_write_series {
    size_t index;                            /* in the message, from 0 */
    struct wire_slice metric;                /* the value of __name__ */
    const struct remote_write_label *labels; /* sorted by the names' bytes, __name__ among them */
    size_t label_n;
    /* In the message's order (senders must keep to time's; that is not checked, nor is the range of
     * the times). A value that is an ordinary NaN is missing (NaN), an infinity is one. */
    const struct point *points;
    size_t point_n;
    size_t stale_n; /* stale markers (the NaN 0x7ff0000000000002: the series has ended), left out of
                     * points */
};

struct remote_write_visitor {
    /* wire.h says what the verdicts do; *err is for WIRE_REFUSED and WIRE_STOP. */
    enum wire_verdict (*series)(void *context, const struct remote_write_series *series,
                                struct err *err);
    void *context;
};

/* series_n = taken + refused + bare. A message's answer counts samples_taken + stale_taken as
 * written. */
struct remote_write_totals {
    size_t series_n;
    size_t series_taken;   /* shown to the visitor, who took them */
    size_t series_refused; /* wrong labels, or refused by the visitor: one error each */
    size_t series_bare;    /* right, but without samples (histograms or metadata only): not shown */
    size_t samples_taken, samples_refused; /* stale markers not among them */
    size_t stale_taken, stale_refused;
    size_t histogram_n, exemplar_n, metadata_n; /* skipped */
};

/* Reads message bytes[n] (n may be 0: a message without series) and shows its series in order.
 *
 * Returns 0 with *ret, also where series were refused: their errors are in *errors, with err->item
 * the series' index and err->place "timeseries 3" or "timeseries 3, label 2" (counted from 0, in
 * the message's order); ERR_INVALID, ERR_TOO_LARGE (labels_max, label_bytes_max), or the visitor's.
 *
 * Returns -1 with *err and *ret untouched: ERR_SYNTAX (a broken message, place "byte N"),
 * ERR_INVALID (2.0: symbols that do not begin with ""; a message of the other version),
 * ERR_TOO_LARGE (a limit of the message), ERR_NO_MEMORY, all before the visitor was called; or what
 * the visitor said with WIRE_STOP.
 *
 * Cost: some tens of ns a sample (bench `wire`). */
WIRE_MUST int remote_write_read(enum remote_write_version version, const void *bytes, size_t n,
                                const struct remote_write_limits *limits,
                                const struct remote_write_visitor *visitor,
                                struct wire_errors *errors, struct remote_write_totals *ret,
                                struct err *err);

#endif
