/* Frequencies: their text, their length, the seasons that go with them. Leaves grids to grid.c and guessing
 * to infer.c. Surprising: one table of units serves reading and writing, so the order of its rows decides
 * which of several right texts is written. */
#include "core/calendar.h"

#include "core/civil.h"
#include "core/model.h"

#define FREQ_MONTHS_MAX 1200
#define FREQ_MS_MAX (INT64_C(36525) * TRM_DAY_MS)
#define MONTH_MEAN_MS (30.436875 * 86400000.0)
#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)

struct unit {
    const char *name;
    int64_t ms;
    int32_t months;
};

/* Longest first among those of a kind: formatting takes the first that divides. */
static const struct unit units[] = {
    {"y", 0, 12},         {"q", 0, 3},       {"mo", 0, 1},        {"w", 7 * TRM_DAY_MS, 0},
    {"d", TRM_DAY_MS, 0}, {"h", HOUR_MS, 0}, {"m", MINUTE_MS, 0}, {"s", 1000, 0},
    {"ms", 1, 0},
};
#define UNIT_N (sizeof units / sizeof units[0])

static const struct unit *unit_named(const char *text, size_t text_n)
{
    for (size_t i = 0; i < UNIT_N; i++) {
        size_t n = 0;
        while (n < text_n && units[i].name[n] == text[n] && text[n] != '\0') {
            n++;
        }
        if (n == text_n && units[i].name[n] == '\0') {
            return &units[i];
        }
    }
    return NULL;
}

enum trm_status trm_freq_parse(const char *text, size_t text_n, struct trm_freq *ret)
{
    size_t at = 0;
    int64_t count = 0;
    while (at < text_n && text[at] >= '0' && text[at] <= '9' && count <= FREQ_MS_MAX) {
        count = count * 10 + (text[at++] - '0');
    }
    if (at == 0) {
        count = 1;
    } else if (text[0] == '0') {
        return TRM_EINVAL;
    }
    const struct unit *unit = unit_named(text + at, text_n - at);
    if (unit == NULL ||
        count > (unit->months != 0 ? FREQ_MONTHS_MAX / unit->months : FREQ_MS_MAX / unit->ms)) {
        return TRM_EINVAL;
    }
    *ret = (struct trm_freq){count * unit->ms, (int32_t)count * unit->months};
    return TRM_OK;
}

void trm_freq_format(struct trm_freq freq, char *buf)
{
    const struct unit *unit = &units[UNIT_N - 1];
    for (size_t i = UNIT_N; i-- > 0;) {
        if (freq.months != 0 ? units[i].months != 0 && freq.months % units[i].months == 0
                             : units[i].ms != 0 && freq.ms % units[i].ms == 0) {
            unit = &units[i];
        }
    }
    int64_t count = freq.months != 0 ? freq.months / unit->months : freq.ms / unit->ms;
    char digits[TRM_FREQ_TEXT_MAX];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    while (n > 0) {
        *buf++ = digits[--n];
    }
    for (const char *name = unit->name; *name != '\0'; name++) {
        *buf++ = *name;
    }
    *buf = '\0';
}

bool trm_freq_equal(struct trm_freq a, struct trm_freq b)
{
    return a.ms == b.ms && a.months == b.months;
}

bool trm_freq_follows_zone(struct trm_freq freq)
{
    return freq.months != 0 || (freq.ms != 0 && freq.ms % TRM_DAY_MS == 0);
}

double trm_freq_mean_ms(struct trm_freq freq)
{
    return freq.months != 0 ? freq.months * MONTH_MEAN_MS : (double)freq.ms;
}

/* ---- seasons ---- */

struct season_list {
    size_t max, n;
    size_t *periods;
};

static void add_season(struct season_list *list, int64_t period)
{
    if (period >= 2 && period <= TRM_SEASON_MAX && list->n < list->max) {
        list->periods[list->n++] = (size_t)period;
    }
}

/* A period of `span` milliseconds, where it is a whole number of steps and at least `steps_min`. */
static void add_span(struct season_list *list, int64_t step_ms, int64_t span, int64_t steps_min)
{
    if (span % step_ms == 0 && span / step_ms >= steps_min) {
        add_season(list, span / step_ms);
    }
}

size_t trm_freq_seasons(struct trm_freq freq, size_t max, size_t *ret)
{
    struct season_list list = {max, 0, ret};
    if (freq.months != 0) {
        add_season(&list, 12 % freq.months == 0 ? 12 / freq.months : 0);
    } else if (freq.ms >= 7 * TRM_DAY_MS) {
        add_season(&list, (int64_t)(365.25 * (double)TRM_DAY_MS / (double)freq.ms + 0.5));
    } else if (freq.ms > 0) {
        add_span(&list, freq.ms, 7 * TRM_DAY_MS, 2);
        add_span(&list, freq.ms, TRM_DAY_MS, 2);
        /* Rhythms of the hour and the minute show in fine steps only. */
        add_span(&list, freq.ms, HOUR_MS, 12);
        add_span(&list, freq.ms, MINUTE_MS, 12);
    }
    return list.n;
}
