/* Time zones: files against what Python's zoneinfo says of them, and bytes that are no zone. */
#include "core/calendar.h"
#include "core/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/core/golden/zone_golden.h"
#include "tests/core/zone_file.h"

#define GOLDEN_N (sizeof golden / sizeof golden[0])
#define HOUR INT64_C(3600000)

static int64_t time_of(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(trm_time_parse(text, strlen(text), &ms), TRM_OK);
    return ms;
}

/* Where the local time is found: at this time. */
static void finds(const struct trm_zone *zone, const char *local, const char *time)
{
    assert_int_equal(trm_zone_instant(zone, time_of(local)), time_of(time));
}

static void shows(const struct trm_zone *zone, int64_t time_ms, int32_t offset)
{
    assert_int_equal(trm_zone_local(zone, time_ms), time_ms + offset * INT64_C(1000));
}

/* One window: before, at and between its changes. */
static void check_window(const struct trm_zone *zone, const struct window *window,
                         const struct change *changes)
{
    int32_t offset = window->offset;
    int64_t from = window->first;
    for (size_t i = 0; i <= window->n; i++) {
        int64_t to = i < window->n ? changes[i].at : window->last;
        for (int k = 0; k < 7; k++) {
            shows(zone, from * 1000 + (to - from) * 1000 / 7 * k, offset);
        }
        shows(zone, to * 1000 - 1, offset);
        if (i < window->n) {
            offset = changes[i].offset;
            from = to;
        }
    }
}

static void clocks_show_what_python_says_in_every_window(void **state)
{
    (void)state;
    for (size_t z = 0; z < GOLDEN_N; z++) {
        struct trm_zone *zone = zone_named(golden[z].name);
        const struct change *changes = golden[z].changes;
        for (size_t w = 0; w < GOLDEN_WINDOWS; w++) {
            check_window(zone, &golden[z].windows[w], changes);
            changes += golden[z].windows[w].n;
        }
        trm_zone_free(zone);
    }
}

static void local_times_are_found_where_python_finds_them(void **state)
{
    (void)state;
    for (size_t z = 0; z < GOLDEN_N; z++) {
        struct trm_zone *zone = zone_named(golden[z].name);
        assert_true(golden[z].reading_n >= 30);
        for (size_t i = 0; i < golden[z].reading_n; i++) {
            const struct reading *reading = &golden[z].readings[i];
            assert_int_equal(trm_zone_instant(zone, reading->local * 1000), reading->utc * 1000);
        }
        trm_zone_free(zone);
    }
}

static void instants_are_the_first_moments_their_local_times_are_reached(void **state)
{
    (void)state;
    for (size_t z = 0; z < GOLDEN_N; z++) {
        struct trm_zone *zone = zone_named(golden[z].name);
        int64_t before = INT64_MIN;
        for (int64_t local = time_of("1960-01-01"); local < time_of("2060-01-01"); local += 7 * HOUR / 4) {
            int64_t time = trm_zone_instant(zone, local);
            assert_true(trm_zone_local(zone, time) >= local);
            assert_true(trm_zone_local(zone, time - 1) < local);
            assert_true(time >= before);
            before = time;
        }
        trm_zone_free(zone);
    }
}

static void a_gap_ends_where_it_does_and_an_overlap_counts_once(void **state)
{
    struct trm_zone *berlin = zone_named("Berlin"), *howe = zone_named("Lord_Howe");
    (void)state;
    finds(berlin, "2026-03-29T02:30:00", "2026-03-29T01:00:00Z");
    finds(berlin, "2026-03-29T03:00:00", "2026-03-29T01:00:00Z");
    finds(berlin, "2026-10-25T02:30:00", "2026-10-25T00:30:00Z");
    assert_int_equal(trm_zone_local(berlin, time_of("2026-10-25T01:30:00Z")), time_of("2026-10-25T02:30:00"));
    finds(howe, "2026-10-04T02:15:00", "2026-10-03T15:30:00Z");
    trm_zone_free(berlin);
    trm_zone_free(howe);
}

static void only_zones_that_left_a_day_out_say_so(void **state)
{
    static const struct {
        const char *name;
        bool skips;
    } cases[] = {{"Apia", true}, {"Kwajalein", true}, {"Berlin", false}, {"Nuuk", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trm_zone *zone = zone_named(cases[i].name);
        assert_int_equal(trm_zone_skips_days(zone), cases[i].skips);
        trm_zone_free(zone);
    }
    assert_false(trm_zone_skips_days(NULL));
}

static void no_zone_is_utc(void **state)
{
    (void)state;
    assert_int_equal(trm_zone_local(NULL, 12345), 12345);
    assert_int_equal(trm_zone_instant(NULL, 12345), 12345);
}

static void the_ends_of_time_have_local_times(void **state)
{
    (void)state;
    for (size_t z = 0; z < GOLDEN_N; z++) {
        struct trm_zone *zone = zone_named(golden[z].name);
        const int64_t ends[] = {TRM_TIME_MIN - 48 * HOUR, TRM_TIME_MIN, TRM_TIME_MAX,
                                TRM_TIME_MAX + 48 * HOUR};
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(trm_zone_instant(zone, trm_zone_local(zone, ends[i])), ends[i]);
        }
        trm_zone_free(zone);
    }
}

/* The old format says nothing of the time after 2037: its last change lasts. */
static void a_file_of_version_1_is_read(void **state)
{
    struct trm_zone *old = zone_named("version_1"), *now = zone_named("New_York");
    (void)state;
    for (int64_t t = time_of("1902-01-01"); t < time_of("2037-12-31"); t += 37 * HOUR) {
        assert_int_equal(trm_zone_local(old, t), trm_zone_local(now, t));
    }
    shows(old, time_of("2050-07-01"), -5 * 3600);
    shows(now, time_of("2050-07-01"), -4 * 3600);
    trm_zone_free(old);
    trm_zone_free(now);
}

static void summer_time_may_last_all_year(void **state)
{
    struct trm_zone *zone = zone_named("always_summer");
    (void)state;
    for (int64_t t = time_of("0002-01-01"); t < time_of("9999-12-01"); t += 1000 * HOUR) {
        shows(zone, t, -4 * 3600);
    }
    shows(zone, time_of("2027-01-01T03:00:00Z"), -4 * 3600);
    trm_zone_free(zone);
}

/* ---- rules, in a file with nothing else ---- */

static enum trm_status decode_rule(const char *rule, struct trm_zone **ret)
{
    static unsigned char bytes[512];
    unsigned char part[54] = "TZif2";
    part[39] = 1;                     /* one type … */
    part[43] = 4;                     /* … four letters */
    memcpy(part + 50, "ABC", 4);
    memcpy(bytes, part, 54);
    memcpy(bytes + 54, part, 54);
    size_t n = 108 + (size_t)snprintf((char *)bytes + 108, sizeof bytes - 108, "\n%s\n", rule);
    return trm_zone_decode(bytes, n, ret);
}

static void every_form_of_a_rule_is_understood(void **state)
{
    static const struct {
        const char *rule, *time;
        int32_t offset;
    } cases[] = {
        {"", "2026-07-01", 0},
        {"EST5", "2026-07-01", -18000},
        {"<+0545>-5:45", "2026-07-01", 20700},
        {"<-00>0:00:01", "2026-07-01", -1},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18000},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -14400},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -18000},
        {"AAA+5BBB+3:30,J60/0,J300/0", "2028-03-01T05:00:00Z", -12600}, /* J60 is 1 March, leap or not */
        {"AAA+5BBB+3:30,J60/0,J300/0", "2028-03-01T04:59:59Z", -18000},
        {"AAA0BBB,59/0,300/0", "2028-02-29T00:00:00Z", 3600}, /* 59 is 29 February in a leap year */
        {"AAA0BBB,59/0,300/0", "2027-02-28T23:59:59Z", 0},
        {"AAA0BBB,59/0,300/0", "2027-03-01T00:00:00Z", 3600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600}, /* Saturday, 23:00 */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00Z", 10800}, /* 50 hours: two days later */
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59Z", 7200},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01", 0}, /* "summer" time is the winter's */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01", 39600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-01", 36000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trm_zone *zone = NULL;
        assert_int_equal(decode_rule(cases[i].rule, &zone), TRM_OK);
        shows(zone, time_of(cases[i].time), cases[i].offset);
        trm_zone_free(zone);
    }
}

static void rules_that_are_wrong_are_damage(void **state)
{
    static const char *const wrong[] = {
        "E5", "EST", "EST25", "EST5:60", "EST5:00:60", "EST+-5", "<EST5", "EST5EDT", "EST5EDT,M3.2.0",
        "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,J0,J300", "EST5EDT,J366,J300", "EST5EDT,366,300",
        "EST5EDT,M3.2.0,M11.1.0,", "EST5EDT4.5,M3.2.0,M11.1.0", "EST5EDT,M3.2,M11.1.0", "EST5 ",
        /* Ends of one year behind starts of the next. */
        "AAA0BBB,0/-167,365/167"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct trm_zone *zone = NULL;
        assert_int_equal(decode_rule(wrong[i], &zone), TRM_ECORRUPT);
        assert_null(zone);
    }
}

/* ---- damage ---- */

static enum trm_status decode_copy(const unsigned char *bytes, size_t n)
{
    unsigned char *copy = malloc(n == 0 ? 1 : n); /* so that a sanitizer sees the end */
    struct trm_zone *zone = NULL;
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    enum trm_status status = trm_zone_decode(copy, n, &zone);
    assert_int_equal(zone != NULL, status == TRM_OK);
    trm_zone_free(zone);
    free(copy);
    return status;
}

static void every_cut_of_a_file_is_damage(void **state)
{
    static unsigned char bytes[TRM_ZONE_BYTES_MAX + 1];
    static const char *const names[] = {"Berlin", "version_1", "always_summer"};
    (void)state;
    for (size_t f = 0; f < 3; f++) {
        size_t n = zone_bytes(names[f], bytes);
        for (size_t cut = 0; cut < n; cut++) {
            assert_int_equal(decode_copy(bytes, cut), TRM_ECORRUPT);
        }
        bytes[n] = 0;
        assert_int_equal(decode_copy(bytes, n + 1), TRM_ECORRUPT);
    }
    assert_int_equal(decode_copy(bytes, TRM_ZONE_BYTES_MAX + 1), TRM_ECORRUPT);
}

static void fields_out_of_range_are_damage(void **state)
{
    static unsigned char good[TRM_ZONE_BYTES_MAX], bytes[TRM_ZONE_BYTES_MAX];
    /* In "always_summer": where, what, and what it is then. */
    static const struct {
        size_t at;
        unsigned char value;
        enum trm_status status;
    } cases[] = {
        {0, 'X', TRM_ECORRUPT},   {4, '1', TRM_EVERSION},  {4, '5', TRM_EVERSION},
        {4, '2', TRM_ECORRUPT}, /* not as the second header says */
        {58, '5', TRM_EVERSION},  {58, 0, TRM_ECORRUPT},   {74, 255, TRM_ECORRUPT},
        {93, 0, TRM_ECORRUPT},  /* no type */
        {98, 1, TRM_ECORRUPT},  /* an offset of 16 million seconds */
        {102, 2, TRM_ECORRUPT}, /* neither summer nor not */
        {103, 4, TRM_ECORRUPT}, /* a name behind the letters */
    };
    size_t n = zone_bytes("always_summer", good);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(bytes, good, n);
        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(decode_copy(bytes, n), cases[i].status);
    }
}

static void changes_out_of_order_and_unknown_types_are_damage(void **state)
{
    static unsigned char bytes[TRM_ZONE_BYTES_MAX];
    size_t n = zone_bytes("version_1", bytes);
    (void)state;
    unsigned char first = bytes[44];
    bytes[44] = 0x7f; /* the first change, last of all */
    assert_int_equal(decode_copy(bytes, n), TRM_ECORRUPT);
    bytes[44] = first;
    assert_int_equal(decode_copy(bytes, n), TRM_OK);
    size_t changes = (size_t)bytes[34] << 8 | bytes[35];
    bytes[44 + 4 * changes] = 200;
    assert_int_equal(decode_copy(bytes, n), TRM_ECORRUPT);
}

static void files_that_count_leap_seconds_are_refused(void **state)
{
    static unsigned char bytes[TRM_ZONE_BYTES_MAX];
    size_t n = zone_bytes("version_1", bytes);
    (void)state;
    memmove(bytes + n, bytes + n - 8, 8);
    bytes[31] = 1; /* one of them: eight bytes more */
    assert_int_equal(decode_copy(bytes, n + 8), TRM_EVERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_show_what_python_says_in_every_window),
        cmocka_unit_test(local_times_are_found_where_python_finds_them),
        cmocka_unit_test(instants_are_the_first_moments_their_local_times_are_reached),
        cmocka_unit_test(a_gap_ends_where_it_does_and_an_overlap_counts_once),
        cmocka_unit_test(only_zones_that_left_a_day_out_say_so),
        cmocka_unit_test(no_zone_is_utc),
        cmocka_unit_test(the_ends_of_time_have_local_times),
        cmocka_unit_test(a_file_of_version_1_is_read),
        cmocka_unit_test(summer_time_may_last_all_year),
        cmocka_unit_test(every_form_of_a_rule_is_understood),
        cmocka_unit_test(rules_that_are_wrong_are_damage),
        cmocka_unit_test(every_cut_of_a_file_is_damage),
        cmocka_unit_test(fields_out_of_range_are_damage),
        cmocka_unit_test(changes_out_of_order_and_unknown_types_are_damage),
        cmocka_unit_test(files_that_count_leap_seconds_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
