/* Remote write messages of both versions (the first byte says which, and how wide the limits are):
 * what is shown keeps the header's promises, the totals add up, and nothing is shown of a message
 * that is refused. */
#include "server/wire/remote_write.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

struct seen {
    const struct remote_write_limits *limits;
    size_t series_n, point_n, stale_n, refused_n;
    size_t last; /* index of the newest series, plus one */
};

static void require_labels(const struct seen *seen, const struct remote_write_series *series)
{
    bool named = false;
    FUZZ_REQUIRE(series->label_n >= 1 && series->label_n <= seen->limits->labels_max);
    for (size_t i = 0; i < series->label_n; i++) {
        const struct remote_write_label *label = &series->labels[i];
        FUZZ_REQUIRE(label->name.n >= 1 && label->name.n <= seen->limits->label_bytes_max);
        FUZZ_REQUIRE(label->value.n >= 1 && label->value.n <= seen->limits->label_bytes_max);
        FUZZ_REQUIRE(wire_slice_is_utf8(label->name) && wire_slice_is_utf8(label->value));
        FUZZ_REQUIRE(i == 0 || wire_slice_compare(label[-1].name, label->name) < 0);
        if (wire_slice_is(label->name, "__name__")) {
            named = wire_slice_compare(label->value, series->metric) == 0;
        }
    }
    FUZZ_REQUIRE(named);
}

static enum wire_verdict see(void *context, const struct remote_write_series *series,
                             struct err *err)
{
    struct seen *seen = context;
    require_labels(seen, series);
    FUZZ_REQUIRE(series->index + 1 > seen->last);
    FUZZ_REQUIRE(series->point_n + series->stale_n > 0);
    seen->last = series->index + 1;
    seen->series_n++;
    double sum = 0;
    for (size_t i = 0; i < series->point_n; i++) {
        sum += series->points[i].v + (double)series->points[i].t;
    }
    if (series->metric.n % 7 == 6) {
        seen->refused_n++;
        err_set(err, ERR_INVALID, "sum %g", sum);
        return WIRE_REFUSED;
    }
    seen->point_n += series->point_n;
    seen->stale_n += series->stale_n;
    return WIRE_TAKEN;
}

static void require_totals(const struct seen *seen, const struct remote_write_totals *totals,
                           const struct wire_errors *errors)
{
    FUZZ_REQUIRE(totals->series_n ==
                 totals->series_taken + totals->series_refused + totals->series_bare);
    FUZZ_REQUIRE(totals->series_taken + seen->refused_n == seen->series_n);
    FUZZ_REQUIRE(totals->series_refused == errors->n);
    FUZZ_REQUIRE(totals->samples_taken == seen->point_n && totals->stale_taken == seen->stale_n);
    FUZZ_REQUIRE(totals->series_n <= seen->limits->series_max);
    FUZZ_REQUIRE(totals->samples_taken + totals->samples_refused + totals->stale_taken +
                     totals->stale_refused <=
                 seen->limits->samples_max);
    for (size_t i = 0; i < errors->n && i < errors->max; i++) {
        FUZZ_REQUIRE(strncmp(errors->kept[i].place, "timeseries ", 11) == 0);
        FUZZ_REQUIRE(errors->kept[i].msg[0] != '\0' && errors->kept[i].item >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct remote_write_limits limits[] = {{1000, 1000, 1000, 40, 100},
                                                        {3, 4, 5, 2, 8}};
    if (n == 0) {
        return 0;
    }
    struct seen seen = {.limits = &limits[bytes[0] >> 1 & 1]};
    const struct remote_write_visitor visitor = {see, &seen};
    struct err kept[4], err = {.code = ERR_NONE};
    struct wire_errors errors = {kept, 4, 0};
    struct remote_write_totals totals;
    enum remote_write_version version = bytes[0] & 1 ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
    if (remote_write_read(version, bytes + 1, n - 1, seen.limits, &visitor, &errors, &totals,
                          &err) != 0) {
        FUZZ_REQUIRE(seen.series_n == 0 && errors.n == 0);
        FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
        return 0;
    }
    require_totals(&seen, &totals, &errors);
    return 0;
}
