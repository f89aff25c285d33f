/* From wishes to numbers. The season is looked for in a beginning of the history that grows in
 * jumps (by half, and wherever a candidate gets its second or third full period), so that it does
 * not change with every point, and yet depends on the history alone: after a restart it is the
 * same. */
#include "server/service/parts.h"

#include "core/season.h"

#include <math.h>
#include <string.h>

#define CANDIDATES_MAX 8

/* Default horizons: about two days of hours, a month of days, a year and a half of months. */
static const struct {
    struct trm_freq up_to; /* steps up to this long … */
    uint32_t horizon;      /* … are forecast so many ahead */
} horizons[] = {
    {{.ms = 59999}, 120},              /* seconds */
    {{.ms = 30 * 60000 - 1}, 60},      /* minutes */
    {{.ms = 86400000 - 1}, 48},        /* half-hours and hours */
    {{.ms = 7 * 86400000LL - 1}, 30},  /* days */
    {{.ms = 28 * 86400000LL - 1}, 13}, /* weeks */
    {{.months = 2}, 18},               /* months */
    {{.months = 11}, 8},               /* quarters */
};
#define HORIZON_LONGEST_STEPS 6 /* years */
#define HORIZON_WITHOUT_FREQ 24

uint32_t default_horizon(struct trm_freq freq)
{
    double length = freq.ms || freq.months ? trm_freq_mean_ms(freq) : 0;

    if (length <= 0)
        return HORIZON_WITHOUT_FREQ;
    for (size_t i = 0; i < sizeof horizons / sizeof *horizons; i++)
        if (length <= trm_freq_mean_ms(horizons[i].up_to))
            return horizons[i].horizon;
    return HORIZON_LONGEST_STEPS;
}

uint32_t service_default_horizon(struct trm_freq freq)
{
    return default_horizon(freq);
}

/* How much of a history of n steps is looked at: the largest jump that it has passed. */
static size_t looked_at(size_t n, const size_t *candidates, size_t candidate_n)
{
    size_t most = 0;

    if (n >= TRM_CONTEXT_MAX)
        return n;
    for (size_t jump = 8; jump <= n; jump += jump / 2)
        most = jump;
    for (size_t i = 0; i < candidate_n; i++)
        for (size_t periods = 2; periods <= 3; periods++)
            if (candidates[i] * periods <= n && candidates[i] * periods > most)
                most = candidates[i] * periods;
    return most;
}

uint32_t resolve_season(const struct series_settings *settings, struct trm_freq freq,
                        const double *values, size_t n)
{
    size_t candidates[CANDIDATES_MAX];

    if (settings->season_n > 0)
        return settings->season[0];
    if (freq.ms == 0 && freq.months == 0)
        return 1;
    size_t candidate_n = trm_freq_seasons(freq, CANDIDATES_MAX, candidates);
    return (uint32_t)trm_season_detect(values, looked_at(n, candidates, candidate_n), candidates,
                                       candidate_n);
}

/* Minutes of a step, season, and the period of weeks or years that usually goes with it. */
static const struct {
    uint32_t minutes, season, season2;
} longer[] = {{5, 288, 2016}, {10, 144, 1008}, {15, 96, 672},    {30, 48, 336},
              {60, 24, 168},  {1440, 7, 364},  {1440, 1, 365}};

uint32_t resolve_season2(const struct series_settings *settings, struct trm_freq freq, uint32_t season)
{
    if (settings->season_n > 1)
        return settings->season[1] > season ? settings->season[1] : 0;
    for (size_t i = 0; i < sizeof longer / sizeof *longer; i++)
        if (freq.ms == (int64_t)longer[i].minutes * 60000 && season == longer[i].season)
            return longer[i].season2;
    return 0;
}

struct trm_freq entry_freq(const struct entry *entry)
{
    return entry->grid_known ? entry->grid.freq : entry->settings.freq;
}

uint32_t entry_horizon(const struct entry *entry)
{
    return entry->settings.horizon ? entry->settings.horizon : default_horizon(entry_freq(entry));
}

uint32_t entry_season(struct entry *entry)
{
    if (entry->season == 0 || entry->season_stale) {
        struct window_view view = window_view(&entry->recent);
        entry->season = resolve_season(&entry->settings, entry_freq(entry), view.values, view.n);
        entry->season_stale = false;
    }
    return entry->season;
}

struct trm_config entry_config(struct entry *entry)
{
    struct trm_config config = trm_config_default(entry_season(entry), entry_horizon(entry));

    config.kind = entry->settings.model;
    if (config.kind == TRM_KIND_TRM)
        config.season2 = resolve_season2(&entry->settings, entry_freq(entry), config.season);
    return config;
}

bool config_has_other_seasons(const struct entry *entry, const struct trm_config *config)
{
    const struct series_settings *settings = &entry->settings;

    if (settings->season_n == 0)
        return false;
    return config->season != settings->season[0] ||
           (config->kind == TRM_KIND_TRM &&
            config->season2 != resolve_season2(settings, entry_freq(entry), config->season));
}

bool entry_outdated(const struct service *service, const struct entry *entry)
{
    const struct trm_model *model = entry->model ? model_ref_get(entry->model) : NULL;

    return model && trm_model_info(model)->config.kind == TRM_KIND_TRM &&
           trm_model_info(model)->base_identity != service_base(service)->identity;
}

const struct trm_model *entry_model(const struct service *service, const struct entry *entry)
{
    const struct trm_model *model = entry->model ? model_ref_get(entry->model) : NULL;

    if (!model)
        return NULL;
    const struct trm_model_info *info = trm_model_info(model);
    bool silent = info->config.kind != entry->settings.model || entry_outdated(service, entry) ||
                  config_has_other_seasons(entry, &info->config);
    return silent ? NULL : model;
}

uint64_t settings_revision(const struct series_settings *settings)
{
    static const struct siphash_key fixed = {1, 1};
    struct {
        double min, max;
        uint64_t horizon, integer, model, season_n, aggregate;
        uint64_t season[SERIES_SEASONS_MAX];
    } seen = {.min = isnan(settings->min) ? (double)INFINITY : settings->min,
              .max = isnan(settings->max) ? -(double)INFINITY : settings->max,
              .horizon = settings->horizon,
              .integer = settings->integer,
              .model = settings->model,
              .aggregate = settings->aggregate,
              .season_n = settings->season_n};

    for (size_t i = 0; i < settings->season_n; i++)
        seen.season[i] = settings->season[i];
    return siphash(&fixed, &seen, sizeof seen);
}

static int check_seasons(const struct series_settings *settings, struct err *err)
{
    if (settings->season_n > SERIES_SEASONS_MAX) {
        err_set(err, ERR_INVALID, "at most %d seasons", SERIES_SEASONS_MAX);
        return err_at(err, "/season");
    }
    for (uint32_t i = 0; i < settings->season_n; i++) {
        unsigned longest = series_season_max(i);
        if (settings->season[i] < 1 || settings->season[i] > longest) {
            err_set(err, ERR_INVALID, "a season is a period of 1 to %u steps", longest);
            return err_at(err, "/season/%u", i);
        }
    }
    return 0;
}

int settings_check(const struct series_settings *settings, struct err *err)
{
    if (check_seasons(settings, err))
        return -1;
    if (settings->horizon > TRM_HORIZON_MAX) {
        err_set(err, ERR_INVALID, "a horizon is 1 to %d steps", TRM_HORIZON_MAX);
        return err_at(err, "/horizon");
    }
    if (settings->aggregate != AGGREGATE_NONE && settings->freq.ms == 0 && settings->freq.months == 0) {
        err_set(err, ERR_INVALID,
                "points that are aggregated may lie anywhere and tell no frequency: name it "
                "(\"frequency\":\"1h\")");
        return err_at(err, "/frequency");
    }
    if (settings->retention > 0 && settings->retention < TRM_CONTEXT_MAX) {
        err_set(err, ERR_INVALID,
                "retention_points is %u: expected 0 (all are kept) or at least %d, which is what a forecast "
                "looks back on, so that it is the same after a restart",
                settings->retention, TRM_CONTEXT_MAX);
        return err_at(err, "/retention_points");
    }
    if (settings->min > settings->max) {
        err_set(err, ERR_INVALID, "min is %g and max is %g: min must not be larger", settings->min,
                settings->max);
        return err_at(err, "/min");
    }
    return 0;
}
