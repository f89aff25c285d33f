/* What the files of the bank share. Nobody else includes this. */
#ifndef TRM_BANK_PARTS_H
#define TRM_BANK_PARTS_H

#include "core/bank.h"
#include "core/ridge.h"

#define ANALOG_MAX 24 /* neighbours */
#define POOL_TERMS 15 /* of a pooled regression */
#define POOL_SIDE 16  /* the terms, and the target behind them */
#define POOL_ROWS 300 /* a stretch */
#define POOL_STRETCHES 8
#define ORDER_MAX 32 /* of an autoregression */
#define SAR_LAGS 16
#define DIRECT_LOOKBACK_MAX 96 /* of the ridge: the solve grows with its cube */

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

/* What the draw after a fit chooses or estimates, and later draws use again. */
struct damping {
    double alpha, beta, phi;
};
struct ar {
    size_t order;
    double phi[ORDER_MAX];
};
struct sar {
    size_t lag[SAR_LAGS], n, longest; /* n 0: not estimated */
    double coef[SAR_LAGS];
};
struct smoothing {
    double alpha, gamma;
};
struct learned {
    double middle, fence; /* of the deseasonalised values, beyond which one is an outlier */
    double ses, ses_long, ses_log, ses_calm;
    struct damping holt, holt_log;
    struct smoothing winters;
    struct ar ar, ar_long, ari, ar_calm;
    struct sar sar, sar_log;
    bool with_calm;
    bool with_log; /* the ones of logarithms are known */
};

/* Coefficients of the pooled regression by stretch of leads: 1, 2, 3-4, 5-8, ... 65-128. */
struct pool {
    double coef[POOL_STRETCHES][POOL_SIDE]; /* [POOL_TERMS], then 0 */
    size_t n;                               /* stretches fitted */
    bool with_long;                         /* with the longer season's terms */
};

/* Rows of the pooled regressions and their products, kept from fit to fit: a longer history adds
 * rows. */
struct pool_rows {
    size_t m, m2, first, stride;
    size_t n; /* rows of which is known what does not depend on the lead */
    double x[POOL_ROWS][POOL_SIDE], level[POOL_ROWS];
    struct {
        size_t n; /* rows in gram */
        double gram[POOL_SIDE * POOL_SIDE];
    } stretch[POOL_STRETCHES];
};

/* What is kept of a history from draw to draw. */
struct past {
    size_t n;
    double *v, *sums;   /* [n_max], and their prefix sums [n_max + 1] */
    double *low, *high; /* [n_max] extremes of v[0..i] */
    size_t log_n;       /* logarithms known */
    double lift;        /* of these */
    double *log_v, *log_sums;
    struct pool_rows rows, log_rows;
};

struct extent {
    double mean, low, high;
};

struct trm_bank {
    size_t n_max, season_max, leads_max;
    struct plain calm;                /* of v with its outliers drawn in */
    double *calm_v;                   /* [n_max] */
    struct plain plain, plain2, logs; /* of v, of v with the longer season out too, of log v */
    double *index2;                   /* [season_max] */
    struct past past;
    double *seasons;         /* [8 * season_max] */
    double *place;           /* [leads_max] on the scale of stretches of every lead */
    double *work, *work2;    /* [n_max + season_max + leads_max + 64] */
    double *path;            /* [n_max + leads_max] iterated forecasts */
    float *window;           /* [n_max] values for the analogs' distances */
    float *distance, *shift; /* [n_max + 1], and scratch of them */
    double *analog[2];       /* [ANALOG_MAX][leads_max] */
    size_t analog_n[2];
    bool learn; /* the next draw estimates */
    struct learned learned;
    double *ridge_memory;   /* of the largest that can be asked for */
    struct trm_ridge ridge; /* lookback 0: not fitted */
    size_t ridge_n, ridge_leads;
    struct pool pool, log_pool; /* of values, of logarithms */
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
/* at[j] += index[j % m] */
void trm_bank_add_cycle(const double *index, size_t m, size_t leads, double *at);

/* Disturbs at[n]; the mean of the middle two where n is even. */
double trm_bank_median(double *at, size_t n);

/* bank_past.c: makes past speak of v[0..n), then of its logarithms (the lift, or -1 where they make
 * no sense); both cost what is new. */
void trm_bank_remember(struct past *past, const double *v, size_t n);
double trm_bank_logs(struct past *past, size_t n);
struct extent trm_bank_extent(const struct past *past, size_t n);
struct extent trm_bank_log_extent(const struct past *past, size_t n); /* after trm_bank_logs */

/* bank_season.c: the past itself, a season or more ago. */
void trm_bank_seasonal(struct trm_bank *bank, const struct draw *w);
void trm_bank_seasonal_long(struct trm_bank *bank, const struct draw *w);

/* bank_smooth.c: levels and trends of d[n]; each writes ret[leads] without the season. The _choose
 * functions pick constants by the mean absolute one-step error. */
double trm_bank_ses_choose(const double *d, size_t n);
double trm_bank_ses(const double *d, size_t n, double alpha); /* the level */
void trm_bank_theta(const double *d, size_t n, double alpha, double level, size_t leads,
                    double *ret);
struct damping trm_bank_holt_choose(const double *d, size_t n);
void trm_bank_holt(const double *d, size_t n, struct damping with, size_t leads, double *ret);
void trm_bank_ols(const double *d, size_t n, size_t leads, double *ret);
void trm_bank_winters(struct trm_bank *bank, const struct draw *w);
double trm_bank_mean(const double *v, size_t n);

/* bank_ar.c: autoregressions. */
void trm_bank_ar1(const double *d, size_t n, size_t leads, double *ret);
/* order_max lags at most, order by AIC; difference: of the first differences. path: [n + leads]. */
void trm_bank_ar_fit(const double *d, size_t n, size_t order_max, bool difference, double *path,
                     struct ar *ret);
void trm_bank_ar(const double *d, size_t n, const struct ar *ar, bool difference, size_t leads,
                 double *path, double *ret);
void trm_bank_sar_fit(const double *v, size_t n, double mean, size_t season, size_t season2,
                      struct sar *ret);
/* Seasonal naive where nothing was estimated. path: [n + leads]. */
void trm_bank_sar(const double *v, size_t n, struct extent of, const struct sar *sar, size_t season,
                  size_t leads, double *path, double *ret);
void trm_bank_direct_fit(struct trm_bank *bank, const double *v, size_t n, size_t season,
                         size_t leads);
void trm_bank_direct(struct trm_bank *bank, const struct draw *w);

/* bank_pool.c: fit learns from v[0..n), whose rows these are; the draft is fallback where nothing
 * was learned. sums: prefix sums of v. */
void trm_bank_pool_fit(struct pool *pool, struct pool_rows *rows, const double *v,
                       const double *sums, size_t n, size_t m, size_t m2, size_t leads);
void trm_bank_pool(const struct pool *pool, const struct draw *w, const double *v,
                   const double *sums, const double *place, const double *fallback, double *ret);
double trm_bank_pool_place(size_t lead);

/* bank_analog.c */
void trm_bank_analog(struct trm_bank *bank, const struct draw *w);

/* bank_calm.c: drafts of the history without its outliers. */
void trm_bank_calm(struct trm_bank *bank, const struct draw *w);

#endif
