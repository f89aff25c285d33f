/* What the files of sense share. Nobody else includes this. */
#ifndef TRM_SENSE_PARTS_H
#define TRM_SENSE_PARTS_H

#include "core/sense.h"

struct trm_sense_parts {
    struct trm_bank *bank;
    const struct trm_history *history;
    size_t season2, horizon, horizon_max;
    double *past; /* [DRAFTS][horizon_max] drafts at an earlier origin */
    double error[TRM_SENSE_POINTS][TRM_BANK_DRAFTS]; /* draft - truth, unit of the history */
    double size[TRM_SENSE_POINTS][TRM_BANK_DRAFTS];  /* |error| */
    double omega[TRM_SENSE_POINTS]; /* weights of the points for the lead at hand */
    double near[TRM_BANK_DRAFTS];   /* mean |error| near the lead at hand */
    double miss[TRM_SENSE_POINTS];  /* truth - consensus over the record in sigma, ascending … */
    uint8_t miss_point[TRM_SENSE_POINTS]; /* … and the point of each */
    double best;                          /* least mean error of a draft, unit of the history */
    double *sums;                         /* [n + 1] prefix sums of the filled history */
    struct trm_bank_view view;            /* of the newest draw */
    double *all;
    float *all_f;
};

/* sign(x) log(1 + |x|): linear near 0, tame far out. */
static inline float trm_sense_squash(double x)
{
    return (float)copysign(log1p(fmin(fabs(x), 1e6)), x);
}

static inline float trm_sense_log(double x, double low, double high)
{
    return (float)log(trm_clamp(x, low, high));
}

/* sense_record.c: the record and what follows from it: scale, sigma, error, log_lead. */
void trm_sense_record(struct trm_sense *s);
/* Weights of the record's points for a lead (omega), summing to 1 over point_n. */
void trm_sense_omega(const struct trm_sense *s, double log_lead, double *ret);

/* sense_describe.c: global inputs. sense_row.c: the inputs of one lead. */
void trm_sense_describe(struct trm_sense *s);
void trm_sense_row(struct trm_sense *s, size_t lead, size_t at);

/* sense_fan.c: the empirical distributions of a lead, after trm_sense_fan_sort has looked at the
 * record once. */
void trm_sense_fan_sort(struct trm_sense *s);
/* After trm_sense_row of the same lead. */
void trm_sense_fan(struct trm_sense *s, size_t lead, size_t at);

#endif
