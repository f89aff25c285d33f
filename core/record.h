/* The record of a series with the shared networks: how its past forecasts went. Knows the rule of
 * who answers (the gate), how much wider the intervals must be, and what the scores are; refuses to
 * know how a past forecast is made (trial.h).
 *
 * The gate. The network answers unless the record shows that another does better by more than
 * chance. With d_o the network's mean pinball loss at origin o less the other's, both over the
 * seasonal error of what was known there, mean d over its standard error must exceed 2 and mean d
 * 3% of the network's mean loss for the consensus; 3 and 5% for a draft, since the three drafts
 * that are looked at are the best of the whole bank on these same origins. At least 6 origins; of
 * those that pass, the largest gain answers. An origin whose leads overlap those of the one before
 * it counts as the share of them that is new.
 *
 * The widening. For each side and for the 80% and the 95% interval: the factor by which the gap
 * between median and outer knot must be multiplied for 10% and 2.5% of the past true values to lie
 * beyond it, counted together with 30 values that lie as the intervals say, so that a short record
 * changes little; n leads of one origin count as sqrt(n) values, since they err together.
 * Surprising: not the values are kept but, for factors on a logarithmic grid, how many lie beyond,
 * which is all that the quantile of a bounded factor needs and makes leaving one origin out a
 * subtraction. */
#ifndef TRM_RECORD_H
#define TRM_RECORD_H

#include "core/answer.h"

#define TRM_RECORD_ORIGINS 16
#define TRM_RECORD_DRAFTS 3
/* Who is compared: the network, the consensus, and the drafts of the record. */
#define TRM_RECORD_WHO (2 + TRM_RECORD_DRAFTS)
/* Factors of the grid, from TRM_WIDEN_MIN to TRM_WIDEN_MAX. */
#define TRM_RECORD_GRID 14
#define TRM_WIDEN_MIN .6
#define TRM_WIDEN_MAX 2.5
/* Longest horizon of a past forecast: counts fit a byte. */
#define TRM_RECORD_LEADS_MAX 96
/* Losses and errors do not count beyond this many seasonal errors. */
#define TRM_RECORD_LOSS_MAX 1e9f

struct trm_trial;

/* One past forecast. Losses and errors are means over its leads in seasonal errors of what was
 * known. */
struct trm_origin {
    uint32_t leads;                /* true values seen, 1..TRM_RECORD_LEADS_MAX */
    uint32_t step;                 /* steps since the origin before, >= 1; leads for a first one */
    float loss[TRM_RECORD_WHO];    /* pinball over the knots */
    float mae[TRM_RECORD_WHO + 1]; /* the last: seasonal naive */
    uint8_t beyond[2][2][TRM_RECORD_GRID]; /* [below, above][80%, 95%] of the one who answers */
};

struct trm_record {
    uint32_t origin_n, who;           /* who answers: 0 network, 1 consensus, 2.. draft[who - 2] */
    uint8_t draft[TRM_RECORD_DRAFTS]; /* enum trm_bank_draft */
    uint32_t mix_n; /* the answer's drafts at the newest origin, as trm_answer_top */
    uint8_t mix_draft[TRM_DRAFT_WEIGHTS_MAX];
    float mix_weight[TRM_DRAFT_WEIGHTS_MAX];
    struct trm_origin origin[TRM_RECORD_ORIGINS]; /* oldest first */
};

/* The record of trials (oldest first, at most TRM_RECORD_ORIGINS). With old: its drafts are looked
 * at again, its newest origins come before. Where ret->who then differs from old->who the old
 * origins' counts are those of another: make the record anew from trials alone. */
void trm_record_make(const struct trm_record *old, const struct trm_trial *trial, size_t trial_n,
                     struct trm_record *ret);

/* Who answers by it. */
struct trm_who trm_record_who(const struct trm_record *record);

/* Who would answer if one of its origins had never been: 0 network, 1 consensus, 2.. draft[who - 2]. */
uint32_t trm_record_who_without(const struct trm_record *record, size_t without);
/* Where a candidate of the record is among those of a trial. */
size_t trm_record_in_trial(const struct trm_record *record, size_t who);

/* An old record's rules (the champion's) against a new one's, on past forecasts that neither has learned
 * from. Losses are pinball losses in seasonal errors, with the widening's part estimated. */
struct trm_duel {
    size_t origins, values;      /* held out: past forecasts, and true values in them */
    double champion, challenger; /* mean loss; NaN: nothing was held out */
    double certainty;            /* mean difference over its standard error; positive: challenger worse */
    bool judged;                 /* enough was held out to tell */
    bool worse;                  /* the challenger is, by more than chance */
};
/* trial[n]: the challenger's newest origins, that the champion had not seen; the challenger answers each by
 * what the others say. Worse means: by more than 1%, and by more than two standard errors, on three origins
 * at least (overlapping ones count in part). */
void trm_record_duel(const struct trm_record *champion, const struct trm_record *challenger,
                     const struct trm_trial *trial, size_t n, struct trm_duel *ret);

/* The grid's i-th factor. */
double trm_record_factor(size_t i);

/* How much of an origin is new: the share of its leads that do not overlap the one before, 0..1. */
double trm_origin_newness(const struct trm_origin *origin);

/* Share of an origin's true values beyond the knots of a side times factor; linear between the
 * grid's. */
double trm_origin_beyond(const struct trm_origin *origin, int side, int outer, double factor);

/* The widening by all origins but one, or TRM_RECORD_ALL of them; all of 1 without any. */
#define TRM_RECORD_ALL SIZE_MAX
void trm_record_widening(const struct trm_record *record, size_t without, struct trm_widening *ret);

/* Fills in what a record says: leads, gate, drafts, scores, verdict and widening. The scores are
 * those of the rule, not of its outcome: each origin is judged by verdict and widening of the
 * others. */
void trm_record_describe(const struct trm_record *record, struct trm_model_info *info);

#endif
