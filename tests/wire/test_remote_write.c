/* Remote write messages: those of another encoder, series by series and label by label what the
 * specification demands, limits, and that a broken message is refused before anything is shown. */
#include "server/wire/remote_write.h"
#include "server/wire/snappy.h"
#include "tests/wire/encode.h"
#include "tests/wire/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct remote_write_limits roomy = {.series_max = 1000,
                                                 .samples_max = 10000,
                                                 .symbols_max = 1000,
                                                 .labels_max = 32,
                                                 .label_bytes_max = 64};

#define ERRORS_MAX 8

/* What was shown, as text: a{b="c"} t=v t=NaN stale 1; */
struct heard {
    char text[4096];
    size_t n;
    struct err kept[ERRORS_MAX];
    struct wire_errors errors;
    struct remote_write_totals totals;
    struct err err;
};

__attribute__((format(printf, 2, 3))) static void say(struct heard *heard, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(heard->text + heard->n, sizeof heard->text - heard->n, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof heard->text - heard->n);
    heard->n += (size_t)n;
}

static enum wire_verdict hear(void *context, const struct remote_write_series *series,
                              struct err *err)
{
    struct heard *heard = context;
    if (wire_slice_is(series->metric, "refuse")) {
        err_set(err, ERR_CONFLICT, "not this one");
        return WIRE_REFUSED;
    }
    if (wire_slice_is(series->metric, "stop")) {
        err_set(err, ERR_BUSY, "no more");
        return WIRE_STOP;
    }
    say(heard, "%zu:%.*s{", series->index, (int)series->metric.n, series->metric.at);
    for (size_t i = 0; i < series->label_n; i++) {
        const struct remote_write_label *label = &series->labels[i];
        if (!wire_slice_is(label->name, "__name__")) {
            say(heard, "%.*s=\"%.*s\"", (int)label->name.n, label->name.at, (int)label->value.n,
                label->value.at);
        }
    }
    say(heard, "}");
    for (size_t i = 0; i < series->point_n; i++) {
        say(heard, " %lld=%g", (long long)series->points[i].t, series->points[i].v);
    }
    if (series->stale_n > 0) {
        say(heard, " stale %zu", series->stale_n);
    }
    say(heard, "; ");
    return WIRE_TAKEN;
}

/* Reads from behind guard pages. */
static int listen(enum remote_write_version version, const void *bytes, size_t n,
                  const struct remote_write_limits *limits, struct heard *heard)
{
    const struct remote_write_visitor visitor = {hear, heard};
    *heard = (struct heard){.errors = {.max = ERRORS_MAX}};
    heard->errors.kept = heard->kept;
    uint8_t *in = guarded(bytes, n);
    int failed = remote_write_read(version, in, n, limits, &visitor, &heard->errors, &heard->totals,
                                   &heard->err);
    guarded_free(in, n);
    return failed;
}

static void assert_has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", text, words);
    }
}

/* ---- writing 1.0 ---- */

static void put_label(struct bytes *series, const char *name, const char *value)
{
    struct bytes label = {0};
    put_text(&label, 1, name);
    put_text(&label, 2, value);
    put_message(series, 1, &label);
    bytes_done(&label);
}

static void put_sample(struct bytes *series, double v, int64_t t)
{
    struct bytes sample = {0};
    put_double(&sample, 1, v);
    put_number(&sample, 2, (uint64_t)t);
    put_message(series, 2, &sample);
    bytes_done(&sample);
}

/* A series with one sample and labels given as name, value, …, NULL. */
static void put_series(struct bytes *message, const char *const *labels)
{
    struct bytes series = {0};
    for (; labels[0] != NULL; labels += 2) {
        put_label(&series, labels[0], labels[1]);
    }
    put_sample(&series, 1, 1);
    put_message(message, 1, &series);
    bytes_done(&series);
}

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- other people's messages ---- */

static void a_message_of_1_0_is_shown_series_by_series(void **state)
{
    struct heard heard;
    (void)state;
    assert_int_equal(listen(REMOTE_WRITE_1, vector_write_1, sizeof vector_write_1, &roomy, &heard),
                     0);
    assert_string_equal(heard.text,
                        "0:up{instance=\"a:9090\"job=\"näve\"} 1764000000000=1.5 1764000015000=nan "
                        "1764000030000=0; 1:gone_total{} -5=-2e+300 stale 1; ");
    const struct remote_write_totals want = {.series_n = 3,
                                             .series_taken = 2,
                                             .series_bare = 1,
                                             .samples_taken = 4,
                                             .stale_taken = 1,
                                             .histogram_n = 1,
                                             .exemplar_n = 1,
                                             .metadata_n = 1};
    assert_memory_equal(&heard.totals, &want, sizeof want);
    assert_int_equal(heard.errors.n, 0);
}

static void a_message_of_2_0_is_shown_with_its_symbols(void **state)
{
    struct heard heard;
    (void)state;
    assert_int_equal(listen(REMOTE_WRITE_2, vector_write_2, sizeof vector_write_2, &roomy, &heard),
                     0);
    assert_string_equal(heard.text,
                        "0:up{job=\"node\"} 1764000000000=1; 1:http.requests{} stale 1; ");
    const struct remote_write_totals want = {.series_n = 3,
                                             .series_taken = 2,
                                             .series_bare = 1,
                                             .samples_taken = 1,
                                             .stale_taken = 1,
                                             .histogram_n = 1,
                                             .exemplar_n = 1,
                                             .metadata_n = 1};
    assert_memory_equal(&heard.totals, &want, sizeof want);
}

static void a_message_comes_out_of_its_snappy_block(void **state)
{
    struct heard heard;
    struct err err;
    char *message;
    size_t n;
    (void)state;
    assert_int_equal(snappy_decode_new(vector_write_2_snappy, sizeof vector_write_2_snappy, 1000,
                                       &message, &n, &err),
                     0);
    assert_int_equal(listen(REMOTE_WRITE_2, message, n, &roomy, &heard), 0);
    assert_int_equal(heard.totals.series_taken, 2);
    free(message);
}

static void an_empty_message_has_no_series(void **state)
{
    struct heard heard;
    (void)state;
    assert_int_equal(listen(REMOTE_WRITE_1, "", 0, &roomy, &heard), 0);
    assert_int_equal(heard.totals.series_n, 0);
    assert_int_equal(listen(REMOTE_WRITE_2, "", 0, &roomy, &heard), 0);
    assert_int_equal(heard.totals.series_n, 0);
}

static void a_message_of_the_other_version_is_told_apart(void **state)
{
    struct heard heard;
    (void)state;
    assert_int_equal(listen(REMOTE_WRITE_2, vector_write_1, sizeof vector_write_1, &roomy, &heard),
                     -1);
    assert_int_equal(heard.err.code, ERR_INVALID);
    assert_has(heard.err.msg, "proto=prometheus.WriteRequest");
    assert_int_equal(listen(REMOTE_WRITE_1, vector_write_2, sizeof vector_write_2, &roomy, &heard),
                     -1);
    assert_int_equal(heard.err.code, ERR_INVALID);
    assert_has(heard.err.msg, "proto=io.prometheus.write.v2.Request");
}

/* ---- values ---- */

static void only_the_stale_marker_is_no_data_and_other_nans_are_missing(void **state)
{
    static const uint64_t bits[] = {UINT64_C(0x7ff0000000000002), UINT64_C(0x7ff8000000000001),
                                    UINT64_C(0xfff0000000000002), UINT64_C(0x7ff0000000000001),
                                    UINT64_C(0x7ff0000000000000)};
    struct bytes message = {0}, series = {0};
    struct heard heard;
    (void)state;
    put_label(&series, "__name__", "m");
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        double v;
        memcpy(&v, &bits[i], sizeof v);
        put_sample(&series, v, (int64_t)i);
    }
    put_message(&message, 1, &series);
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), 0);
    assert_string_equal(heard.text, "0:m{} 1=nan 2=nan 3=nan 4=inf stale 1; ");
    bytes_done(&message);
    bytes_done(&series);
}

static void a_sample_without_fields_is_zero_at_1970(void **state)
{
    struct bytes message = {0}, series = {0};
    struct heard heard;
    (void)state;
    put_label(&series, "__name__", "m");
    put_bytes(&series, 2, "", 0);
    put_message(&message, 1, &series);
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), 0);
    assert_string_equal(heard.text, "0:m{} 0=0; ");
    bytes_done(&message);
    bytes_done(&series);
}

/* ---- label sets ---- */

/* The labels are refused with the words and the place, and a good series behind them is shown. */
static void assert_labels_refused(const char *const *labels, enum err_code code, const char *words,
                                  const char *place)
{
    struct bytes message = {0};
    struct heard heard;
    put_series(&message, LABELS("__name__", "before"));
    put_series(&message, labels);
    put_series(&message, LABELS("__name__", "behind"));
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), 0);
    assert_string_equal(heard.text, "0:before{} 1=1; 2:behind{} 1=1; ");
    assert_int_equal(heard.errors.n, 1);
    assert_int_equal(heard.kept[0].code, code);
    assert_int_equal(heard.kept[0].item, 1);
    assert_has(heard.kept[0].msg, words);
    assert_string_equal(heard.kept[0].place, place);
    assert_int_equal(heard.totals.series_refused, 1);
    assert_int_equal(heard.totals.samples_refused, 1);
    bytes_done(&message);
}

#define LONG65 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg"

static void a_wrong_label_set_costs_its_series_and_no_other(void **state)
{
    (void)state;
    assert_labels_refused(LABELS("job", "a"), ERR_INVALID, "no label __name__", "timeseries 1");
    assert_labels_refused((const char *const[]){NULL}, ERR_INVALID, "no label __name__",
                          "timeseries 1");
    assert_labels_refused(LABELS("__name__", "m", "", "x"), ERR_INVALID, "its value is \"x\"",
                          "timeseries 1, label 1");
    assert_labels_refused(LABELS("__name__", "m", "job", ""), ERR_INVALID,
                          "value of label \"job\" is empty: leave the label out",
                          "timeseries 1, label 1");
    assert_labels_refused(LABELS("__name__", "m", "a", "1", "a", "2"), ERR_INVALID,
                          "\"a\" is there twice", "timeseries 1");
    assert_labels_refused(LABELS("__name__", "m", "b", "1", "a", "2", "b", "1"), ERR_INVALID,
                          "\"b\" is there twice", "timeseries 1");
    assert_labels_refused(LABELS("__name__", "1m"), ERR_INVALID, "\"1m\" is no name of a metric",
                          "timeseries 1, label 0");
    assert_labels_refused(LABELS("__name__", "a.b"), ERR_INVALID, "no name of a metric",
                          "timeseries 1, label 0");
    assert_labels_refused(LABELS("__name__", "m", "a:b", "x"), ERR_INVALID,
                          "\"a:b\" is no name of a label", "timeseries 1, label 1");
    assert_labels_refused(LABELS("__name__", "m", "a", "x\xff"), ERR_INVALID,
                          "value of label \"a\" is not UTF-8", "timeseries 1, label 1");
    assert_labels_refused(LABELS("__name__", "m", "a\xff", "x"), ERR_INVALID,
                          "name of label \"a?\" is not UTF-8", "timeseries 1, label 1");
    assert_labels_refused(LABELS("__name__", "m", "a", LONG65), ERR_TOO_LARGE,
                          "65 bytes, at most 64", "timeseries 1, label 1");
    assert_labels_refused(LABELS("__name__", "m", LONG65, "x"), ERR_TOO_LARGE,
                          "65 bytes, at most 64", "timeseries 1, label 1");
}

static void labels_in_the_wrong_order_are_sorted(void **state)
{
    struct bytes message = {0};
    struct heard heard;
    (void)state;
    put_series(&message, LABELS("zone", "1", "a", "2", "__name__", "ns:m", "aa", "3"));
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), 0);
    assert_string_equal(heard.text, "0:ns:m{a=\"2\"aa=\"3\"zone=\"1\"} 1=1; ");
    bytes_done(&message);
}

static void more_labels_than_allowed_cost_the_series(void **state)
{
    struct remote_write_limits two = roomy;
    struct bytes message = {0};
    struct heard heard;
    (void)state;
    two.labels_max = 2;
    put_series(&message, LABELS("__name__", "m", "a", "1", "b", "2"));
    put_series(&message, LABELS("__name__", "m", "a", "1"));
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &two, &heard), 0);
    assert_string_equal(heard.text, "1:m{a=\"1\"} 1=1; ");
    assert_int_equal(heard.kept[0].code, ERR_TOO_LARGE);
    assert_has(heard.kept[0].msg, "3 labels, at most 2");
    bytes_done(&message);
}

/* ---- 2.0 ---- */

/* Symbols "", __name__, m, and a series with these references and one sample. */
static void put_request(struct bytes *message, const uint64_t *refs, size_t n, bool packed)
{
    struct bytes series = {0}, list = {0};
    put_text(message, 4, "");
    put_text(message, 4, "__name__");
    put_text(message, 4, "m");
    for (size_t i = 0; i < n; i++) {
        if (packed) {
            put_varint(&list, refs[i]);
        } else {
            put_number(&series, 1, refs[i]);
        }
    }
    if (packed) {
        put_message(&series, 1, &list);
    }
    put_sample(&series, 1, 1);
    put_message(message, 5, &series);
    bytes_done(&series);
    bytes_done(&list);
}

static void assert_refs_refused(const uint64_t *refs, size_t n, const char *words,
                                const char *place)
{
    for (int packed = 0; packed <= 1; packed++) {
        struct bytes message = {0};
        struct heard heard;
        put_request(&message, refs, n, packed);
        assert_int_equal(listen(REMOTE_WRITE_2, message.at, message.n, &roomy, &heard), 0);
        assert_string_equal(heard.text, "");
        assert_int_equal(heard.errors.n, 1);
        assert_has(heard.kept[0].msg, words);
        assert_string_equal(heard.kept[0].place, place);
        bytes_done(&message);
    }
}

static void references_are_read_packed_and_one_by_one(void **state)
{
    (void)state;
    for (int packed = 0; packed <= 1; packed++) {
        struct bytes message = {0};
        struct heard heard;
        put_request(&message, (const uint64_t[]){1, 2}, 2, packed);
        assert_int_equal(listen(REMOTE_WRITE_2, message.at, message.n, &roomy, &heard), 0);
        assert_string_equal(heard.text, "0:m{} 1=1; ");
        bytes_done(&message);
    }
}

static void wrong_references_cost_their_series(void **state)
{
    (void)state;
    assert_refs_refused((const uint64_t[]){1}, 1, "expected pairs", "timeseries 0");
    assert_refs_refused((const uint64_t[]){1, 3}, 2, "value is symbol 3, but the message has 3",
                        "timeseries 0, label 0");
    assert_refs_refused((const uint64_t[]){1, 2, UINT64_MAX, 0}, 4,
                        "name is symbol 1844674407370955161", "timeseries 0, label 1");
    assert_refs_refused((const uint64_t[]){1, 2, 0, 2}, 4, "name is empty",
                        "timeseries 0, label 1");
    assert_refs_refused((const uint64_t[]){0}, 0, "no label __name__", "timeseries 0");
}

static void symbols_may_stand_behind_the_series_that_use_them(void **state)
{
    struct bytes message = {0}, series = {0};
    struct heard heard;
    (void)state;
    put_bytes(&series, 1, "\x01\x02", 2);
    put_sample(&series, 2, 3);
    put_message(&message, 5, &series);
    put_text(&message, 4, "");
    put_text(&message, 4, "__name__");
    put_text(&message, 4, "späť");
    assert_int_equal(listen(REMOTE_WRITE_2, message.at, message.n, &roomy, &heard), 0);
    assert_string_equal(heard.text, "0:späť{} 3=2; ");
    bytes_done(&message);
    bytes_done(&series);
}

static void symbols_that_do_not_begin_with_the_empty_one_are_refused(void **state)
{
    struct bytes message = {0};
    struct heard heard;
    (void)state;
    put_text(&message, 4, "__name__");
    assert_int_equal(listen(REMOTE_WRITE_2, message.at, message.n, &roomy, &heard), -1);
    assert_has(heard.err.msg, "begin with an empty one");
    message.n = 0;
    put_bytes(&message, 5, "", 0);
    assert_int_equal(listen(REMOTE_WRITE_2, message.at, message.n, &roomy, &heard), -1);
    assert_has(heard.err.msg, "begin with an empty one");
    bytes_done(&message);
}

/* ---- whole messages ---- */

static void a_message_broken_at_its_end_is_refused_before_anything_is_shown(void **state)
{
    static const char broken[] = "\x0a\x04\x12\x02\x0d\x01"; /* a series with a sample cut short */
    struct bytes message = {0};
    struct heard heard;
    (void)state;
    put_series(&message, LABELS("__name__", "m"));
    size_t good = message.n;
    bytes_add(&message, broken, sizeof broken - 1);
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), -1);
    assert_int_equal(heard.err.code, ERR_SYNTAX);
    assert_string_equal(heard.text, "");
    char place[32];
    snprintf(place, sizeof place, "byte %zu", good + 5);
    assert_string_equal(heard.err.place, place);
    bytes_done(&message);
}

static void a_message_cut_anywhere_is_refused_or_one_of_fewer_series(void **state)
{
    struct heard heard;
    (void)state;
    for (size_t n = 0; n < sizeof vector_write_1; n++) {
        if (listen(REMOTE_WRITE_1, vector_write_1, n, &roomy, &heard) != 0) {
            assert_string_equal(heard.text, "");
            assert_true(heard.err.code == ERR_SYNTAX);
        } else {
            assert_true(heard.totals.series_n <= 3);
        }
    }
}

static void fields_of_the_wrong_type_are_refused(void **state)
{
    struct heard heard;
    (void)state;
    assert_int_equal(listen(REMOTE_WRITE_1, "\x08\x01", 2, &roomy, &heard), -1);
    assert_has(heard.err.msg, "a timeseries (field 1) is encoded as a varint");
    assert_int_equal(listen(REMOTE_WRITE_1, "\x0a\x02\x10\x01", 4, &roomy, &heard), -1);
    assert_has(heard.err.msg, "a sample (field 2)");
    assert_int_equal(listen(REMOTE_WRITE_1, "\x0a\x04\x12\x02\x08\x01", 6, &roomy, &heard), -1);
    assert_has(heard.err.msg, "a sample's value (field 1)");
    assert_int_equal(listen(REMOTE_WRITE_1, "\x0a\x04\x0a\x02\x08\x01", 6, &roomy, &heard), -1);
    assert_has(heard.err.msg, "a label's name (field 1)");
    assert_int_equal(listen(REMOTE_WRITE_2, "\x20\x01", 2, &roomy, &heard), -1);
    assert_has(heard.err.msg, "a symbol (field 4)");
}

static void unknown_fields_are_skipped_at_every_level(void **state)
{
    struct bytes message = {0}, series = {0}, sample = {0};
    struct heard heard;
    (void)state;
    put_double(&sample, 9, 1);
    put_number(&sample, 3, 12); /* a start timestamp of later versions of 2.0 */
    put_double(&sample, 1, 5);
    put_number(&sample, 2, 6);
    put_message(&series, 2, &sample);
    put_label(&series, "__name__", "m");
    put_text(&series, 1000, "x");
    put_message(&message, 1, &series);
    put_text(&message, 2, "reserved");
    put_text(&message, 536870911, "x");
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), 0);
    assert_string_equal(heard.text, "0:m{} 6=5; ");
    bytes_done(&message);
    bytes_done(&series);
    bytes_done(&sample);
}

static void limits_of_a_message_refuse_it_whole(void **state)
{
    struct remote_write_limits exact = {.series_max = 3,
                                        .samples_max = 5,
                                        .symbols_max = 7,
                                        .labels_max = 3,
                                        .label_bytes_max = 16};
    struct heard heard;
    (void)state;
    assert_int_equal(listen(REMOTE_WRITE_1, vector_write_1, sizeof vector_write_1, &exact, &heard),
                     0);
    assert_int_equal(listen(REMOTE_WRITE_2, vector_write_2, sizeof vector_write_2, &exact, &heard),
                     0);
    for (int i = 0; i < 3; i++) {
        struct remote_write_limits less = exact;
        *(i == 0 ? &less.series_max : i == 1 ? &less.samples_max : &less.symbols_max) -= 1;
        int version = i < 2 ? REMOTE_WRITE_1 : REMOTE_WRITE_2;
        assert_int_equal(
            listen((enum remote_write_version)version, i < 2 ? vector_write_1 : vector_write_2,
                   i < 2 ? sizeof vector_write_1 : sizeof vector_write_2, &less, &heard),
            -1);
        assert_int_equal(heard.err.code, ERR_TOO_LARGE);
        assert_has(heard.err.msg, i == 0 ? "2 series" : i == 1 ? "4 samples" : "6 symbols");
        assert_string_equal(heard.text, "");
    }
}

static void the_visitor_may_refuse_a_series_and_stop_everything(void **state)
{
    struct bytes message = {0};
    struct heard heard;
    (void)state;
    put_series(&message, LABELS("__name__", "refuse"));
    put_series(&message, LABELS("__name__", "m"));
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), 0);
    assert_string_equal(heard.text, "1:m{} 1=1; ");
    assert_int_equal(heard.kept[0].code, ERR_CONFLICT);
    assert_string_equal(heard.kept[0].place, "timeseries 0");
    assert_int_equal(heard.totals.series_refused, 1);
    put_series(&message, LABELS("__name__", "stop"));
    put_series(&message, LABELS("__name__", "m"));
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), -1);
    assert_int_equal(heard.err.code, ERR_BUSY);
    assert_string_equal(heard.text, "1:m{} 1=1; ");
    assert_int_equal(heard.totals.series_n, 0); /* untouched */
    bytes_done(&message);
}

static void errors_over_the_maximum_are_counted_and_not_kept(void **state)
{
    struct bytes message = {0};
    struct heard heard;
    (void)state;
    for (int i = 0; i < ERRORS_MAX + 5; i++) {
        put_series(&message, LABELS("job", "a"));
    }
    assert_int_equal(listen(REMOTE_WRITE_1, message.at, message.n, &roomy, &heard), 0);
    assert_int_equal(heard.errors.n, ERRORS_MAX + 5);
    assert_int_equal(heard.kept[ERRORS_MAX - 1].item, ERRORS_MAX - 1);
    bytes_done(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_1_0_is_shown_series_by_series),
        cmocka_unit_test(a_message_of_2_0_is_shown_with_its_symbols),
        cmocka_unit_test(a_message_comes_out_of_its_snappy_block),
        cmocka_unit_test(an_empty_message_has_no_series),
        cmocka_unit_test(a_message_of_the_other_version_is_told_apart),
        cmocka_unit_test(only_the_stale_marker_is_no_data_and_other_nans_are_missing),
        cmocka_unit_test(a_sample_without_fields_is_zero_at_1970),
        cmocka_unit_test(a_wrong_label_set_costs_its_series_and_no_other),
        cmocka_unit_test(labels_in_the_wrong_order_are_sorted),
        cmocka_unit_test(more_labels_than_allowed_cost_the_series),
        cmocka_unit_test(references_are_read_packed_and_one_by_one),
        cmocka_unit_test(wrong_references_cost_their_series),
        cmocka_unit_test(symbols_may_stand_behind_the_series_that_use_them),
        cmocka_unit_test(symbols_that_do_not_begin_with_the_empty_one_are_refused),
        cmocka_unit_test(a_message_broken_at_its_end_is_refused_before_anything_is_shown),
        cmocka_unit_test(a_message_cut_anywhere_is_refused_or_one_of_fewer_series),
        cmocka_unit_test(fields_of_the_wrong_type_are_refused),
        cmocka_unit_test(unknown_fields_are_skipped_at_every_level),
        cmocka_unit_test(limits_of_a_message_refuse_it_whole),
        cmocka_unit_test(the_visitor_may_refuse_a_series_and_stop_everything),
        cmocka_unit_test(errors_over_the_maximum_are_counted_and_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
