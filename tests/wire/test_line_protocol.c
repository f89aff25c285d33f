/* The line protocol: names, values, times, and that an error costs its line and no other. */
#include "server/wire/line_protocol.h"
#include "tests/wire/encode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1764000000123)
#define ERRORS_MAX 8

static const struct line_options plain = {
    .precision = LINE_NS,
    .now_ms = NOW,
    .limits = {.tags_max = 8, .fields_max = 8, .name_bytes_max = 64}};

/* What was shown, as text: 1:m[k=v][k=v] f=1 g=2 @t; */
struct heard {
    char text[4096];
    size_t n;
    struct err kept[ERRORS_MAX];
    struct wire_errors errors;
    struct line_totals totals;
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

static enum wire_verdict hear(void *context, const struct line_point *point, struct err *err)
{
    struct heard *heard = context;
    if (wire_slice_is(point->measurement, "refuse")) {
        err_set(err, ERR_CONFLICT, "not this one");
        return WIRE_REFUSED;
    }
    if (wire_slice_is(point->measurement, "stop")) {
        err_set(err, ERR_BUSY, "no more");
        return WIRE_STOP;
    }
    say(heard, "%zu:%.*s", point->line, (int)point->measurement.n, point->measurement.at);
    for (size_t i = 0; i < point->tag_n; i++) {
        say(heard, "[%.*s=%.*s]", (int)point->tags[i].key.n, point->tags[i].key.at,
            (int)point->tags[i].value.n, point->tags[i].value.at);
    }
    for (size_t i = 0; i < point->field_n; i++) {
        say(heard, " %.*s=%.17g", (int)point->fields[i].key.n, point->fields[i].key.at,
            point->fields[i].value);
    }
    if (point->t == NOW) {
        say(heard, " @now; ");
    } else {
        say(heard, " @%lld; ", (long long)point->t);
    }
    return WIRE_TAKEN;
}

static int listen(const char *body, size_t n, const struct line_options *options,
                  struct heard *heard)
{
    const struct line_visitor visitor = {hear, heard};
    *heard = (struct heard){.errors = {.max = ERRORS_MAX}};
    heard->errors.kept = heard->kept;
    uint8_t *in = guarded(body, n);
    int failed = line_read((const char *)in, n, options, &visitor, &heard->errors, &heard->totals,
                           &heard->err);
    guarded_free(in, n);
    return failed;
}

static void assert_heard(const char *body, const char *want)
{
    struct heard heard;
    assert_int_equal(listen(body, strlen(body), &plain, &heard), 0);
    if (heard.errors.n > 0) {
        fail_msg("%s: %s", heard.kept[0].place, heard.kept[0].msg);
    }
    assert_string_equal(heard.text, want);
}

/* The line is refused as said, and the lines before and behind it are shown. */
static void assert_refused(const char *line, enum err_code code, const char *words,
                           const char *column)
{
    char body[512], place[64];
    struct heard heard;
    snprintf(body, sizeof body, "before v=1\n%s\nbehind v=1", line);
    snprintf(place, sizeof place, "line 2, column %s", column);
    assert_int_equal(listen(body, strlen(body), &plain, &heard), 0);
    assert_string_equal(heard.text, "1:before v=1 @now; 3:behind v=1 @now; ");
    assert_int_equal(heard.errors.n, 1);
    if (heard.kept[0].code != code || strstr(heard.kept[0].msg, words) == NULL) {
        fail_msg("%d \"%s\" does not say \"%s\"", heard.kept[0].code, heard.kept[0].msg, words);
    }
    assert_string_equal(heard.kept[0].place, place);
    assert_int_equal(heard.kept[0].item, 1);
    assert_int_equal(heard.totals.lines_refused, 1);
    assert_int_equal(heard.totals.lines_taken, 2);
}

static void a_line_has_a_measurement_tags_fields_and_a_time(void **state)
{
    (void)state;
    assert_heard("cpu,host=a,zone=b user=1.5,idle=3i 1764000000999999999",
                 "1:cpu[host=a][zone=b] user=1.5 idle=3 @1764000000999; ");
    assert_heard("cpu v=1", "1:cpu v=1 @now; ");
    assert_heard("cpu v=1 1764000000000000000\n", "1:cpu v=1 @1764000000000; ");
    assert_heard("  cpu  v=1   5000000  ", "1:cpu v=1 @5; ");
    assert_heard("cpu,b=1,c=2,a=3 v=1", "1:cpu[a=3][b=1][c=2] v=1 @now; ");
    assert_heard("cpu v=1,v=2", "1:cpu v=1 v=2 @now; ");
    assert_heard("größe,ort=köln wärme=1", "1:größe[ort=köln] wärme=1 @now; ");
}

static void blank_lines_comments_and_carriage_returns_are_nothing(void **state)
{
    (void)state;
    assert_heard("", "");
    assert_heard("\n\n  \n\r\n", "");
    assert_heard("# a comment,\twith = and \"\ncpu v=1\r\n   # another\r\n\ncpu v=2 7000000\r",
                 "2:cpu v=1 @now; 5:cpu v=2 @7; ");
    assert_heard("cpu v=1\r", "1:cpu v=1 @now; ");
}

static void values_are_numbers_and_booleans(void **state)
{
    (void)state;
    assert_heard("m a=1,b=-1,c=1.,d=.5,e=-.5e1,f=1e3,g=1E-3,h=1.5e+2",
                 "1:m a=1 b=-1 c=1 d=0.5 e=-5 f=1000 g=0.001 h=150 @now; ");
    assert_heard(
        "m a=-7i,b=9223372036854775807i,c=-9223372036854775808i,d=18446744073709551615u,e=0i",
        "1:m a=-7 b=9.2233720368547758e+18 c=-9.2233720368547758e+18 "
        "d=1.8446744073709552e+19 e=0 @now; ");
    assert_heard("m a=t,b=T,c=true,d=True,e=TRUE", "1:m a=1 b=1 c=1 d=1 e=1 @now; ");
    assert_heard("m a=f,b=F,c=false,d=False,e=FALSE", "1:m a=0 b=0 c=0 d=0 e=0 @now; ");
    assert_heard("m a=0.1,b=123456789012345678,c=1e-400,d=4.9e-324,e=1.7976931348623157e308",
                 "1:m a=0.10000000000000001 b=1.2345678901234568e+17 c=0 "
                 "d=4.9406564584124654e-324 e=1.7976931348623157e+308 @now; ");
}

static void floats_are_read_as_libc_reads_them(void **state)
{
    uint64_t seed = 1;
    char body[128], want[128];
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct heard heard;
        uint64_t bits = next_random(&seed) << 32 ^ next_random(&seed);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (i % 2 == 0) {
            v = (double)(int64_t)(next_random(&seed) % 1000000000) / 1e4;
        }
        if (!isfinite(v)) {
            continue;
        }
        int n = snprintf(body, sizeof body, "m v=%.*g", (int)(1 + next_random(&seed) % 19), v);
        double read = strtod(body + 4, NULL);
        if (!isfinite(read)) {
            continue;
        }
        snprintf(want, sizeof want, "1:m v=%.17g @now; ", read);
        assert_int_equal(listen(body, (size_t)n, &plain, &heard), 0);
        assert_string_equal(heard.text, want);
    }
}

static void texts_are_skipped_and_counted(void **state)
{
    static const char body[] = "m a=\"x, y=1 \\\" \\\\\",b=2,c=\"\" 3000000\n"
                               "only text=\"words\"\n"
                               "m long=\"over\nthe\nline\",v=1\n"
                               "m v=2";
    struct heard heard;
    (void)state;
    assert_int_equal(listen(body, sizeof body - 1, &plain, &heard), 0);
    assert_string_equal(heard.text, "1:m b=2 @3; 3:m v=1 @now; 6:m v=2 @now; ");
    assert_int_equal(heard.errors.n, 0);
    const struct line_totals want = {
        .lines_taken = 3, .lines_textual = 1, .fields_taken = 3, .texts_skipped = 4};
    assert_memory_equal(&heard.totals, &want, sizeof want);
}

static void a_backslash_makes_a_separator_part_of_a_name(void **state)
{
    (void)state;
    assert_heard("my\\ cpu\\,all,a\\ b=c\\,d,e\\=f=g\\=h i\\ j\\,k\\=l=1",
                 "1:my cpu,all[a b=c,d][e=f=g=h] i j,k=l=1 @now; ");
    /* Any other backslash is itself, also before a backslash. */
    assert_heard("m\\x,path=C:\\new\\dir v=1", "1:m\\x[path=C:\\new\\dir] v=1 @now; ");
    assert_heard("m,a=b\\\\,c v=1", "1:m[a=b\\,c] v=1 @now; ");
    /* An equals sign needs none in a measurement, where a backslash before it stays. */
    assert_heard("a=b,c=d v=1", "1:a=b[c=d] v=1 @now; ");
    assert_heard("a\\=b v=1", "1:a\\=b v=1 @now; ");
    /* Quotes in names are ordinary. */
    assert_heard("\"m\",\"a\"=\"b\" \"v\"=1", "1:\"m\"[\"a\"=\"b\"] \"v\"=1 @now; ");
}

static void precisions_turn_timestamps_into_ms(void **state)
{
    static const struct {
        const char *word;
        const char *t;
        int64_t ms;
    } cases[] = {{"ns", "1764000000999999999", 1764000000999},
                 {"n", "-1", -1},
                 {"us", "1764000000999999", 1764000000999},
                 {"u", "-1001", -2},
                 {"ms", "1764000000999", 1764000000999},
                 {"s", "-1764000000", -1764000000000},
                 {"m", "29400000", 1764000000000},
                 {"h", "490000", 1764000000000}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line_options options = plain;
        struct heard heard;
        char body[64], want[64];
        assert_true(line_precision_parse(cases[i].word, strlen(cases[i].word), &options.precision));
        snprintf(body, sizeof body, "m v=1 %s", cases[i].t);
        snprintf(want, sizeof want, "1:m v=1 @%lld; ", (long long)cases[i].ms);
        assert_int_equal(listen(body, strlen(body), &options, &heard), 0);
        assert_string_equal(heard.text, want);
    }
    enum line_precision untouched = LINE_H;
    assert_false(line_precision_parse("sec", 3, &untouched));
    assert_false(line_precision_parse("", 0, &untouched));
    assert_int_equal(untouched, LINE_H);
}

static void a_wrong_line_is_refused_where_it_is_wrong(void **state)
{
    (void)state;
    assert_refused(",a=b v=1", ERR_SYNTAX, "no measurement", "1");
    assert_refused("m", ERR_SYNTAX, "no fields", "2");
    assert_refused("m,a=b", ERR_SYNTAX, "no fields", "6");
    assert_refused("m,a=b ", ERR_SYNTAX, "no fields", "7");
    assert_refused("m, a=b v=1", ERR_SYNTAX, "an empty tag key", "3");
    assert_refused("m,=b v=1", ERR_SYNTAX, "an empty tag key", "3");
    assert_refused("m,a v=1", ERR_SYNTAX, "a tag without a value", "4");
    assert_refused("m,a= v=1", ERR_SYNTAX, "a tag without a value", "5");
    assert_refused("m,a=b=c v=1", ERR_SYNTAX, "an equals sign in a tag's value", "6");
    assert_refused("m,b=1,a=2,b=3 v=1", ERR_INVALID, "\"b\" is there twice", "1");
    assert_refused("m =1", ERR_SYNTAX, "an empty field key", "3");
    assert_refused("m v=1, w=2", ERR_SYNTAX, "an empty field key", "7");
    assert_refused("m v", ERR_SYNTAX, "a field without a value", "4");
    assert_refused("m v=", ERR_SYNTAX, "\"\" is no value", "5");
    assert_refused("m v=abc", ERR_SYNTAX, "\"abc\" is no value", "5");
    assert_refused("m v=+1", ERR_SYNTAX, "\"+1\" is no value", "5");
    assert_refused("m v=NaN", ERR_SYNTAX, "\"NaN\" is no value", "5");
    assert_refused("m v=1e", ERR_SYNTAX, "no value", "5");
    assert_refused("m v=.", ERR_SYNTAX, "no value", "5");
    assert_refused("m v=1.5i", ERR_SYNTAX, "no value", "5");
    assert_refused("m v=-1u", ERR_SYNTAX, "no value", "5");
    assert_refused("m v=i", ERR_SYNTAX, "no value", "5");
    assert_refused("m v=0x10", ERR_SYNTAX, "no value", "5");
    assert_refused("m v=1e999", ERR_INVALID, "out of range", "5");
    assert_refused("m v=9223372036854775808i", ERR_INVALID, "out of range", "5");
    assert_refused("m v=18446744073709551616u", ERR_INVALID, "out of range", "5");
    assert_refused("m v=1 soon", ERR_SYNTAX, "\"soon\" is no timestamp, expected whole nanoseconds",
                   "7");
    assert_refused("m v=1 1.5", ERR_SYNTAX, "is no timestamp", "7");
    assert_refused("m v=1 99999999999999999999", ERR_INVALID, "outside years 1 to 9999", "7");
    assert_refused("m v=1 1 2", ERR_SYNTAX, "text behind the timestamp", "9");
    assert_refused("m v=\"a\"b", ERR_SYNTAX, "text behind a closing quote", "8");
    assert_refused("m v=1\tw=2", ERR_SYNTAX, "no value", "5");
    assert_refused("m\tv=1", ERR_SYNTAX, "control character 0x09", "2");
    assert_refused("m,a=\xff v=1", ERR_SYNTAX, "not UTF-8", "5");
    assert_refused("m\rv=1", ERR_SYNTAX, "control character 0x0d", "2");
}

static void timestamps_outside_of_the_calendar_are_refused_in_every_unit(void **state)
{
    (void)state;
    for (int precision = LINE_US; precision <= LINE_H; precision++) {
        struct line_options options = plain;
        struct heard heard;
        static const char body[] = "m v=1 9223372036854775807\nm v=1 -9223372036854775808";
        options.precision = (enum line_precision)precision;
        assert_int_equal(listen(body, sizeof body - 1, &options, &heard), 0);
        assert_int_equal(heard.totals.lines_refused, 2);
        assert_int_equal(heard.kept[1].code, ERR_INVALID);
    }
}

static void a_text_that_is_not_closed_costs_its_line_only(void **state)
{
    struct heard heard;
    static const char open_end[] = "a v=1\nm t=\"open\nb v=2\nc v=3\n";
    static const char open_before[] = "m t=\"open\nb t=\"closed\",v=2\nc v=3\n";
    (void)state;
    assert_int_equal(listen(open_end, sizeof open_end - 1, &plain, &heard), 0);
    assert_string_equal(heard.text, "1:a v=1 @now; 3:b v=2 @now; 4:c v=3 @now; ");
    assert_string_equal(heard.kept[0].place, "line 2, column 5");
    assert_int_equal(listen(open_before, sizeof open_before - 1, &plain, &heard), 0);
    assert_string_equal(heard.text, "2:b v=2 @now; 3:c v=3 @now; ");
    assert_string_equal(heard.kept[0].place, "line 1, column 5");
    assert_non_null(strstr(heard.kept[0].msg, "the next quote, on line 2"));
}

static void limits_refuse_the_line(void **state)
{
    char body[512] = "m";
    (void)state;
    for (int i = 0; i < 9; i++) {
        sprintf(body + strlen(body), ",t%d=1", i);
    }
    strcat(body, " v=1");
    assert_refused(body, ERR_TOO_LARGE, "more than 8 tags", "42");
    strcpy(body, "m t=\"\"");
    for (int i = 0; i < 8; i++) {
        sprintf(body + strlen(body), ",v%d=1", i);
    }
    assert_refused(body, ERR_TOO_LARGE, "more than 8 fields", "43");
    memset(body, 'n', 65);
    strcpy(body + 65, " v=1");
    assert_refused(body, ERR_TOO_LARGE, "a name of 65 bytes, at most 64", "1");
}

static void the_visitor_may_refuse_a_line_and_stop_everything(void **state)
{
    static const char body[] = "refuse v=1\nm v=2\nstop v=3\nm v=4";
    struct heard heard;
    (void)state;
    assert_int_equal(listen(body, 16, &plain, &heard), 0);
    assert_string_equal(heard.text, "2:m v=2 @now; ");
    assert_int_equal(heard.kept[0].code, ERR_CONFLICT);
    assert_string_equal(heard.kept[0].place, "line 1");
    assert_int_equal(listen(body, sizeof body - 1, &plain, &heard), -1);
    assert_int_equal(heard.err.code, ERR_BUSY);
    assert_string_equal(heard.text, "2:m v=2 @now; ");
    assert_int_equal(heard.totals.lines_taken, 0); /* untouched */
}

static void errors_over_the_maximum_are_counted_and_not_kept(void **state)
{
    char body[4 * (ERRORS_MAX + 5) + 1] = "";
    struct heard heard;
    (void)state;
    for (int i = 0; i < ERRORS_MAX + 5; i++) {
        strcat(body, "m v\n");
    }
    assert_int_equal(listen(body, strlen(body), &plain, &heard), 0);
    assert_int_equal(heard.errors.n, ERRORS_MAX + 5);
    assert_int_equal(heard.totals.lines_refused, ERRORS_MAX + 5);
    assert_string_equal(heard.kept[ERRORS_MAX - 1].place, "line 8, column 4");
}

/* ---- round trips ---- */

/* Writes a name with what needs it escaped; the name itself goes to want. */
static void put_name(char *body, char *want, bool measurement, uint64_t *seed)
{
    static const char *const letters[] = {"a", "b", "Z", "0", "é",   "\"",
                                          "#", ",", " ", "=", "\\n", "€"};
    for (uint64_t n = 1 + next_random(seed) % 5; n > 0; n--) {
        const char *letter = letters[next_random(seed) % (sizeof letters / sizeof letters[0])];
        bool escaped = *letter == ',' || *letter == ' ' || (*letter == '=' && !measurement);
        strcat(body, escaped ? "\\" : "");
        strcat(body, letter);
        strcat(want, letter);
    }
}

static void lines_written_at_random_read_back_the_same(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 5000; round++) {
        char body[1024] = "m", want[1024] = "1:m";
        struct heard heard;
        put_name(body, want, true, &seed);
        for (char tag = 'a'; tag < 'a' + (char)(next_random(&seed) % 4); tag++) {
            sprintf(body + strlen(body), ",%c", tag);
            sprintf(want + strlen(want), "[%c", tag);
            put_name(body, want, false, &seed);
            strcat(body, "=");
            strcat(want, "=");
            put_name(body, want, false, &seed);
            strcat(want, "]");
        }
        for (uint64_t i = 0, n = 1 + next_random(&seed) % 4; i < n; i++) {
            int64_t v = (int64_t)(next_random(&seed) % 2000000) - 1000000;
            strcat(body, i == 0 ? " " : ",");
            strcat(want, " ");
            put_name(body, want, false, &seed);
            sprintf(body + strlen(body), next_random(&seed) % 2 ? "=%lldi" : "=%lld.00",
                    (long long)v);
            sprintf(want + strlen(want), "=%lld", (long long)v);
        }
        int64_t t = (int64_t)(next_random(&seed) % 2000000000000);
        sprintf(body + strlen(body), " %lld%06d\n", (long long)t,
                (int)(next_random(&seed) % 1000000));
        sprintf(want + strlen(want), " @%lld; ", (long long)t);
        assert_int_equal(listen(body, strlen(body), &plain, &heard), 0);
        if (heard.errors.n > 0) {
            fail_msg("%s: %s: %s", body, heard.kept[0].place, heard.kept[0].msg);
        }
        assert_string_equal(heard.text, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_a_measurement_tags_fields_and_a_time),
        cmocka_unit_test(blank_lines_comments_and_carriage_returns_are_nothing),
        cmocka_unit_test(values_are_numbers_and_booleans),
        cmocka_unit_test(floats_are_read_as_libc_reads_them),
        cmocka_unit_test(texts_are_skipped_and_counted),
        cmocka_unit_test(a_backslash_makes_a_separator_part_of_a_name),
        cmocka_unit_test(precisions_turn_timestamps_into_ms),
        cmocka_unit_test(a_wrong_line_is_refused_where_it_is_wrong),
        cmocka_unit_test(timestamps_outside_of_the_calendar_are_refused_in_every_unit),
        cmocka_unit_test(a_text_that_is_not_closed_costs_its_line_only),
        cmocka_unit_test(limits_refuse_the_line),
        cmocka_unit_test(the_visitor_may_refuse_a_line_and_stop_everything),
        cmocka_unit_test(errors_over_the_maximum_are_counted_and_not_kept),
        cmocka_unit_test(lines_written_at_random_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
