/* The structure of one TimeSeries. Knows the fields of both versions; refuses to judge labels and
 * values. Surprising: the same code counts on the first walk and fills on the second, so the two
 * cannot disagree about what a series holds. */
#include "server/wire/remote_write_parts.h"

#include <math.h>

#define STALE_BITS UINT64_C(0x7ff0000000000002)

/* Field numbers inside TimeSeries; 0 where the version has none. */
struct series_fields {
    uint32_t labels, refs, samples, histograms, exemplars, metadata;
};
static const struct series_fields fields_of[] = {
    [REMOTE_WRITE_1] = {.labels = 1, .samples = 2, .exemplars = 3, .histograms = 4},
    [REMOTE_WRITE_2] = {.refs = 1, .samples = 2, .histograms = 3, .exemplars = 4, .metadata = 5},
};

static int parse_label(const struct pb_reader *outer, const struct pb_field *message,
                       struct series_parts *parts, struct err *err)
{
    struct pb_reader reader = pb_inside(outer, message);
    struct remote_write_label label = {0};
    struct pb_field field;
    int more;

    while ((more = pb_next(&reader, &field, err)) == 1) {
        if (field.number > 2) {
            continue;
        }
        const char *what = field.number == 1 ? "a label's name" : "a label's value";
        if (pb_expect(&reader, &field, PB_BYTES, what, err) != 0) {
            return -1;
        }
        *(field.number == 1 ? &label.name : &label.value) = field.bytes;
    }
    if (more == 0 && parts->label_n < parts->labels_size) {
        parts->labels[parts->label_n] = label;
    }
    parts->label_n += more == 0;
    return more;
}

static int parse_sample(const struct pb_reader *outer, const struct pb_field *message,
                        struct series_parts *parts, struct err *err)
{
    struct pb_reader reader = pb_inside(outer, message);
    struct pb_field field, value = {.type = PB_FIXED64};
    int64_t t = 0;
    int more;

    while ((more = pb_next(&reader, &field, err)) == 1) {
        if (field.number == 1) {
            if (pb_expect(&reader, &field, PB_FIXED64, "a sample's value", err) != 0) {
                return -1;
            }
            value = field;
        } else if (field.number == 2) {
            if (pb_expect(&reader, &field, PB_VARINT, "a sample's timestamp", err) != 0) {
                return -1;
            }
            t = (int64_t)field.value;
        }
    }
    if (more != 0) {
        return -1;
    }
    if (value.value == STALE_BITS) {
        parts->stale_n++;
        return 0;
    }
    if (parts->point_n < parts->points_size) {
        double v = pb_double(&value);
        parts->points[parts->point_n] = (struct point){t, isnan(v) ? (double)NAN : v};
    }
    parts->point_n++;
    return 0;
}

static void add_ref(struct series_parts *parts, uint64_t ref)
{
    if (parts->ref_n < parts->refs_size) {
        parts->refs[parts->ref_n] = ref;
    }
    parts->ref_n++;
}

static int parse_refs(const struct pb_reader *outer, const struct pb_field *field,
                      struct series_parts *parts, struct err *err)
{
    struct pb_reader reader;
    uint64_t ref;
    int more;

    if (field->type == PB_VARINT) { /* one at a time, not packed */
        add_ref(parts, field->value);
        return 0;
    }
    if (pb_expect(outer, field, PB_BYTES, "labels_refs", err) != 0) {
        return -1;
    }
    reader = pb_inside(outer, field);
    while ((more = pb_varint(&reader, &ref, err)) == 1) {
        add_ref(parts, ref);
    }
    return more;
}

/* One field of a TimeSeries. */
static int parse_field(const struct series_fields *known, const struct pb_reader *reader,
                       const struct pb_field *field, struct series_parts *parts, struct err *err)
{
    uint32_t number = field->number;

    if (number == known->refs) {
        return parse_refs(reader, field, parts, err);
    }
    bool is_sample = number == known->samples, is_label = number == known->labels;
    if (is_sample || is_label) {
        const char *what = is_sample ? "a sample" : "a label";
        if (pb_expect(reader, field, PB_BYTES, what, err) != 0) {
            return -1;
        }
        return is_sample ? parse_sample(reader, field, parts, err)
                         : parse_label(reader, field, parts, err);
    }
    parts->histogram_n += number == known->histograms;
    parts->exemplar_n += number == known->exemplars;
    parts->metadata_n += number == known->metadata;
    return 0;
}

int remote_write_parse_series(enum remote_write_version version, const struct pb_reader *message,
                              const struct pb_field *field, struct series_parts *parts,
                              struct err *err)
{
    struct pb_reader reader = pb_inside(message, field);
    struct pb_field part;
    int more;

    while ((more = pb_next(&reader, &part, err)) == 1) {
        if (parse_field(&fields_of[version], &reader, &part, parts, err) != 0) {
            return -1;
        }
    }
    return more;
}
