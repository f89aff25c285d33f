/* How excerpts are cut, and changed. */
#include "core/excerpt.h"

#include "core/num.h"

#define MIX_TRIES 8

/* A series as it is, or the means of each two of its values. */
struct view {
    const double *from;
    size_t n, every;
    uint32_t season, season2;
};

static struct view view_of(const struct trm_source *source, size_t every)
{
    uint32_t season = source->season <= TRM_SEASON_MAX ? source->season : 1;
    uint32_t season2 = source->season2;

    if (every == 2) {
        season = season > 1 ? season / 2 : 1;
        season2 = season2 % 2 ? 0 : season2 / 2;
    }
    return (struct view){.from = source->values + source->n % every,
                         .n = source->n / every,
                         .every = every,
                         .season = season,
                         .season2 = season2};
}

static double value_at(const struct view *view, size_t t)
{
    const double *at = view->from + t * view->every;
    return view->every == 1 ? at[0] : (at[0] + at[1]) / 2;
}

size_t trm_excerpt_horizon(const struct trm_source *source)
{
    return trm_min_size(trm_max_size(source->horizon, 1), TRM_PRIOR_HORIZON_MAX);
}

static bool holds(const struct view *view, size_t horizon)
{
    return view->n >= horizon + TRM_EXCERPT_PAST_MIN;
}

bool trm_excerpt_fits(const struct trm_source *source)
{
    struct view view = view_of(source, 1);
    return holds(&view, trm_excerpt_horizon(source));
}

/* The n values before origin and horizon values from it on. */
static void copy_window(const struct view *view, size_t origin, size_t n, size_t horizon,
                        struct trm_excerpt *ret)
{
    ret->n = n;
    ret->horizon = horizon;
    ret->season = view->season;
    ret->season2 = view->season2;
    for (size_t i = 0; i < n + horizon; i++)
        ret->values[i] = value_at(view, origin - n + i);
}

void trm_excerpt_at(const struct trm_source *source, size_t origin, size_t horizon,
                    struct trm_excerpt *ret)
{
    struct view view = view_of(source, 1);
    copy_window(&view, origin, trm_min_size(origin, TRM_CONTEXT_MAX), horizon, ret);
}

/* Three seasons and a little where there are that many. */
static size_t least_past(const struct view *view, size_t horizon)
{
    return trm_min_size(3 * view->season + TRM_EXCERPT_PAST_MIN, view->n - horizon);
}

/* Everything before the origin, or a part of it with every order of magnitude as likely. */
static size_t draw_length(size_t least, size_t most, struct trm_rng *rng)
{
    if (trm_rng_uniform(rng) < .5 || least >= most)
        return most;
    double low = log((double)least), high = log((double)most + 1);
    size_t n = (size_t)exp(low + (high - low) * trm_rng_uniform(rng));
    return trm_min_size(trm_max_size(n, least), most);
}

static void draw_plain(const struct view *view, size_t horizon, struct trm_rng *rng,
                       struct trm_excerpt *ret)
{
    size_t least = least_past(view, horizon);
    size_t origin = least + trm_rng_below(rng, view->n - horizon - least + 1);
    size_t most = trm_min_size(origin, TRM_CONTEXT_MAX);

    copy_window(view, origin, draw_length(trm_min_size(least, most), most, rng), horizon, ret);
}

/* ---- changes ---- */

/* Mean and deviation of the history's observed values; false where it is constant. */
static bool standards(const double *values, size_t n, double *ret_mean, double *ret_sd)
{
    double sum = 0, squares = 0;
    size_t seen = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            sum += values[i];
            seen++;
        }
    double mean = sum / (double)trm_max_size(seen, 1);
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            squares += (values[i] - mean) * (values[i] - mean);
    *ret_mean = mean;
    *ret_sd = sqrt(squares / (double)trm_max_size(seen, 1));
    return isfinite(*ret_sd) && *ret_sd > 0;
}

static bool alike(const struct trm_source *a, const struct trm_source *b, size_t least)
{
    return a->season == b->season && a->kind == b->kind && b->n >= least;
}

/* Adds a share of another series, with both brought to the window's level and size. Nothing happens
 * where no like series is found. */
static void mix(const struct trm_source *list, size_t list_n, size_t at, struct trm_rng *rng,
                struct trm_excerpt *w)
{
    const struct trm_source *other = NULL;
    size_t all = w->n + w->horizon;
    double share = .1 + .8 * trm_rng_uniform(rng), mean, sd, other_mean, other_sd;

    for (int tries = 0; tries < MIX_TRIES && !other; tries++) {
        const struct trm_source *guess = &list[trm_rng_below(rng, list_n)];
        other = alike(&list[at], guess, all) ? guess : NULL;
    }
    if (!other)
        return;
    const double *from = other->values + trm_rng_below(rng, other->n - all + 1);
    if (!standards(w->values, w->n, &mean, &sd) || !standards(from, w->n, &other_mean, &other_sd))
        return;
    for (size_t i = 0; i < all; i++) {
        double theirs = mean + sd * ((from[i] - other_mean) / other_sd);
        w->values[i] = (1 - share) * w->values[i] + share * theirs;
    }
}

/* Times a slow growth and a slower wave than any season. */
static void bend(struct trm_rng *rng, struct trm_excerpt *w)
{
    double growth = .5 * trm_rng_normal(rng), wave = .15 * trm_rng_normal(rng);
    double turns = .5 + trm_rng_uniform(rng), phase = trm_rng_uniform(rng);
    size_t all = w->n + w->horizon;

    for (size_t i = 0; i < all; i++) {
        double u = (double)i / (double)all;
        w->values[i] *= exp(growth * u + wave * sin(6.28318530717958648 * (turns * u + phase)));
    }
}

void trm_excerpt_draw(const struct trm_source *list, size_t list_n, size_t at, struct trm_rng *rng,
                      struct trm_excerpt *ret)
{
    const struct trm_source *source = &list[at];
    size_t most = trm_excerpt_horizon(source), least = (most + 1) / 2;
    size_t horizon = least + trm_rng_below(rng, most - least + 1);
    size_t change = trm_rng_uniform(rng) < .5 ? 3 : trm_rng_below(rng, 3);
    struct view plain = view_of(source, 1), slow = view_of(source, 2);
    bool halves = source->season == 1 || source->season % 2 == 0;

    if (change == 0 && halves && holds(&slow, horizon)) {
        draw_plain(&slow, horizon, rng, ret);
        return;
    }
    draw_plain(&plain, horizon, rng, ret);
    if (change == 1)
        mix(list, list_n, at, rng, ret);
    else if (change != 3)
        bend(rng, ret);
}
