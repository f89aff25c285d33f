/* What the thinker is told about a series: finite whatever comes, blind to the unit, and honest
 * about the past. */
#include "check.h"

#include "core/model.h"
#include "core/sense.h"

#define HORIZON_MAX 96
#define FAN_FLOATS (TRM_SENSE_FANS * TRM_KNOTS) /* of a lead */
#define FLOATS                                                                                     \
    (TRM_SENSE_GLOBALS + TRM_SENSE_POINTS * (TRM_BANK_DRAFTS + 1) +                                \
     HORIZON_MAX * (TRM_SENSE_STEPS + 2 * TRM_BANK_DRAFTS + 1 + FAN_FLOATS))

static struct trm_sense
    *sense; /* one for all tests: what one leaves behind must not reach the next */

static int make_sense(void **state)
{
    (void)state;
    return trm_sense_new(HORIZON_MAX, &sense) == TRM_OK ? 0 : -1;
}

static int drop_sense(void **state)
{
    (void)state;
    trm_sense_free(sense);
    return 0;
}

/* Senses v, all leads or some. False where the history has nothing to sense (too short, constant).
 */
static bool see(const double *v, size_t n, size_t m, size_t m2, size_t H, const size_t *lead,
                size_t row_n)
{
    struct trm_history h;

    if (trm_history_init(&h, v, n, m) != TRM_OK)
        return false;
    bool varies = h.sd > 0;
    if (varies)
        trm_sense_make(sense, &h, m2, H, lead, row_n);
    trm_history_done(&h);
    return varies;
}

static float *put(float *to, const float *from, size_t n)
{
    memcpy(to, from, n * sizeof *to);
    return to + n;
}

/* Every float that is published, one after the other. Returns how many. */
static size_t pack(const struct trm_sense *s, float *ret)
{
    float *to = put(ret, s->global, TRM_SENSE_GLOBALS);

    to = put(to, s->error, TRM_SENSE_POINTS * TRM_BANK_DRAFTS);
    to = put(to, s->log_lead, s->point_n);
    to = put(to, s->step, s->row_n * TRM_SENSE_STEPS);
    to = put(to, s->draft, s->row_n * TRM_BANK_DRAFTS);
    to = put(to, s->logit, s->row_n * TRM_BANK_DRAFTS);
    to = put(to, s->spread, s->row_n);
    to = put(to, s->fan, s->row_n * FAN_FLOATS);
    return (size_t)(to - ret);
}

/* ---- what holds for every history ---- */

/* Gaps: none is negative, the median has none. */
static void check_fans(const struct trm_sense *s, size_t i)
{
    for (size_t f = 0; f < TRM_SENSE_FANS; f++)
        for (int q = 0; q < TRM_KNOTS; q++) {
            float gap = s->fan[i * FAN_FLOATS + f * TRM_KNOTS + (size_t)q];
            if (!(gap >= 0 && isfinite(gap)) || (q == TRM_KNOT_MEDIAN && gap != 0))
                fail_msg("row %zu, fan %zu, knot %d: %g", i, f, q, (double)gap);
        }
}

static void check_row(const struct trm_sense *s, size_t i, size_t lead, size_t H)
{
    const float *logit = s->logit + i * TRM_BANK_DRAFTS, *draft = s->draft + i * TRM_BANK_DRAFTS;
    double low = INFINITY, high = -INFINITY, sum = 0, mean = 0;
    float top = -INFINITY;

    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        double value = s->value[k * H + lead - 1], weight = exp((double)logit[k]);
        top = fmaxf(top, logit[k]);
        low = fmin(low, value), high = fmax(high, value);
        sum += weight, mean += weight * value;
        assert_near((double)draft[k], trm_clamp((value - s->centre[i]) / s->sigma, -100, 100),
                    1e-4);
    }
    assert_true(top == 0);
    double slack = 1e-12 * (fabs(low) + fabs(high));
    assert_true(s->centre[i] >= low - slack && s->centre[i] <= high + slack);
    assert_near(s->centre[i], mean / sum, 1e-9 * (fabs(low) + fabs(high)));
    assert_true(s->spread[i] > 0);
}

static void check_record(const struct trm_sense *s)
{
    assert_true(s->point_n <= TRM_SENSE_POINTS);
    assert_true(isfinite(s->scale) && s->scale > 0 && isfinite(s->sigma) && s->sigma > 0);
    assert_true(s->u >= .03 && s->u <= 20);
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        assert_true(s->point_n ? isfinite(s->draft_error[k]) && s->draft_error[k] >= 0
                               : isnan(s->draft_error[k]));
    for (size_t i = 0; i < s->point_n; i++)
        assert_true(s->log_lead[i] >= 0 && s->log_lead[i] <= logf(TRM_BANK_LEADS_DIRECT) + 1e-6f);
    for (size_t i = s->point_n * TRM_BANK_DRAFTS; i < TRM_SENSE_POINTS * TRM_BANK_DRAFTS; i++)
        assert_true(s->error[i] == 0);
}

static void check(const struct trm_sense *s, const size_t *lead, size_t H)
{
    static float all[FLOATS];
    size_t n = pack(s, all);

    for (size_t i = 0; i < n; i++)
        if (!isfinite(all[i]))
            fail_msg("float %zu of %zu is %g", i, n, (double)all[i]);
    check_record(s);
    for (size_t i = 0; i < s->row_n; i++) {
        check_row(s, i, lead ? lead[i] : i + 1, H);
        check_fans(s, i);
    }
}

/* Constants, spikes, alternation, zeros, steps, walks and mixtures of sizes, with holes. */
static void nasty(struct trm_rng *rng, double *v, size_t n)
{
    size_t kind = trm_rng_below(rng, 8), at = trm_rng_below(rng, n);
    double big = pow(10, -12 + 24 * trm_rng_uniform(rng)),
           small = trm_rng_below(rng, 2) ? 0 : 1e-12, walk = 0;
    double sign = trm_rng_below(rng, 2) ? 1 : -1;
    double holes = trm_rng_below(rng, 2) ? 0 : trm_rng_uniform(rng) * trm_rng_uniform(rng);

    for (size_t t = 0; t < n; t++) {
        double x = trm_rng_normal(rng);
        walk += x;
        double kinds[] = {sign + small * x,
                          t == at ? 1e12 / big : small * x,
                          t % 2 ? sign : -.5 * sign,
                          trm_rng_uniform(rng) < .1 ? fabs(x) : 0,
                          t < at ? x * small : sign + small * x,
                          x * exp(5 * trm_rng_normal(rng)),
                          walk,
                          sign * exp(fmin(.2 * (double)t, 60))};
        v[t] = trm_rng_uniform(rng) < holes ? TRM_NAN : trm_clamp(kinds[kind] * big, -1e12, 1e12);
    }
    if (trm_rng_below(rng, 8) == 0) /* nothing at the end */
        for (size_t t = trm_rng_below(rng, n); t < n; t++)
            v[t] = TRM_NAN;
}

static void nasty_histories_are_sensed_in_finite_numbers(void **state)
{
    static const size_t seasons[] = {1, 1, 2, 4, 7, 12, 24, 52, 1000},
                        seconds[] = {0, 0, 0, 14, 60, 168, 5000};
    static double v[301];
    struct trm_rng rng;
    size_t seen = 0;

    (void)state;
    trm_rng_seed(&rng, 23);
    for (int round = 0; round < 6000; round++) {
        double u = trm_rng_uniform(&rng);
        size_t n = 3 + (size_t)(298 * u * u * u * u), m = seasons[trm_rng_below(&rng, 9)];
        size_t m2 = seconds[trm_rng_below(&rng, 7)], H = 1 + trm_rng_below(&rng, 8);
        if (trm_rng_below(&rng, 50) == 0)
            H = 1 + trm_rng_below(&rng, HORIZON_MAX);
        nasty(&rng, v, n);
        size_t lead[] = {1, (H + 1) / 2, H}, row_n = H > 4 ? 3 : 1;
        if (!see(v, n, m, m2, H, lead, row_n))
            continue;
        check(sense, lead, H);
        seen++;
    }
    assert_true(seen > 4500);
}

static void longest_histories_are_sensed_too(void **state)
{
    static const size_t seasons[] = {1, 24, 168, 1500}, seconds[] = {0, 168, 0, 365};
    static double v[TRM_CONTEXT_MAX + 100];
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 29);
    for (size_t i = 0; i < 8; i++) {
        size_t n = TRM_CONTEXT_MAX + (i % 2 ? 100 : 0);
        if (i < 4)
            seasonal_series(v, n, seasons[i], i);
        else
            do
                nasty(&rng, v, n);
            while (isnan(v[n - 1]));
        if (see(v, n, seasons[i % 4], seconds[i % 4], HORIZON_MAX, NULL, HORIZON_MAX))
            check(sense, NULL, HORIZON_MAX);
    }
}

/* ---- units ---- */

/* Noise around a season, and in every third case a walk. */
static void made(size_t which, double *v, size_t *n, size_t *m, size_t *m2)
{
    static const size_t seasons[] = {1, 4, 7, 12, 24};

    *n = 12 + 23 * which, *m = seasons[which % 5], *m2 = which % 4 ? 0 : 3 * *m + 2;
    seasonal_series(v, *n, *m, which);
    for (size_t t = 0; t < *n && which % 3 == 0; t++)
        v[t] = v[t] - 100 + (t ? v[t - 1] : 0);
}

static void powers_of_two_leave_every_bit(void **state)
{
    static const double by[] = {2, .125, 0x1p40, 0x1p-40};
    static double v[400], w[400];
    static float a[FLOATS], b[FLOATS];
    size_t n, m, m2, H = 14;

    (void)state;
    for (size_t which = 0; which < 15; which++) {
        made(which, v, &n, &m, &m2);
        assert_true(see(v, n, m, m2, H, NULL, H));
        size_t count = pack(sense, a);
        for (size_t s = 0; s < 4; s++) {
            for (size_t t = 0; t < n; t++)
                w[t] = v[t] * by[s];
            assert_true(see(w, n, m, m2, H, NULL, H));
            assert_int_equal(pack(sense, b), count);
            assert_memory_equal(a, b, count * sizeof *a);
        }
    }
}

static void other_units_change_next_to_nothing(void **state)
{
    static const double by[] = {3, .7, 1e5, 1.8e-7};
    static double v[400], w[400];
    static float a[FLOATS], b[FLOATS];
    size_t n, m, m2, H = 14;

    (void)state;
    for (size_t which = 0; which < 15; which++) {
        made(which, v, &n, &m, &m2);
        assert_true(see(v, n, m, m2, H, NULL, H));
        size_t count = pack(sense, a);
        for (size_t s = 0; s < 4; s++) {
            for (size_t t = 0; t < n; t++)
                w[t] = v[t] * by[s];
            assert_true(see(w, n, m, m2, H, NULL, H));
            assert_int_equal(pack(sense, b), count);
            for (size_t i = 0; i < count; i++)
                if (!(fabsf(a[i] - b[i]) <= 1e-4f * (1 + fabsf(a[i]))))
                    fail_msg("history %zu times %g: float %zu is %.9g, not %.9g", which, by[s], i,
                             (double)b[i], (double)a[i]);
        }
    }
}

/* ---- rows ---- */

static void rows_of_some_leads_equal_those_of_all(void **state)
{
    static const size_t lead[] = {1, 2, 5, 13, 14, 40};
    static double v[400];
    static struct trm_sense all;
    static float step[40 * TRM_SENSE_STEPS], draft[40 * TRM_BANK_DRAFTS],
        logit[40 * TRM_BANK_DRAFTS], spread[40], fan[40 * FAN_FLOATS];
    static float global[TRM_SENSE_GLOBALS];
    static double centre[40];
    size_t n, m, m2, H = 40;

    (void)state;
    for (size_t which = 1; which < 15; which += 3) {
        made(which, v, &n, &m, &m2);
        assert_true(see(v, n, m, m2, H, NULL, H));
        all = *sense;
        memcpy(step, all.step, sizeof step);
        memcpy(draft, all.draft, sizeof draft);
        memcpy(logit, all.logit, sizeof logit);
        memcpy(spread, all.spread, sizeof spread);
        memcpy(fan, all.fan, sizeof fan);
        memcpy(centre, all.centre, sizeof centre);
        memcpy(global, all.global, sizeof global);
        assert_true(see(v, n, m, m2, H, lead, 6));
        assert_int_equal(sense->row_n, 6);
        assert_memory_equal(global, sense->global, sizeof global);
        for (size_t i = 0; i < 6; i++) {
            size_t j = lead[i] - 1;
            assert_memory_equal(step + j * TRM_SENSE_STEPS, sense->step + i * TRM_SENSE_STEPS,
                                TRM_SENSE_STEPS * sizeof *step);
            assert_memory_equal(draft + j * TRM_BANK_DRAFTS, sense->draft + i * TRM_BANK_DRAFTS,
                                TRM_BANK_DRAFTS * sizeof *draft);
            assert_memory_equal(logit + j * TRM_BANK_DRAFTS, sense->logit + i * TRM_BANK_DRAFTS,
                                TRM_BANK_DRAFTS * sizeof *logit);
            assert_true(spread[j] == sense->spread[i]);
            assert_memory_equal(fan + j * FAN_FLOATS, sense->fan + i * FAN_FLOATS,
                                FAN_FLOATS * sizeof *fan);
            assert_true(centre[j] == sense->centre[i]);
        }
    }
}

/* ---- the record ---- */

/* The record's draft at a point: the published error (in sigma) plus what came. */
static double recorded(const struct trm_sense *s, size_t point, size_t draft, double truth)
{
    return (double)s->error[point * TRM_BANK_DRAFTS + draft] * s->sigma + truth;
}

static size_t lead_of(const struct trm_sense *s, size_t point)
{
    return (size_t)lround(exp((double)s->log_lead[point]));
}

/* Leads that the record looks at, at most: a fifth of the history. */
static size_t span_of(size_t n, size_t H)
{
    return trm_min_size(trm_min_size(H, n / 5), TRM_BANK_LEADS_DIRECT);
}

/* The origins that sense.h and sense_record.c name, oldest first: so many halves of the span before
 * the end, none twice, none too early, none whose newest value is missing. Returns how many. */
static size_t origins_of(const struct trm_history *h, size_t span, size_t *ret)
{
    static const size_t halves[TRM_SENSE_ORIGINS] = {14, 11, 8, 6, 4, 3, 2, 1};
    size_t n = 0;

    for (size_t i = 0; span && i < TRM_SENSE_ORIGINS; i++) {
        size_t back = trm_max_size(halves[i] * span / 2, 1);
        bool again = i + 1 < TRM_SENSE_ORIGINS && back == trm_max_size(halves[i + 1] * span / 2, 1);
        if (!again && h->n >= back + trm_max_size(h->season + 2, 4) &&
            !isnan(h->raw[h->n - back - 1]))
            ret[n++] = h->n - back;
    }
    return n;
}

/* Whether the first drafts of a point are those drawn for an origin. */
static bool is_drawn_at(const struct trm_history *h, size_t point, size_t drafts, size_t origin,
                        const double *drawn, size_t leads)
{
    size_t lead = lead_of(sense, point);

    for (size_t k = 0; k < drafts && lead <= leads; k++) {
        float error = sense->error[point * TRM_BANK_DRAFTS + k];
        double truth = h->raw[origin + lead - 1], was = recorded(sense, point, k, truth);
        if (isnan(truth) ||
            (fabsf(error) < 49 && fabs(was - drawn[k * leads + lead - 1]) >
                                      1e-6 * sense->sigma * (1 + fabs((double)error))))
            return false;
    }
    return lead <= leads;
}

/* Drafts before this one are copies and means of the past: what is known of smoothing constants and
 * coefficients does not change them. */
#define UNLEARNED TRM_BANK_LONG_REVERT

/* The origin of every point, found by drawing the bank at every possible one. */
static void find_origins(struct trm_bank *bank, const struct trm_history *h, size_t m2, size_t H,
                         size_t *ret)
{
    static double drawn[TRM_BANK_DRAFTS * HORIZON_MAX];

    memset(ret, 0, TRM_SENSE_POINTS * sizeof *ret);
    trm_bank_fit(bank, h->filled, h->n, h->season, m2, H);
    for (size_t origin = h->n - 1; origin > 3; origin--) {
        size_t leads = trm_min_size(span_of(h->n, H), h->n - origin);
        trm_bank_draw(bank, h->filled, origin, h->season, m2, leads, drawn);
        for (size_t i = 0; i < sense->point_n; i++)
            if (!ret[i] && is_drawn_at(h, i, UNLEARNED, origin, drawn, leads))
                ret[i] = origin;
    }
}

/* Learns at every second origin below 300, past that at the oldest only, draws, and compares with the
 * record in its order. */
static void replay(struct trm_bank *bank, const struct trm_history *h, size_t m2, size_t H)
{
    static double drawn[TRM_BANK_DRAFTS * HORIZON_MAX];
    size_t span = span_of(h->n, H), origin[TRM_SENSE_ORIGINS], point = 0;
    size_t origin_n = origins_of(h, span, origin);

    for (size_t o = 0; o < origin_n; o++) {
        size_t leads = trm_min_size(span, h->n - origin[o]), last = 0, from = point;
        if (!o || (origin[o] < 300 && o % 2 == 0))
            trm_bank_fit(bank, h->filled, origin[o], h->season, m2, span);
        trm_bank_draw(bank, h->filled, origin[o], h->season, m2, leads, drawn);
        for (; point < sense->point_n && lead_of(sense, point) > last; point++) {
            last = lead_of(sense, point);
            if (!is_drawn_at(h, point, TRM_BANK_DRAFTS, origin[o], drawn, leads))
                fail_msg("point %zu, lead %zu, is not drawn at %zu of %zu", point, last, origin[o],
                         h->n);
        }
        assert_in_range(point - from, 1, TRM_SENSE_PROBES);
        assert_int_equal(last, leads); /* the probes reach the end */
    }
    assert_int_equal(point, sense->point_n);
}

static void the_record_is_what_the_bank_drew_from_what_was_known(void **state)
{
    static double v[700];
    size_t n, m, m2, H = 14;
    struct trm_history h;
    struct trm_bank *bank = NULL;

    (void)state;
    assert_int_equal(trm_bank_new(700, 700, HORIZON_MAX, &bank), TRM_OK);
    for (size_t which = 1; which < 30; which += 2) { /* 35 .. 679 values */
        made(which, v, &n, &m, &m2);
        assert_int_equal(trm_history_init(&h, v, n, m), TRM_OK);
        trm_sense_make(sense, &h, m2, H, NULL, H);
        replay(bank, &h, m2, H);
        trm_history_done(&h);
    }
    trm_bank_free(bank);
}

/* Eight origins, of which the oldest lies seven horizons back. */
static void the_record_has_eight_origins_of_eight_points_where_there_is_room(void **state)
{
    static double v[400];
    size_t origin[TRM_SENSE_ORIGINS];
    struct trm_history h;

    (void)state;
    seasonal_series(v, 400, 12, 1);
    assert_int_equal(trm_history_init(&h, v, 400, 12), TRM_OK);
    trm_sense_make(sense, &h, 0, 40, NULL, 1);
    assert_int_equal(origins_of(&h, 40, origin), TRM_SENSE_ORIGINS);
    assert_int_equal(origin[0], 400 - 280);
    assert_int_equal(sense->point_n, TRM_SENSE_POINTS);
    trm_history_done(&h);
}

/* Senses v and finds the origin and the recorded drafts of every point. Returns the number of
 * points. */
static size_t look_back(struct trm_bank *bank, const double *v, size_t n, size_t m, size_t m2,
                        size_t H, size_t *ret_origin, double (*ret_draft)[TRM_BANK_DRAFTS])
{
    struct trm_history h;

    assert_int_equal(trm_history_init(&h, v, n, m), TRM_OK);
    trm_sense_make(sense, &h, m2, H, NULL, H);
    find_origins(bank, &h, m2, H, ret_origin);
    for (size_t i = 0; i < sense->point_n; i++) {
        assert_true(ret_origin[i] > 0);
        assert_false(isnan(h.raw[ret_origin[i] - 1])); /* filled from what came after it */
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            ret_draft[i][k] = ldexp(
                recorded(sense, i, k, h.raw[ret_origin[i] + lead_of(sense, i) - 1]), h.exponent);
    }
    trm_history_done(&h);
    return sense->point_n;
}

static void what_came_later_does_not_change_the_record_of_an_origin(void **state)
{
    static double v[400], peak, before[TRM_SENSE_POINTS][TRM_BANK_DRAFTS],
        after[TRM_SENSE_POINTS][TRM_BANK_DRAFTS];
    size_t n, m, m2, H = 14, origin[TRM_SENSE_POINTS], again[TRM_SENSE_POINTS];
    struct trm_bank *bank = NULL;

    (void)state;
    assert_int_equal(trm_bank_new(400, 400, HORIZON_MAX, &bank), TRM_OK);
    for (size_t holes = 0; holes < 2; holes++)
        for (size_t which = 8; which < 15; which += 3) {
            made(which, v, &n, &m, &m2);
            peak = 0; /* the largest magnitude decides the exact scaling: keep it */
            for (size_t t = 0; t < n; t++)
                peak = fmax(peak, fabs(v[t]));
            v[0] = peak;
            for (size_t t = 1; t < n && holes; t++)
                if (t / 5 % 3 == 1) /* five of fifteen */
                    v[t] = TRM_NAN;
            size_t points = look_back(bank, v, n, m, m2, H, origin, before), kept = 0;
            assert_true(points > 4);
            size_t cut = origin[points / 2];
            for (size_t t = cut; t < n; t++)
                v[t] = isnan(v[t]) ? v[t] : trm_clamp(v[t] + 5 * sin((double)t), -peak, peak);
            assert_int_equal(look_back(bank, v, n, m, m2, H, again, after), points);
            for (size_t i = 0; i < points && origin[i] <= cut; i++, kept++) {
                assert_int_equal(again[i], origin[i]);
                for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
                    assert_near(before[i][k], after[i][k], 2e-5 * peak);
            }
            assert_true(kept > 1 && kept < points);
        }
    trm_bank_free(bank);
}

static void a_hole_that_ends_after_an_origin_tells_it_nothing(void **state)
{
    static double v[120], drafts[TRM_SENSE_POINTS][TRM_BANK_DRAFTS];
    size_t origin[TRM_SENSE_POINTS];
    struct trm_bank *bank = NULL;

    (void)state;
    assert_int_equal(trm_bank_new(120, 1, HORIZON_MAX, &bank), TRM_OK);
    for (size_t from = 60; from < 112; from += 3) {
        seasonal_series(v, 120, 1, from);
        for (size_t t = from; t < from + 7; t++)
            v[t] = TRM_NAN;
        assert_true(look_back(bank, v, 120, 1, 0, 10, origin, drafts) > 4);
    }
    trm_bank_free(bank);
}

static void draft_errors_are_the_means_of_the_record(void **state)
{
    static double v[400];
    size_t n, m, m2, H = 14;

    (void)state;
    made(11, v, &n, &m, &m2);
    assert_true(see(v, n, m, m2, H, NULL, H));
    double best = INFINITY;
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        double sum = 0;
        for (size_t i = 0; i < sense->point_n; i++)
            sum += fabs((double)sense->error[i * TRM_BANK_DRAFTS + k]) * sense->sigma;
        assert_near(sum / (double)sense->point_n, sense->draft_error[k], 1e-5 * sense->sigma);
        best = fmin(best, sense->draft_error[k]);
    }
    assert_near(sense->u, trm_clamp(best / sense->scale + .03, .03, 20), 1e-12);
    assert_near(sense->sigma, sense->u * sense->scale, 1e-12);
}

/* ---- holes ---- */

static void missing_values_at_the_end_are_no_truth(void **state)
{
    static double v[400];
    size_t n, m, m2, H = 14, points = TRM_SENSE_POINTS + 1;

    (void)state;
    for (size_t gone = 0; gone <= 120; gone += 8) { /* more and more of the newest values */
        made(10, v, &n, &m, &m2);
        for (size_t t = n - gone; t < n; t++)
            v[t] = TRM_NAN;
        assert_true(see(v, n, m, m2, H, NULL, H));
        check(sense, NULL, H);
        assert_true(sense->point_n <= points);
        points = sense->point_n;
    }
    assert_int_equal(points, 0); /* the record lies in the hole: nothing is known of the drafts */
    assert_near(sense->u, 1, 0);
    for (size_t i = 0; i < H * TRM_BANK_DRAFTS; i++)
        assert_true(sense->logit[i] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nasty_histories_are_sensed_in_finite_numbers),
        cmocka_unit_test(longest_histories_are_sensed_too),
        cmocka_unit_test(powers_of_two_leave_every_bit),
        cmocka_unit_test(other_units_change_next_to_nothing),
        cmocka_unit_test(rows_of_some_leads_equal_those_of_all),
        cmocka_unit_test(the_record_is_what_the_bank_drew_from_what_was_known),
        cmocka_unit_test(the_record_has_eight_origins_of_eight_points_where_there_is_room),
        cmocka_unit_test(what_came_later_does_not_change_the_record_of_an_origin),
        cmocka_unit_test(a_hole_that_ends_after_an_origin_tells_it_nothing),
        cmocka_unit_test(draft_errors_are_the_means_of_the_record),
        cmocka_unit_test(missing_values_at_the_end_are_no_truth),
    };
    return cmocka_run_group_tests_name("sense", tests, make_sense, drop_sense);
}
