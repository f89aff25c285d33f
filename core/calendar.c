/* Frequencies and grids. Knows steps of milliseconds and of months; leaves dates to civil.h.
 * Surprising: a calendar grid whose anchor is the last day of its month means "the last day of
 * every month", so 28 February and 31 March lie on one grid. */
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

/* ---- grids ---- */

static int64_t month_of(int64_t time_ms)
{
    int64_t ms_of_day;
    return trm_civil_from_days(trm_civil_day_of(time_ms, &ms_of_day)).month;
}

/* The anchor's day and time of day, `months` later. */
static int64_t months_after(int64_t anchor_ms, int64_t months)
{
    int64_t ms_of_day;
    struct trm_civil date = trm_civil_from_days(trm_civil_day_of(anchor_ms, &ms_of_day));
    bool last_day = date.day == trm_civil_month_days(date.month);
    date.month += months;
    int length = trm_civil_month_days(date.month);
    date.day = last_day || date.day > length ? length : date.day;
    return trm_civil_to_days(date) * TRM_DAY_MS + ms_of_day;
}

static int64_t saturate(int64_t step)
{
    return step < 0 ? TRM_TIME_MIN : TRM_TIME_MAX;
}

int64_t trm_grid_time(const struct trm_grid *grid, int64_t step)
{
    int64_t offset, time;
    if (grid->freq.months != 0) {
        /* 20,000 years are beyond either end from anywhere inside. */
        if (__builtin_mul_overflow(step, (int64_t)grid->freq.months, &offset) || offset < -240000 ||
            offset > 240000) {
            return saturate(step);
        }
        time = months_after(grid->anchor_ms, offset);
    } else if (__builtin_mul_overflow(step, grid->freq.ms, &offset) ||
               __builtin_add_overflow(grid->anchor_ms, offset, &time)) {
        return saturate(step);
    }
    return time < TRM_TIME_MIN ? TRM_TIME_MIN : time > TRM_TIME_MAX ? TRM_TIME_MAX : time;
}

/* The step at or before a time; at most one too late for calendar grids. */
static int64_t step_near(const struct trm_grid *grid, int64_t time_ms)
{
    int64_t unit = grid->freq.ms, distance = time_ms - grid->anchor_ms;
    if (grid->freq.months != 0) {
        unit = grid->freq.months;
        distance = month_of(time_ms) - month_of(grid->anchor_ms);
    }
    return distance / unit - (distance % unit < 0);
}

enum trm_status trm_grid_step(const struct trm_grid *grid, int64_t time_ms, int64_t *ret_step)
{
    if (time_ms < TRM_TIME_MIN || time_ms > TRM_TIME_MAX) {
        return TRM_ERANGE;
    }
    int64_t step = step_near(grid, time_ms);
    int64_t at = grid->freq.months != 0 ? months_after(grid->anchor_ms, step * grid->freq.months)
                                        : grid->anchor_ms + step * grid->freq.ms;
    *ret_step = at > time_ms ? step - 1 : step;
    return at == time_ms ? TRM_OK : TRM_EOFFGRID;
}

int64_t trm_grid_anchor(struct trm_freq freq, const int64_t *times, size_t n)
{
    size_t best = 0;
    int best_rank = -1;
    for (size_t i = 0; freq.months != 0 && i < n; i++) {
        int64_t ms_of_day;
        struct trm_civil date = trm_civil_from_days(trm_civil_day_of(times[i], &ms_of_day));
        int rank = date.day * 2 + (date.day < trm_civil_month_days(date.month));
        if (rank > best_rank) {
            best = i;
            best_rank = rank;
        }
    }
    return times[best];
}

/* ---- inference ---- */

#define CANDIDATES 8

struct candidate {
    int64_t difference;
    size_t count;
};

static void count_difference(struct candidate *found, int64_t difference)
{
    struct candidate *free_slot = NULL;
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (found[i].count > 0 && found[i].difference == difference) {
            found[i].count++;
            return;
        }
        if (found[i].count == 0) {
            free_slot = &found[i];
        }
    }
    if (free_slot != NULL) {
        *free_slot = (struct candidate){difference, 1};
        return;
    }
    for (size_t i = 0; i < CANDIDATES; i++) {
        found[i].count--;
    }
}

static int64_t difference_at(const int64_t *times, size_t i, bool months)
{
    return months ? month_of(times[i]) - month_of(times[i - 1]) : times[i] - times[i - 1];
}

/* The most common difference, the smaller of equals. In constant memory: every difference that more
 * than one in nine share stays among the candidates (Misra and Gries), and a second pass counts
 * them; a rarer one is no frequency. */
static int64_t common_difference(const int64_t *times, size_t n, bool months)
{
    struct candidate found[CANDIDATES] = {{0, 0}};
    struct candidate best = {0, 0};
    for (size_t i = 1; i < n; i++) {
        count_difference(found, difference_at(times, i, months));
    }
    for (size_t k = 0; k < CANDIDATES; k++) {
        struct candidate exact = {found[k].difference, 0};
        for (size_t i = 1; found[k].count > 0 && i < n; i++) {
            exact.count += difference_at(times, i, months) == exact.difference;
        }
        if (exact.count > best.count ||
            (exact.count == best.count && exact.difference < best.difference)) {
            best = exact;
        }
    }
    return best.difference;
}

static bool all_on_grid(struct trm_freq freq, const int64_t *times, size_t n)
{
    struct trm_grid grid = {freq, trm_grid_anchor(freq, times, n)};
    for (size_t i = 0; i < n; i++) {
        int64_t step;
        if (trm_grid_step(&grid, times[i], &step) != TRM_OK) {
            return false;
        }
    }
    return true;
}

enum trm_status trm_freq_infer(const int64_t *times, size_t n, struct trm_freq *ret)
{
    if (n < 2) {
        return TRM_ESHORT;
    }
    for (size_t i = 0; i < n; i++) {
        if (times[i] < TRM_TIME_MIN || times[i] > TRM_TIME_MAX ||
            (i > 0 && times[i] <= times[i - 1])) {
            return TRM_EINVAL;
        }
    }
    int64_t ms = common_difference(times, n, false);
    if (ms >= 28 * TRM_DAY_MS) {
        struct trm_freq freq = {0, (int32_t)common_difference(times, n, true)};
        if (freq.months > 0 && freq.months <= FREQ_MONTHS_MAX && all_on_grid(freq, times, n)) {
            *ret = freq;
            return TRM_OK;
        }
    }
    struct trm_freq freq = {ms, 0};
    if (ms < 1 || ms > FREQ_MS_MAX || !all_on_grid(freq, times, n)) {
        return TRM_EINVAL;
    }
    *ret = freq;
    return TRM_OK;
}
