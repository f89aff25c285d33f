/* What the files of the bank share. Nobody else includes this. */
#ifndef TRM_BANK_PARTS_H
#define TRM_BANK_PARTS_H

#include "core/bank.h"
#include "core/ridge.h"

#define ANALOG_MAX 12 /* neighbours */

/* One draw while it is made. Phases count from the origin: the value at v[n - season + p] has phase
 * p. */
struct draw {
    const double *v;
    size_t n, season, season2; /* season2 0: none that fits */
    size_t leads;
    double *ret; /* [TRM_BANK_DRAFTS][leads] */
};

/* A deseasonalised stretch: the newest values of the history minus a seasonal index. */
struct plain {
    double *d; /* [n] */
    size_t n;
    double *index; /* [season] */
    size_t season;
    double strength;
};

/* Exponential smoothing's smoothing constant and level (bank_smooth.c). */
struct ses {
    double alpha, level;
};

struct trm_bank {
    size_t n_max, season_max, leads_max;
    struct plain plain, plain2, logs; /* of v, of v with the longer season out too, of log v */
    double *index2;                   /* [season_max] */
    double *log_v;                    /* [n_max] */
    double *work, *work2;             /* [n_max + season_max + leads_max + 64] */
    double *path;                     /* [n_max + leads_max] iterated forecasts */
    double *gram;                     /* [SAR_LAGS + 1]^2 */
    float *window;                    /* [n_max] values for the analogs' distances */
    float *distance;                  /* [n_max] */
    double *analog[2];                /* [ANALOG_MAX][leads_max] */
    size_t analog_n[2];
    struct trm_ridge ridge; /* lookback 0: not fitted */
    size_t ridge_n, ridge_leads;
    double *all;
    float *all_f;
};

static inline double *row(const struct draw *w, enum trm_bank_draft draft)
{
    return w->ret + (size_t)draft * w->leads;
}

/* bank_index.c: seasonal indices and what is left without them. */
void trm_bank_plain(const double *v, size_t n, size_t season, double *work, struct plain *ret);
void trm_bank_plain_long(struct trm_bank *bank, const struct draw *w);
/* Adds the index (and, where two is true, the longer one) of each lead to at[leads]. */
void trm_bank_add_index(const struct trm_bank *bank, const struct draw *w, bool two, double *at);

/* bank_season.c: the past itself, a season or more ago. */
void trm_bank_seasonal(struct trm_bank *bank, const struct draw *w);
void trm_bank_seasonal_long(struct trm_bank *bank, const struct draw *w);

/* bank_smooth.c: levels and trends of d[n]; each writes ret[leads] without the season. */
struct ses trm_bank_ses(const double *d, size_t n);
void trm_bank_theta(const double *d, size_t n, struct ses ses, size_t leads, double *ret);
void trm_bank_holt(const double *d, size_t n, size_t leads, double *ret);
void trm_bank_ols(const double *d, size_t n, size_t leads, double *ret);
void trm_bank_winters(struct trm_bank *bank, const struct draw *w);
double trm_bank_mean(const double *v, size_t n);

/* bank_ar.c: autoregressions. */
void trm_bank_ar1(const double *d, size_t n, size_t leads, double *ret);
/* order_max lags at most, order by AIC; difference: of the first differences. path: [n + leads]. */
void trm_bank_ar(const double *d, size_t n, size_t order_max, bool difference, size_t leads,
                 double *path, double *ret);
void trm_bank_sar(struct trm_bank *bank, const double *v, size_t n, size_t season, size_t season2,
                  size_t leads, double *ret);
void trm_bank_direct(struct trm_bank *bank, const struct draw *w);

/* bank_analog.c */
void trm_bank_analog(struct trm_bank *bank, const struct draw *w);

#endif
