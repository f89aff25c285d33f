/* Multi-output ridge autoregression in closed form. Knows one Gram matrix; refuses to know folds and
 * forecasts. For every lead j the change against the same phase a season ago is regressed on the centred
 * window of the last L values:
 *
 *     y[j] = x[L - m + (j mod m)] + A[:, j]' (x - mean x),   A = (P S P + lambda mean(diag) I)^-1 P R
 *
 * with P the centring projection, S the Gram matrix of the windows and R their products with the
 * targets (Hoerl and Kennard 1970 for the penalty). Surprising: windows and targets overlap, so S and R
 * are both blocks of one (L+H)-square Gram matrix of a Hankel matrix, which follows from its first row:
 * G[i+1][j+1] = G[i][j] + x_new x_new' - x_old x_old'. The cost is (n + L + H)(L + H) instead of
 * n (L + H)^2. */
#ifndef TRM_RIDGE_H
#define TRM_RIDGE_H

#include "core/num.h"
#include "core/status.h"

struct trm_ridge {
    size_t lookback, leads, season; /* season <= lookback */
    double *coef;                   /* [L][H] */
    double *gram;                   /* [L+H][L+H], upper triangle of the sums so far */
    size_t windows;                 /* in gram */
    double *work;
    double *all;
};

/* Lookback that suits n values: 7 seasons where at least as many windows as lags remain, else fewer,
 * at least one season; 0 where none fits. */
size_t trm_ridge_lookback(size_t n, size_t season, size_t leads);

TRM_MUST_CHECK enum trm_status trm_ridge_init(struct trm_ridge *ret, size_t lookback, size_t leads,
                                              size_t season);
/* The same over memory of the caller's (trm_ridge_doubles of them), which trm_ridge_done leaves alone. */
size_t trm_ridge_doubles(size_t lookback, size_t leads);
void trm_ridge_place(struct trm_ridge *ret, size_t lookback, size_t leads, size_t season, double *memory);
/* Accepts a zeroed struct. */
void trm_ridge_done(struct trm_ridge *ridge);

/* Forgets all windows. */
void trm_ridge_clear(struct trm_ridge *ridge);

/* Adds (sign 1) or takes out (sign -1) the windows with origins first..end-1, where origin o has inputs
 * v[o-L .. o) and targets v[o .. o+H). v must be finite; first >= L. */
void trm_ridge_add(struct trm_ridge *ridge, const double *v, size_t first, size_t end, double sign);

/* Solves for coef. TRM_OK; TRM_ESHORT without windows; TRM_ERANGE when the system is not positive
 * definite (a constant history): coef is untouched then. gram is kept. */
TRM_MUST_CHECK enum trm_status trm_ridge_solve(struct trm_ridge *ridge, double lambda);

/* window[L], the newest value last → ret[H]. */
void trm_ridge_predict(const struct trm_ridge *ridge, const double *window, double *ret);

#endif
