/* What was said, and what came of it. Knows a forecast as bytes, the score of forecasts against
 * what happened after them, and the correction of the intervals that follows; refuses to know where
 * bytes are kept and when values come. Surprising: a forecast's bytes may be cut behind any lead:
 * what was said about the leads before the cut still stands, so old ones shrink without being
 * written anew.
 *
 * The correction is adaptive conformal inference (Gibbs and Candès 2021), in logarithms and for
 * each side of each interval: after every value the factor that its half width is multiplied by
 * grows by TRM_SAID_RATE * (share missed - share promised), so that in the long run what is missed
 * is what was promised, whatever the series does.
 *
 * Pure functions; no allocation. */
#ifndef TRM_SAID_H
#define TRM_SAID_H

#include "core/forecast.h"

/* Leads of a forecast that are kept. */
#define TRM_SAID_LEADS_MAX 128
#define TRM_SAID_HEAD_BYTES ((size_t)32)
#define TRM_SAID_LEAD_BYTES ((size_t)4 * TRM_SAID_LEVELS)
#define TRM_SAID_TALLY_BYTES ((size_t)112)
#define TRM_SAID_BYTES_MAX                                                                         \
    (TRM_SAID_HEAD_BYTES + TRM_SAID_LEADS_MAX * TRM_SAID_LEAD_BYTES + TRM_SAID_TALLY_BYTES)

/* How fast the correction follows, and how far it goes: a factor of 8 either way. */
#define TRM_SAID_RATE .0075
#define TRM_SAID_LOG_FACTOR_MAX 2.0794415416798357

/* Steps that a score looks back over: the weight of a step falls by e in so many. */
#define TRM_SAID_MEMORY_STEPS 256

/* The scores so far. All zero: nothing scored, nothing corrected. */
struct trm_tally {
    double weight; /* pairs of a value and a forecast of it, faded */
    double
        error; /* sum of |value - median|, of the pairs that seasonal naive had a forecast for … */
    double error_naive;           /* … of seasonal naive's at the same origins … */
    double scaled, scaled_weight; /* … and of |value - median| / scale, with its weight */
    double inside[2];             /* pairs inside the 80% and the 95% interval */
    double log_factor[2][2]; /* the correction: [below, above][80%, 95%]; as bytes up to 4 times the
                                limit */
    uint64_t steps;          /* values scored */
    uint64_t pairs;          /* … against so many forecasts */
    int64_t scored_until;    /* steps before this one have had their turn */
};

/* What a forecast was made with besides its numbers. */
struct trm_said_head {
    uint32_t leads;         /* said, at most TRM_SAID_LEADS_MAX */
    uint32_t season;        /* 1..TRM_CONTEXT_MAX */
    uint64_t model_version; /* low 32 bits are kept */
    double scale; /* seasonal naive's mean error over the history, the denominator of MASE; NaN */
};

/* One lead's quantiles at trm_said_levels. */
struct trm_said_lead {
    double quantile[TRM_SAID_LEVELS];
};

/* The forecast's said quantiles (its first TRM_SAID_LEADS_MAX leads) into bytes[TRM_SAID_BYTES_MAX]
 * without a tally; returns how many bytes. Each number keeps 7 digits of the forecast's range. */
size_t trm_said_encode(const struct trm_forecast *forecast, const struct trm_said_head *head,
                       uint8_t *bytes);

/* Adds the tally behind the leads of an uncut forecast; bytes has room for TRM_SAID_TALLY_BYTES
 * more. */
size_t trm_said_encode_tally(const struct trm_tally *tally, uint8_t *bytes, size_t n);

/* Returns TRM_OK, TRM_EVERSION or TRM_ECORRUPT (*ret untouched). *ret_leads: how many are there,
 * 0..head.leads. */
TRM_MUST_CHECK enum trm_status trm_said_decode(const uint8_t *bytes, size_t n,
                                               struct trm_said_head *ret, uint32_t *ret_leads);

/* Lead 1..*ret_leads of bytes that trm_said_decode accepted. */
void trm_said_lead(const uint8_t *bytes, uint32_t lead, struct trm_said_lead *ret);

/* Bounds of the central interval of a level in (0, 1) (.8: its 10% and 90% quantiles): between what
 * was said along the normal quantile, beyond it in proportion to that. */
void trm_said_interval(const struct trm_said_lead *said, double level, double *ret_lower,
                       double *ret_upper);

/* The tally behind an uncut forecast: TRM_OK, or TRM_ECORRUPT where there is none (*ret untouched).
 */
TRM_MUST_CHECK enum trm_status trm_said_decode_tally(const uint8_t *bytes, size_t n,
                                                     struct trm_tally *ret);

/* ---- scoring one value: begin, each forecast of it, end ---- */

struct trm_score {
    size_t n, inside[2];       /* forecasts; of them inside the 80% and the 95% interval */
    double below[2], above[2]; /* misses of each side, ties counted as promised: [80%, 95%] */
};

/* A new step: what was before fades. */
void trm_score_begin(struct trm_tally *tally, struct trm_score *ret);
/* One forecast of the value; naive is seasonal naive's from the same origin (NaN: none). */
void trm_score_add(struct trm_tally *tally, struct trm_score *score, double value,
                   const struct trm_said_lead *said, double naive, double scale);
/* Corrects. */
void trm_score_end(struct trm_tally *tally, const struct trm_score *score);

/* Steps from which on a tally says more than a backtest. */
#define TRM_SAID_ENOUGH_STEPS 30

struct trm_tally_scores {
    double mase, vs_seasonal_naive; /* NaN where not defined */
    double coverage[2];             /* 80%, 95% */
    size_t n;                       /* values times forecasts that the scores rest on, faded */
};
/* False, and *ret untouched, where fewer steps have been scored. */
bool trm_tally_scores(const struct trm_tally *tally, struct trm_tally_scores *ret);

/* What intervals are to be multiplied by. */
void trm_tally_widening(const struct trm_tally *tally, struct trm_widening *ret);

#endif
