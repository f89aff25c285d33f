/* What the files of the classical methods share. Nobody else includes this. */
#ifndef TRM_CLASSIC_PARTS_H
#define TRM_CLASSIC_PARTS_H

#include "core/classic.h"
#include "core/num.h"

/* One history and its forecast while it is made. */
struct classic {
    const double *v; /* [n], finite, not all equal */
    size_t n, season;
    bool positive;     /* all of v above 0 */
    double sd;         /* of v, > 0 */
    size_t leads;
    double *work;      /* [3 n + 2 season + 2 leads] */
    double *point;     /* out [leads] */
    double *deviation; /* out [leads]: standard deviations, >= 0 */
    char label[TRM_CLASSIC_LABEL_MAX]; /* out */
};

void trm_classic_snaive(struct classic *c);
void trm_classic_theta(struct classic *c);
void trm_classic_ets(struct classic *c);
void trm_classic_ar(struct classic *c);

/* Appends to the label, as far as it fits. */
void trm_classic_say(struct classic *c, const char *text);

/* ---- classic_season.c ---- */

/* Classical decomposition (centred moving average over a season, then means by phase) of v[n], n > 2 season,
 * season >= 2: the index of phase p (of t mod season) → ret_index[season], mean 0 (additive) or 1
 * (multiplicative: needs v > 0). work[n]. Returns the seasonal strength, 0..1: 1 - var(remainder) /
 * var(season + remainder), both additive parts or both ratios (Wang, Smith and Hyndman 2006). */
double trm_classic_decompose(const double *v, size_t n, size_t season, bool multiplicative,
                             double *work, double *ret_index);

/* Whether the autocorrelation at the season differs from zero at the 90% level, as the Theta method tests it
 * (Assimakopoulos and Nikolopoulos 2000). False where n <= 2 season or season < 2. */
bool trm_classic_is_seasonal(const double *v, size_t n, size_t season);

/* ---- classic_simplex.c ---- */

#define SIMPLEX_MAX 32 /* dimensions */

/* Minimises value(ctx, x) over the box low..high (infinite bounds are none) by the simplex method of
 * Nelder and Mead (1965) with the coefficients of Gao and Han (2012) for many dimensions; a point outside
 * is moved to the nearest one inside. x[dims]: start, then the best point found; step[dims]: size of the
 * first simplex, none 0. value may return INFINITY, never NaN. Stops after evaluations, or when the values
 * at all corners agree to tolerance. Returns the value at x. */
double trm_classic_minimise(double (*value)(void *ctx, const double *x), void *ctx, size_t dims,
                            double *x, const double *step, const double *low, const double *high,
                            double tolerance, size_t evaluations);

/* ---- classic_state.c: the models of exponential smoothing ---- */

enum ets_trend { ETS_NO_TREND, ETS_TREND, ETS_DAMPED };
enum ets_season { ETS_NO_SEASON, ETS_ADDED, ETS_MULTIPLIED };

/* Hyndman, Koehler, Snyder and Grose (2002), in the notation of their book of 2008. */
struct ets {
    bool relative; /* errors are a share of the forecast */
    enum ets_trend trend;
    enum ets_season season;
    size_t m;      /* 1 without a season */
    double alpha, beta, gamma, phi; /* beta 0 without a trend, gamma 0 without a season, phi 1 undamped */
    double level, slope;            /* before the first value, or behind the last */
    double index[TRM_SEASON_MAX];   /* by t mod m */
};

/* Runs the model over v[n] and leaves its states behind the last value. Returns -2 log likelihood up to a
 * constant; INFINITY where a relative model meets a forecast that is not positive. floor > 0: mean squared
 * error below which nothing is told apart, in the unit of v; ret_variance: of the one-step errors, not
 * corrected for parameters (may be NULL). */
double trm_classic_ets_run(struct ets *ets, const double *v, size_t n, double floor,
                           double *ret_variance);

/* Means and standard deviations of the leads after n values, from the states behind them. theta[leads]:
 * work. */
void trm_classic_ets_forecast(const struct ets *ets, size_t n, double variance, size_t leads,
                              double *theta, double *ret_point, double *ret_deviation);

/* ---- classic_ets.c ---- */

/* Parameters of a model, the starting states and the variance counted. */
size_t trm_classic_ets_parameters(const struct ets *ets);

/* Estimates everything that the model (its kind and m) has. index[m]: indices to start from, of its kind.
 * Returns its AICc, and the estimates with the states before v[0]. */
double trm_classic_ets_fit(struct ets *ets, const double *v, size_t n, const double *index);

#endif
