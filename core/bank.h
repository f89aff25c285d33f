/* The bank of drafts: closed-form forecasts of a history, from the naive to ridge autoregression
 * and analogs. Knows how each is computed; refuses to know which is to be trusted (sense.h measures
 * that, the thinker decides). Surprising: a draft that cannot exist for a history (too short, not
 * positive, no second season) is not absent but equals its nearest relative, so that whoever reads
 * the bank always reads TRM_BANK_DRAFTS finite rows and needs no mask.
 *
 * Every draft is scale-equivariant; all but the multiplicative ones (trm_bank_is_additive says
 * which) are shift-equivariant too. Sources are named where each is computed. */
#ifndef TRM_BANK_H
#define TRM_BANK_H

#include "core/num.h"
#include "core/status.h"

/* X(enum name, text, shift-equivariant). The order is part of the weights' format. */
#define TRM_BANK_LIST(X)                                                                           \
    X(NAIVE, "naive", 1)                                                                           \
    X(SNAIVE, "seasonal_naive", 1)                                                                 \
    X(SNAIVE_2, "two_seasons_back", 1)                                                             \
    X(SNAIVE_3, "three_seasons_back", 1)                                                           \
    X(SNAIVE_4, "four_seasons_back", 1)                                                            \
    X(PROFILE, "recent_profile", 1)                                                                \
    X(RATIO, "seasonal_naive_growth", 0)                                                           \
    X(SDRIFT, "seasonal_drift", 1)                                                                 \
    X(SMEDIAN, "seasonal_median", 1)                                                               \
    X(LONG_NAIVE, "long_season_naive", 1)                                                          \
    X(LONG_ADJUSTED, "long_season_adjusted", 1)                                                    \
    X(LONG_MEAN, "long_season_mean", 1)                                                            \
    X(LONG_REVERT, "long_season_reversion", 1)                                                     \
    X(LONG_SES, "long_season_ses", 1)                                                              \
    X(SES, "ses", 1)                                                                               \
    X(HOLT, "damped_holt", 1)                                                                      \
    X(THETA, "theta", 1)                                                                           \
    X(OLS_RECENT, "recent_trend", 1)                                                               \
    X(OLS_ALL, "long_trend", 1)                                                                    \
    X(MEAN, "mean", 1)                                                                             \
    X(LAST_MEAN, "last_season_mean", 1)                                                            \
    X(LAST_MEDIAN, "recent_median", 1)                                                             \
    X(AR1, "ar1", 1)                                                                               \
    X(AR, "ar", 1)                                                                                 \
    X(LONG_AR, "long_season_ar", 1)                                                                \
    X(ARI, "ari", 1)                                                                               \
    X(SAR, "seasonal_ar", 1)                                                                       \
    X(RIDGE, "ridge", 1)                                                                           \
    X(ANALOG, "analog", 1)                                                                         \
    X(ANALOG_LONG, "analog_long", 1)                                                               \
    X(WINTERS, "winters", 1)                                                                       \
    X(LOG_SES, "log_ses", 0)                                                                       \
    X(LOG_THETA, "log_theta", 0)                                                                   \
    X(LOG_HOLT, "log_holt", 0)                                                                     \
    X(LOG_OLS, "log_trend", 0)                                                                     \
    X(LOG_SAR, "log_seasonal_ar", 0)                                                               \
    X(POOL, "pooled_regression", 1)                                                                \
    X(LOG_POOL, "log_pooled_regression", 0)                                                        \
    X(SMEDIAN_LONG, "long_seasonal_median", 1)                                                     \
    X(CALM_SES, "calm_ses", 1)                                                                     \
    X(CALM_THETA, "calm_theta", 1)                                                                 \
    X(CALM_AR, "calm_ar", 1)

enum trm_bank_draft {
#define TRM_BANK_ENUM(name, text, additive) TRM_BANK_##name,
    TRM_BANK_LIST(TRM_BANK_ENUM)
#undef TRM_BANK_ENUM
        TRM_BANK_DRAFTS
};

/* "naive", "seasonal_naive", ...; never NULL for an index of the list. */
const char *trm_bank_name(enum trm_bank_draft draft);
bool trm_bank_is_additive(enum trm_bank_draft draft);

/* Leads past this one: ridge repeats seasonal AR. */
#define TRM_BANK_LEADS_DIRECT 96
/* Values before the newest that level methods look at (seasons and analogs look at all). */
#define TRM_BANK_RECENT 600

struct trm_bank; /* work space and fitted state, reused from call to call; one thread at a time */

/* Room for histories of up to n_max values, seasons up to season_max (the longer of both periods)
 * and leads up to leads_max. TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_bank_new(size_t n_max, size_t season_max, size_t leads_max,
                                            struct trm_bank **ret);
void trm_bank_free(struct trm_bank *bank); /* accepts NULL */

/* Learns from v[0..n) what takes more than one pass: the coefficients of ridge and pooled
 * regressions at once, smoothing constants and coefficients of autoregressions in the next draw,
 * which must be of the same values. They serve every draw until the next fit, so that rolling
 * origins after n pay once and stay honest. */
void trm_bank_fit(struct trm_bank *bank, const double *v, size_t n, size_t season, size_t season2,
                  size_t leads);

/* All drafts of v[0..n) (finite, n >= 1) for leads 1..leads into ret[draft * leads + lead - 1], all
 * finite. season >= 1; season2: a longer period, or 0. Cost: about .04 ms for 1,000 hourly values
 * (measured by tests/bench/core.c). */
void trm_bank_draw(struct trm_bank *bank, const double *v, size_t n, size_t season, size_t season2,
                   size_t leads, double *ret);

/* What the last draw found out on the way, for whoever describes the history. Pointers live until
 * the next draw. */
struct trm_bank_view {
    const double *plain; /* [recent_n] the newest values without their season(s index) */
    size_t recent_n;
    const double *index; /* [season] seasonal index; lead h has index[(h - 1) % season] */
    double strength;     /* 0..1: share of the detrended variance that the index explains */
    double strength2;    /* of what is left, by the longer period */
    const double *
        analog[2]; /* [analog_n][leads] outcomes of the nearest neighbours, short and long window;
                      ascending at every lead */
    size_t analog_n[2];
};
void trm_bank_look(const struct trm_bank *bank, struct trm_bank_view *ret);

#endif
