/* Bytes and scores. See said.h.
 *
 * Format, little endian:
 *    0  u16  version, 1
 *    2  u16  leads said
 *    4  u32  season
 *    8  f64  scale (NaN: none)
 *   16  f64  centre
 *   24  i32  unit, a power of two
 *   28  u32  model version
 *   32  leads times 5 f32: (quantile - centre) / 2^unit
 *   ..  the tally, 14 times 8 bytes, behind all leads only */
#include "core/said.h"

#include "core/bytes.h"
#include "core/quantile.h"

#include <math.h>
#include <string.h>

#define VERSION 1

static const double targets[2] = {.1, .025}; /* missed on each side: 80%, 95% */

/* ---- bytes ---- */

/* To 24 digits of two, as a float would hold it: then a bound of 0, and whole numbers around a
 * whole median, come back as they were, and a value that lies on them still does. */
static double rounded(double v)
{
    int e;
    double digits = frexp(v, &e);

    return ldexp(nearbyint(ldexp(digits, 24)), e - 24);
}

/* The power of two that no distance from the centre exceeds. */
static int exponent_of(const double *said, size_t n, double centre)
{
    double most = 0;
    int e = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(said[i] / 2 - centre / 2));
    frexp(most, &e);
    return e + 1;
}

size_t trm_said_encode(const struct trm_forecast *forecast, const struct trm_said_head *head,
                       uint8_t *bytes)
{
    size_t leads = forecast->horizon < TRM_SAID_LEADS_MAX ? forecast->horizon : TRM_SAID_LEADS_MAX;
    double centre = rounded(forecast->said[2]);
    int e = exponent_of(forecast->said, leads * TRM_SAID_LEVELS, centre);

    uint8_t *at = put_u32(bytes, VERSION | (uint32_t)leads << 16);
    at = put_u32(at, head->season);
    at = put_f64(at, head->scale);
    at = put_f64(at, centre);
    at = put_u32(at, (uint32_t)e);
    at = put_u32(at, (uint32_t)head->model_version);
    for (size_t i = 0; i < leads * TRM_SAID_LEVELS; i++)
        at = put_f32(at, (float)ldexp(forecast->said[i] / 2 - centre / 2, 1 - e));
    return TRM_SAID_HEAD_BYTES + leads * TRM_SAID_LEAD_BYTES;
}

struct head {
    uint32_t version;
    struct trm_said_head said;
    double centre;
    int32_t unit;
};

static struct head read_head(const uint8_t *bytes)
{
    struct head head;
    uint32_t first = get_u32(&bytes);

    head.version = first & 0xffff;
    head.said.leads = first >> 16;
    head.said.season = get_u32(&bytes);
    head.said.scale = get_f64(&bytes);
    head.centre = get_f64(&bytes);
    head.unit = (int32_t)get_u32(&bytes);
    head.said.model_version = get_u32(&bytes);
    return head;
}

static bool head_is_sane(const struct head *head)
{
    const struct trm_said_head *said = &head->said;

    return said->leads >= 1 && said->leads <= TRM_SAID_LEADS_MAX && said->season >= 1 &&
           said->season <= TRM_CONTEXT_MAX && isfinite(head->centre) && head->unit >= -1100 &&
           head->unit <= 1100;
}

enum trm_status trm_said_decode(const uint8_t *bytes, size_t n, struct trm_said_head *ret,
                                uint32_t *ret_leads)
{
    if (n < TRM_SAID_HEAD_BYTES)
        return TRM_ECORRUPT;
    struct head head = read_head(bytes);
    if (head.version != VERSION)
        return TRM_EVERSION;
    if (!head_is_sane(&head))
        return TRM_ECORRUPT;
    size_t there = (n - TRM_SAID_HEAD_BYTES) / TRM_SAID_LEAD_BYTES;
    *ret_leads = there < head.said.leads ? (uint32_t)there : head.said.leads;
    *ret = head.said;
    return TRM_OK;
}

void trm_said_lead(const uint8_t *bytes, uint32_t lead, struct trm_said_lead *ret)
{
    struct head head = read_head(bytes);
    const uint8_t *at = bytes + TRM_SAID_HEAD_BYTES + (lead - 1) * TRM_SAID_LEAD_BYTES;

    for (size_t i = 0; i < TRM_SAID_LEVELS; i++) {
        double part = ldexp((double)get_f32(&at), head.unit - 1);
        ret->quantile[i] = 2 * (head.centre / 2 + part);
    }
}

/* The half width of one side at z, from those at the 80% and the 95% interval's. */
static double half_width(double inner, double outer, double z)
{
    double z80 = trm_normal_quantile(.9), z95 = trm_normal_quantile(.975);

    if (z <= z80)
        return inner * z / z80;
    if (z >= z95)
        return outer * z / z95;
    return inner + (outer - inner) * (z - z80) / (z95 - z80);
}

void trm_said_interval(const struct trm_said_lead *said, double level, double *ret_lower,
                       double *ret_upper)
{
    const double *q = said->quantile;
    double z = trm_normal_quantile((1 + level) / 2);

    *ret_lower = q[2] - half_width(q[2] - q[1], q[2] - q[0], z);
    *ret_upper = q[2] + half_width(q[3] - q[2], q[4] - q[2], z);
}

/* ---- the tally's bytes ---- */

#define TALLY_NUMBERS (TRM_SAID_TALLY_BYTES / 8 - 3)

static void tally_words(const struct trm_tally *tally, double words[TALLY_NUMBERS])
{
    double all[] = {tally->weight,           tally->error,
                    tally->error_naive,      tally->scaled,
                    tally->scaled_weight,    tally->inside[0],
                    tally->inside[1],        tally->log_factor[0][0],
                    tally->log_factor[0][1], tally->log_factor[1][0],
                    tally->log_factor[1][1]};

    memcpy(words, all, sizeof all);
}

size_t trm_said_encode_tally(const struct trm_tally *tally, uint8_t *bytes, size_t n)
{
    double words[TALLY_NUMBERS];
    uint8_t *at = bytes + n;

    tally_words(tally, words);
    for (size_t i = 0; i < TALLY_NUMBERS; i++)
        at = put_f64(at, words[i]);
    at = put_u64(at, tally->steps);
    at = put_u64(at, tally->pairs);
    put_u64(at, (uint64_t)tally->scored_until);
    return n + TRM_SAID_TALLY_BYTES;
}

/* More pairs than ever count: every lead of every step that is remembered, and some. */
#define WEIGHT_MAX 1e9

static bool tally_is_sane(const double words[TALLY_NUMBERS])
{
    double weight = words[0] * (1 + 1e-9);
    if (!(weight <= WEIGHT_MAX && words[5] <= weight && words[6] <= weight && words[4] <= weight))
        return false;
    for (size_t i = 0; i < 7; i++)
        if (!(words[i] >= 0) || isinf(words[i]))
            return false;
    for (size_t i = 7; i < TALLY_NUMBERS; i++)
        if (!(fabs(words[i]) <= 4 * TRM_SAID_LOG_FACTOR_MAX))
            return false;
    return true;
}

enum trm_status trm_said_decode_tally(const uint8_t *bytes, size_t n, struct trm_tally *ret)
{
    struct trm_said_head head;
    uint32_t leads;
    double w[TALLY_NUMBERS];

    if (trm_said_decode(bytes, n, &head, &leads) != TRM_OK)
        return TRM_ECORRUPT;
    size_t from = TRM_SAID_HEAD_BYTES + head.leads * TRM_SAID_LEAD_BYTES;
    if (n != from + TRM_SAID_TALLY_BYTES)
        return TRM_ECORRUPT;
    const uint8_t *at = bytes + from;
    for (size_t i = 0; i < TALLY_NUMBERS; i++)
        w[i] = get_f64(&at);
    if (!tally_is_sane(w))
        return TRM_ECORRUPT;
    *ret = (struct trm_tally){
        .weight = w[0],
        .error = w[1],
        .error_naive = w[2],
        .scaled = w[3],
        .scaled_weight = w[4],
        .inside = {w[5], w[6]},
        .log_factor = {{w[7], w[8]}, {w[9], w[10]}},
    };
    ret->steps = get_u64(&at);
    ret->pairs = get_u64(&at);
    ret->scored_until = (int64_t)get_u64(&at);
    return TRM_OK;
}

/* ---- scores ---- */

void trm_score_begin(struct trm_tally *tally, struct trm_score *ret)
{
    const double stays = 1 - 1.0 / TRM_SAID_MEMORY_STEPS;

    tally->weight *= stays;
    tally->error *= stays;
    tally->error_naive *= stays;
    tally->scaled *= stays;
    tally->scaled_weight *= stays;
    tally->inside[0] *= stays;
    tally->inside[1] *= stays;
    *ret = (struct trm_score){0};
}

/* 1 missed, 0 not; on the quantile itself the share that was promised: a value that happens half
 * the time tells nothing about the width. */
static double missed(bool outside, bool tie, double target)
{
    return tie ? target : outside;
}

void trm_score_add(struct trm_tally *tally, struct trm_score *score, double value,
                   const struct trm_said_lead *said, double naive, double scale)
{
    const double *q = said->quantile;
    const double low[2] = {q[1], q[0]}, high[2] = {q[3], q[4]};
    double error = fabs(value - q[2]);

    for (int i = 0; i < 2; i++) {
        score->below[i] += missed(value < low[i], value == low[i], targets[i]);
        score->above[i] += missed(value > high[i], value == high[i], targets[i]);
        score->inside[i] += value >= low[i] && value <= high[i];
        tally->inside[i] += value >= low[i] && value <= high[i];
    }
    score->n++;
    tally->weight++;
    tally->pairs++;
    if (!isnan(naive)) {
        tally->error += fmin(error, TRM_VALUE_MAX);
        tally->error_naive += fmin(fabs(value - naive), TRM_VALUE_MAX);
    }
    if (scale > 0) {
        tally->scaled += fmin(error / scale, TRM_VALUE_MAX);
        tally->scaled_weight++;
    }
}

static double corrected(double log_factor, double share, double target)
{
    double next = log_factor + TRM_SAID_RATE * (share - target);

    return fmin(fmax(next, -TRM_SAID_LOG_FACTOR_MAX), TRM_SAID_LOG_FACTOR_MAX);
}

void trm_score_end(struct trm_tally *tally, const struct trm_score *score)
{
    if (score->n == 0)
        return;
    tally->steps++;
    for (int i = 0; i < 2; i++) {
        double n = (double)score->n;
        tally->log_factor[0][i] =
            corrected(tally->log_factor[0][i], score->below[i] / n, targets[i]);
        tally->log_factor[1][i] =
            corrected(tally->log_factor[1][i], score->above[i] / n, targets[i]);
    }
}

bool trm_tally_scores(const struct trm_tally *tally, struct trm_tally_scores *ret)
{
    if (tally->steps < TRM_SAID_ENOUGH_STEPS)
        return false;
    *ret = (struct trm_tally_scores){
        .mase = tally->scaled_weight > 0 ? tally->scaled / tally->scaled_weight : (double)NAN,
        .vs_seasonal_naive =
            tally->error_naive > 0 ? tally->error / tally->error_naive : (double)NAN,
        .coverage = {tally->inside[0] / tally->weight, tally->inside[1] / tally->weight},
        .n = (size_t)(tally->weight + .5),
    };
    return true;
}

void trm_tally_widening(const struct trm_tally *tally, struct trm_widening *ret)
{
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 2; i++)
            ret->factor[side][i] = exp(tally->log_factor[side][i]);
}
