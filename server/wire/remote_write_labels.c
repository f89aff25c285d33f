/* What a label set must be like. Knows the specifications' rules; refuses to know where the labels
 * came from. Surprising: a set in the wrong order is put into the right one and not refused, as the
 * order changes nothing about which series is meant. */
#include "server/wire/remote_write_parts.h"

#include <stdlib.h>

static int at_label(size_t series, size_t label, struct err *err)
{
    return err_at(err, "timeseries %zu, label %zu", series, label);
}

static int at_series(size_t series, struct err *err)
{
    return err_at(err, "timeseries %zu", series);
}

static int too_many(const struct label_rules *rules, size_t index, size_t label_n, struct err *err)
{
    err_set(err, ERR_TOO_LARGE, "%zu labels, at most %zu are taken", label_n, rules->labels_max);
    return at_series(index, err);
}

/* References to labels; not more than parts->refs holds. */
static int resolve(const struct label_rules *rules, size_t index, struct series_parts *parts,
                   struct err *err)
{
    for (size_t i = 0; i < parts->ref_n; i++) {
        if (parts->refs[i] >= rules->symbol_n) {
            err_set(
                err, ERR_INVALID, "the label's %s is symbol %llu, but the message has %zu symbols",
                i % 2 == 0 ? "name" : "value", (unsigned long long)parts->refs[i], rules->symbol_n);
            return at_label(index, i / 2, err);
        }
        struct remote_write_label *label = &parts->labels[i / 2];
        *(i % 2 == 0 ? &label->name : &label->value) = rules->symbols[parts->refs[i]];
    }
    parts->label_n = parts->ref_n / 2;
    return 0;
}

/* [a-zA-Z_][a-zA-Z0-9_]*, and ':' where it may be in a metric's name. */
static bool is_plain_name(struct wire_slice name, bool colon)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool digit = i > 0 && c >= '0' && c <= '9';
        if (!letter && !digit && !(colon && c == ':')) {
            return false;
        }
    }
    return name.n > 0;
}

/* What is wrong with one label, in *err without its place. */
static int check_label(const struct label_rules *rules, const struct remote_write_label *label,
                       struct err *err)
{
    char shown[WIRE_SHOW_MAX], value[WIRE_SHOW_MAX];

    if (label->name.n == 0) {
        return err_set(err, ERR_INVALID, "the label's name is empty (its value is \"%s\")",
                       wire_show(label->value, value));
    }
    if (label->name.n > rules->label_bytes_max || label->value.n > rules->label_bytes_max) {
        bool name = label->name.n > rules->label_bytes_max;
        return err_set(err, ERR_TOO_LARGE, "the %s of label \"%s\" has %zu bytes, at most %zu",
                       name ? "name" : "value", wire_show(label->name, shown),
                       name ? label->name.n : label->value.n, rules->label_bytes_max);
    }
    if (!wire_slice_is_utf8(label->name) || !wire_slice_is_utf8(label->value)) {
        return err_set(err, ERR_INVALID, "the %s of label \"%s\" is not UTF-8",
                       wire_slice_is_utf8(label->name) ? "value" : "name",
                       wire_show(label->name, shown));
    }
    if (label->value.n == 0) {
        return err_set(err, ERR_INVALID,
                       "the value of label \"%s\" is empty: leave the label out instead",
                       wire_show(label->name, shown));
    }
    if (rules->version != REMOTE_WRITE_1) {
        return 0;
    }
    if (!is_plain_name(label->name, false)) {
        return err_set(err, ERR_INVALID,
                       "\"%s\" is no name of a label, expected letters, digits and _ with no digit "
                       "first",
                       wire_show(label->name, shown));
    }
    if (wire_slice_is(label->name, "__name__") && !is_plain_name(label->value, true)) {
        return err_set(err, ERR_INVALID,
                       "\"%s\" is no name of a metric, expected letters, digits, _ and : with no "
                       "digit first",
                       wire_show(label->value, value));
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct remote_write_label *x = a, *y = b;

    return wire_slice_compare(x->name, y->name);
}

/* The sorted labels' names are all different, and one is __name__. */
static int check_names(size_t index, const struct series_parts *parts,
                       struct wire_slice *ret_metric, struct err *err)
{
    const struct remote_write_label *metric = NULL;
    char shown[WIRE_SHOW_MAX];

    for (size_t i = 0; i < parts->label_n; i++) {
        const struct remote_write_label *label = &parts->labels[i];
        if (i > 0 && by_name(label - 1, label) == 0) {
            err_set(err, ERR_INVALID, "the label \"%s\" is there twice",
                    wire_show(label->name, shown));
            return at_series(index, err);
        }
        metric = wire_slice_is(label->name, "__name__") ? label : metric;
    }
    if (metric == NULL) {
        err_set(err, ERR_INVALID, "no label __name__, expected one with the metric's name");
        return at_series(index, err);
    }
    *ret_metric = metric->value;
    return 0;
}

/* Puts labels into the order of their names where they are not. */
static void sort_labels(struct series_parts *parts)
{
    for (size_t i = 1; i < parts->label_n; i++) {
        if (by_name(&parts->labels[i - 1], &parts->labels[i]) > 0) {
            qsort(parts->labels, parts->label_n, sizeof parts->labels[0], by_name);
            return;
        }
    }
}

int remote_write_check_labels(const struct label_rules *rules, size_t index,
                              struct series_parts *parts, struct wire_slice *ret_metric,
                              struct err *err)
{
    size_t label_n = rules->version == REMOTE_WRITE_2 ? parts->ref_n / 2 : parts->label_n;

    if (parts->ref_n % 2 != 0) {
        err_set(err, ERR_INVALID, "%zu labels_refs, expected pairs of a name's and a value's",
                parts->ref_n);
        return at_series(index, err);
    }
    if (label_n > rules->labels_max) {
        return too_many(rules, index, label_n, err);
    }
    if (rules->version == REMOTE_WRITE_2 && resolve(rules, index, parts, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < label_n; i++) {
        if (check_label(rules, &parts->labels[i], err) != 0) {
            return at_label(index, i, err);
        }
    }
    sort_labels(parts);
    return check_names(index, parts, ret_metric, err);
}
