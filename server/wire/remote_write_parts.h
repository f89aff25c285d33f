/* What the files of remote_write share. Private to remote_write*.c. */
#ifndef SERVER_WIRE_REMOTE_WRITE_PARTS_H
#define SERVER_WIRE_REMOTE_WRITE_PARTS_H

#include "server/wire/protobuf.h"
#include "server/wire/remote_write.h"

/* One TimeSeries. Arrays that are too short (or NULL with size 0, on the first walk) are not filled
 * further, but counted. */
struct series_parts {
    struct remote_write_label *labels;
    size_t labels_size, label_n;
    uint64_t *refs; /* 2.0; refs_size is twice labels_size */
    size_t refs_size, ref_n;
    struct point *points;
    size_t points_size, point_n;
    size_t stale_n, histogram_n, exemplar_n, metadata_n;
};

/* Reads the TimeSeries `field` of `message` into *parts, whose counts are 0. 0, or -1 with *err
 * (ERR_SYNTAX with its place). */
WIRE_MUST int remote_write_parse_series(enum remote_write_version version,
                                        const struct pb_reader *message,
                                        const struct pb_field *field, struct series_parts *parts,
                                        struct err *err);

/* The label set of one series: puts references (2.0) into parts->labels, checks and sorts them, and
 * finds the metric's name. 0, or -1 with *err, whose place is "timeseries `index`…". */
struct label_rules {
    enum remote_write_version version;
    size_t labels_max, label_bytes_max;
    const struct wire_slice *symbols;
    size_t symbol_n;
};
WIRE_MUST int remote_write_check_labels(const struct label_rules *rules, size_t index,
                                        struct series_parts *parts, struct wire_slice *ret_metric,
                                        struct err *err);

#endif
