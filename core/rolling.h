/* Rolling-origin evaluation: what each method would have said at past origins, and what came of it. Knows
 * origins, methods and scores; refuses to know where the values come from and what the series is called.
 * Surprising: nothing is shared between origins. At each one the season is worked out, the record made and
 * every classical method fitted anew from what lay before it, which is what makes the comparison honest, and
 * slow; so it goes in slices that the caller drives, as a fit does.
 *
 * (core/backtest.h is something else: the cheap held-out errors inside a fit.)
 * Source: Tashman (2000); the scores are those of metrics.h. */
#ifndef TRM_ROLLING_H
#define TRM_ROLLING_H

#include "core/base.h"
#include "core/classic.h"

#define TRM_ROLLING_HORIZON_MAX 168
#define TRM_ROLLING_WINDOWS_MAX 100
#define TRM_ROLLING_LEVELS_MAX 4
/* Values before the first origin at least. */
#define TRM_ROLLING_PAST_MIN 10

/* The series' own model as the daemon would use it, then the classical ones. */
enum { TRM_ROLLING_TRM, TRM_ROLLING_CLASSIC, TRM_ROLLING_METHODS = TRM_ROLLING_CLASSIC + TRM_CLASSICS };
#define TRM_ROLLING_SNAIVE (TRM_ROLLING_CLASSIC + TRM_CLASSIC_SNAIVE)

/* "trm", "seasonal_naive", "theta", "ets", "ar". */
const char *trm_rolling_name(size_t method);

struct trm_rolling_options {
    size_t horizon, windows, step; /* 1..their maximum; step >= 1 */
    unsigned methods;              /* bit per method, at least one; seasonal naive runs in any case */
    double level[TRM_ROLLING_LEVELS_MAX]; /* intervals, as shares in (0, 1), increasing */
    size_t level_n;
    double min, max; /* of the series, NaN: none; they hold for every method … */
    bool integer;    /* … and so does this */
    const struct trm_base *base; /* the shared weights; only kind literal does without; borrowed */
    uint64_t seed;               /* of kind literal's networks */
    /* What the daemon would have worked out from values[0..n). Called on the caller's thread. */
    struct trm_config (*config_at)(void *ctx, const double *values, size_t n);
    void *ctx;
};

/* Values that an evaluation needs: horizon + (windows - 1) * step + TRM_ROLLING_PAST_MIN. */
size_t trm_rolling_need(const struct trm_rolling_options *options);

/* Scores at one lead; NaN where not defined. */
struct trm_rolling_lead {
    double mase, smape, wql, coverage[TRM_ROLLING_LEVELS_MAX];
};

struct trm_rolling_score {
    bool asked;
    double mase, smape;  /* means over the windows of the window's means over its leads */
    double wql;          /* over all values, mean over the deciles */
    double coverage[TRM_ROLLING_LEVELS_MAX];
    double vs_seasonal_naive; /* MASE over seasonal naive's; NaN where that is 0 */
    size_t won, tied, lost;   /* windows against seasonal naive by mean absolute error; tied: equal to 1e-9 */
    struct trm_rolling_lead *lead; /* [horizon] */
    char label[TRM_CLASSIC_LABEL_MAX]; /* the newest window's model, or who answered */
};

struct trm_rolling_report {
    size_t horizon, windows, step, level_n;
    size_t scored;  /* windows with a true value and enough before it */
    size_t values;  /* true values compared */
    size_t first_known, last_known; /* values before the first and the last origin */
    uint32_t season; /* at the newest origin */
    size_t best;     /* of those asked: the least MASE (wql where that is not defined); METHODS: none */
    struct trm_rolling_score score[TRM_ROLLING_METHODS];
};

struct trm_rolling;

/* Copies values[n] (NaN = missing; the windows are taken from their end). TRM_OK; TRM_EINVAL (options);
 * TRM_ESHORT (fewer values than needed); TRM_ENOMEM; *ret untouched on failure. */
TRM_MUST_CHECK enum trm_status trm_rolling_begin(const double *values, size_t n,
                                                 const struct trm_rolling_options *options,
                                                 struct trm_rolling **ret);
/* The next slice: one past forecast of a record (about a ms; a few for kind literal), or one classical
 * forecast (classic.h says what it costs). TRM_MORE, TRM_OK when all is done, or an error of
 * trm_fit_step or trm_forecast. ret_fraction 0..1, ret_windows: completed. */
TRM_MUST_CHECK enum trm_status trm_rolling_step(struct trm_rolling *rolling, double *ret_fraction,
                                                size_t *ret_windows);
/* After TRM_OK. Lives as long as the evaluation. */
const struct trm_rolling_report *trm_rolling_end(struct trm_rolling *rolling);
/* Accepts NULL. */
void trm_rolling_free(struct trm_rolling *rolling);

#endif
