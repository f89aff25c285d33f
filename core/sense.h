/* What the thinker is told about a series: drafts with their record on the series' own recent past,
 * and a description of history and leads, all in numbers of order one. Knows the bank, rolling
 * origins and scales; refuses to know weights and quantiles. Surprising: everything is centred on
 * the consensus of the drafts and measured in sigma, the size of the best draft's recent errors, so
 * a quiet series and a wild one look alike where they are alike.
 *
 * The record: the drafts are drawn again at up to TRM_SENSE_ORIGINS earlier origins, from what was
 * known there (coefficients: at a long history from what was known at the oldest), and compared with what
 * came at up to TRM_SENSE_PROBES leads each. Draft k's weight at a lead h is proportional to (mean
 * error over the record, half of it over the probes near h) ^ -3 (an inverse power of recent error
 * as in Bates and Granger 1969). */
#ifndef TRM_SENSE_H
#define TRM_SENSE_H

#include "core/bank.h"
#include "core/history.h"

#define TRM_SENSE_ORIGINS 8
#define TRM_SENSE_PROBES 8
#define TRM_SENSE_POINTS (TRM_SENSE_ORIGINS * TRM_SENSE_PROBES)
/* Counts up with every change of what an input means: weights are made for one layout. */
#define TRM_SENSE_LAYOUT 1
#define TRM_SENSE_LAGS 24
#define TRM_SENSE_FANS 4
#define TRM_SENSE_GLOBALS (TRM_BANK_DRAFTS + 2 * TRM_SENSE_LAGS + 64)
#define TRM_SENSE_STEPS (TRM_BANK_DRAFTS + 48)

/* One series sensed. All arrays are the sense's own, overwritten by the next trm_sense_make. */
struct trm_sense {
    size_t row_n;   /* leads described */
    double scale;   /* S: the seasonal error of the history, > 0 */
    double sigma;   /* unit of e, error and spread: scale * u */
    double u;       /* best draft's mean error over scale, .03 .. 20; 1 without a record */
    size_t point_n; /* points of the record, 0..TRM_SENSE_POINTS */
    double *value;  /* [TRM_BANK_DRAFTS][horizon] the drafts, unit of the (scaled) history */
    double *centre; /* [row_n] the consensus, same unit */
    double draft_error[TRM_BANK_DRAFTS]; /* mean absolute error over the record, same unit; NaN
                                            without */
    float *global;                       /* [TRM_SENSE_GLOBALS] */
    float *error; /* [TRM_SENSE_POINTS][TRM_BANK_DRAFTS] draft - truth in sigma; 0 past point_n */
    float *log_lead; /* [TRM_SENSE_POINTS] */
    float *step;     /* [row_n][TRM_SENSE_STEPS] */
    float *draft;    /* [row_n][TRM_BANK_DRAFTS] (draft - centre) / sigma */
    float *logit;    /* [row_n][TRM_BANK_DRAFTS] log weight of the consensus, largest 0 */
    float
        *fan; /* [row_n][TRM_SENSE_FANS][TRM_KNOTS] gaps in sigma of what happened after the analogs
               * (short, long), at the phase in the past, and of the errors of the record */
    float *spread; /* [row_n] local size of the consensus' errors in sigma */
    struct trm_sense_parts *parts;
};

/* Room for horizons up to horizon_max (1..TRM_HORIZON_MAX). TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_sense_new(size_t horizon_max, struct trm_sense **ret);
void trm_sense_free(struct trm_sense *sense); /* accepts NULL */

/* Senses a history for leads 1..horizon; rows for lead[row_n] (ascending, 1..horizon), or for all
 * when lead is NULL. season2 as in trm_bank_draw. history->sd > 0. Never fails; every float is
 * finite. Cost: nine draws of the bank and two fits of it, five below 300 values. One thread at a time. */
void trm_sense_make(struct trm_sense *sense, const struct trm_history *history, size_t season2,
                    size_t horizon, const size_t *lead, size_t row_n);

#endif
