/* The bank of drafts: golden values from other implementations, and what must hold for any history.
 */
#include "check.h"

#include "core/bank.h"
#include "golden/bank_golden.h"

#define GOLDEN_N (sizeof golden / sizeof *golden)
#define N_MAX 760
#define SEASON_MAX 400
#define LEADS_MAX 110
#define GUARD -7.25e77
#define CELLS (TRM_BANK_DRAFTS * LEADS_MAX)

static struct trm_bank
    *bank; /* one for all tests: what one leaves behind must not reach the next */

static int make_bank(void **state)
{
    (void)state;
    return trm_bank_new(N_MAX, SEASON_MAX, LEADS_MAX, &bank) == TRM_OK ? 0 : -1;
}

static int drop_bank(void **state)
{
    (void)state;
    trm_bank_free(bank);
    return 0;
}

static void width(const double *v, size_t n, double *ret_low, double *ret_high)
{
    *ret_low = *ret_high = v[0];
    for (size_t i = 1; i < n; i++) {
        *ret_low = fmin(*ret_low, v[i]);
        *ret_high = fmax(*ret_high, v[i]);
    }
}

/* One fit and one draw, with nothing written outside. */
static void draw(const double *v, size_t n, size_t m, size_t m2, size_t H, double *ret)
{
    static double room[CELLS + 128];

    for (size_t i = 0; i < TRM_BANK_DRAFTS * H + 128; i++)
        room[i] = GUARD;
    trm_bank_fit(bank, v, n, m, m2, H);
    trm_bank_draw(bank, v, n, m, m2, H, room + 64);
    memcpy(ret, room + 64, TRM_BANK_DRAFTS * H * sizeof *ret);
    for (size_t i = 0; i < 64; i++)
        if (room[i] != GUARD || room[TRM_BANK_DRAFTS * H + 64 + i] != GUARD)
            fail_msg("written outside: n %zu, season %zu, %zu, horizon %zu", n, m, m2, H);
    for (size_t i = 0; i < TRM_BANK_DRAFTS * H; i++)
        if (ret[i] == GUARD)
            fail_msg("%s is not written at lead %zu", trm_bank_name(i / H), i % H + 1);
}

/* ---- golden values ---- */

static size_t golden_row(const char *name)
{
    for (size_t i = 0; i < sizeof golden_draft / sizeof *golden_draft; i++)
        if (!strcmp(golden_draft[i], name))
            return i;
    fail_msg("%s has no golden values: write it into make_bank_golden.py", name);
    return 0;
}

static void drafts_equal_those_of_other_implementations(void **state)
{
    static double got[CELLS];
    size_t wrong = 0;

    (void)state;
    for (const struct golden *g = golden; g < golden + GOLDEN_N; g++) {
        double low, high;
        width(g->v, g->n, &low, &high);
        draw(g->v, g->n, g->season, g->season2, g->horizon, got);
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
            const double *want = g->out + golden_row(trm_bank_name(k)) * g->lead_n;
            double apart = 0;
            for (size_t i = 0; i < g->lead_n; i++)
                apart = fmax(apart, fabs(got[k * g->horizon + g->lead[i] - 1] - want[i]));
            if (apart <= 1e-6 * (high - low))
                continue;
            print_error("%s: %s is %.3g of the range away\n", g->name, trm_bank_name(k),
                        apart / (high - low));
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- scale and shift ---- */

/* Logarithms of scaled values are not scaled logarithms, to the last bit. */
static bool takes_logs(enum trm_bank_draft k)
{
    return strncmp(trm_bank_name(k), "log_", 4) == 0;
}

/* The golden histories, and smooth noise around seasons for the rest; returns its name. */
static void some_history(size_t which, double *v, size_t *n, size_t *m, size_t *m2)
{
    if (which < GOLDEN_N) {
        const struct golden *g = golden + which;
        *n = g->n, *m = g->season, *m2 = g->season2;
        memcpy(v, g->v, g->n * sizeof *v);
        return;
    }
    static const size_t seasons[] = {1, 2, 4, 7, 12, 24, 52};
    *n = 5 + 17 * (which - GOLDEN_N);
    *m = seasons[which % 7], *m2 = which % 3 ? 0 : 60;
    seasonal_series(v, *n, *m, which);
}

static void scaled(double by, const double *from, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = by * from[i];
}

static void drafts_scale_with_the_history(void **state)
{
    static double v[N_MAX], w[N_MAX], a[CELLS], b[CELLS];
    static const double by[] = {2, .125, 4096, 3, .7, 1e5};
    size_t H = 30, n, m, m2;

    (void)state;
    for (size_t which = 0; which < GOLDEN_N + 30; which++) {
        some_history(which, v, &n, &m, &m2);
        draw(v, n, m, m2, H, a);
        double low, high;
        width(v, n, &low, &high);
        for (size_t s = 0; s < sizeof by / sizeof *by; s++) {
            scaled(by[s], v, n, w);
            draw(w, n, m, m2, H, b);
            for (size_t i = 0; i < TRM_BANK_DRAFTS * H; i++) {
                double exact = s < 3 && !takes_logs(i / H) ? 0 : 1e-9;
                if (!(fabs(b[i] / by[s] - a[i]) <= exact * fmax(high - low, fabs(high))))
                    fail_msg("%s, history %zu times %g: %.17g, not %.17g", trm_bank_name(i / H),
                             which, by[s], b[i] / by[s], a[i]);
            }
        }
    }
}

static void additive_drafts_shift_with_the_history(void **state)
{
    static double v[N_MAX], w[N_MAX], a[CELLS], b[CELLS];
    size_t H = 30, n, m, m2;

    (void)state;
    for (size_t which = 0; which < GOLDEN_N + 30; which++) {
        some_history(which, v, &n, &m, &m2);
        draw(v, n, m, m2, H, a);
        double low, high;
        width(v, n, &low, &high);
        for (int s = -1; s < 2; s += 2) {
            double by = s * ldexp(1, ilogb(high - low) + 1); /* adds without rounding much */
            for (size_t i = 0; i < n; i++)
                w[i] = v[i] + by;
            draw(w, n, m, m2, H, b);
            for (size_t i = 0; i < TRM_BANK_DRAFTS * H; i++)
                if (trm_bank_is_additive(i / H) && !(fabs(b[i] - by - a[i]) <= 1e-8 * (high - low)))
                    fail_msg("%s, history %zu plus %g: %.17g, not %.17g", trm_bank_name(i / H),
                             which, by, b[i] - by, a[i]);
        }
    }
}

static void a_high_level_does_not_eat_the_digits(void **state)
{
    static double v[300], w[300], a[CELLS], b[CELLS];
    size_t H = 20;

    (void)state;
    for (size_t m = 1; m <= 12; m += 11) {
        seasonal_series(v, 300, m, 3); /* about 35 wide */
        double by = 0x1p27;
        for (size_t i = 0; i < 300; i++) {
            v[i] = ldexp(rint(ldexp(v[i], 16)), -16); /* so that the sum is exact */
            w[i] = v[i] + by;
        }
        draw(v, 300, m, 0, H, a);
        draw(w, 300, m, 0, H, b);
        for (size_t i = 0; i < TRM_BANK_DRAFTS * H; i++)
            if (trm_bank_is_additive(i / H) && !(fabs(b[i] - by - a[i]) <= 1e-4))
                fail_msg("%s, season %zu, lead %zu: %.9g, not %.9g", trm_bank_name(i / H), m,
                         i % H + 1, b[i] - by, a[i]);
    }
}

static void drafts_called_multiplicative_do_not_shift(void **state)
{
    static double v[N_MAX], w[N_MAX], a[CELLS], b[CELLS];
    const struct golden *g = &golden[4]; /* positive, growing, seasonal */

    (void)state;
    for (size_t i = 0; i < g->n; i++) {
        v[i] = g->v[i];
        w[i] = g->v[i] + 1000;
    }
    draw(v, g->n, g->season, 0, 5, a);
    draw(w, g->n, g->season, 0, 5, b);
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        if (!trm_bank_is_additive(k))
            assert_true(fabs(b[5 * k] - 1000 - a[5 * k]) > 1e-3);
}

/* ---- every history ---- */

/* Finite, and no further than ten widths from the history. */
static void check_bounds(const double *v, size_t n, size_t m, size_t m2, size_t H,
                         const double *got)
{
    double low, high;

    width(v, n, &low, &high);
    double room = 10 * (high - low);
    for (size_t i = 0; i < TRM_BANK_DRAFTS * H; i++)
        if (!isfinite(got[i]) || got[i] < low - room || got[i] > high + room)
            fail_msg("%s is %g at lead %zu: n %zu, season %zu, %zu", trm_bank_name(i / H), got[i],
                     i % H + 1, n, m, m2);
}

static void every_short_history_has_every_draft(void **state)
{
    static const size_t seasons[] = {1, 2, 4, 7, 12, 24, 52}, seconds[] = {0, 3, 14, 30, 100, 365};
    static double v[40], got[CELLS], exact[CELLS];

    (void)state;
    for (size_t i = 0; i < 7; i++)
        for (size_t n = 1; n <= 40; n++)
            for (size_t s = 0; s < 6; s++) {
                size_t m = seasons[i], m2 = seconds[s], H = 1 + (n + s) % 30;
                struct trm_bank *tight = NULL;
                seasonal_series(v, n, m, n);
                draw(v, n, m, m2, H, got);
                check_bounds(v, n, m, m2, H, got);
                /* a bank of just this size gives the same: no part of it runs into another */
                assert_int_equal(trm_bank_new(n, trm_max_size(m, m2), H, &tight), TRM_OK);
                trm_bank_fit(tight, v, n, m, m2, H);
                trm_bank_draw(tight, v, n, m, m2, H, exact);
                trm_bank_free(tight);
                assert_memory_equal(got, exact, TRM_BANK_DRAFTS * H * sizeof *got);
            }
}

/* Constants, spikes, alternation, zeros, steps, and mixtures of sizes. */
static void nasty(struct trm_rng *rng, double *v, size_t n)
{
    size_t kind = trm_rng_below(rng, 8), at = trm_rng_below(rng, n);
    double big = pow(10, -12 + 24 * trm_rng_uniform(rng)),
           small = trm_rng_below(rng, 2) ? 0 : 1e-12;
    double sign = trm_rng_below(rng, 2) ? 1 : -1;

    for (size_t t = 0; t < n; t++) {
        double x = trm_rng_normal(rng), one = trm_rng_uniform(rng) < .1 ? 1 : 0;
        double kinds[] = {sign,
                          t == at ? 1e12 / big : small * x,
                          t % 2 ? sign : -.5 * sign,
                          one * fabs(x),
                          t < at ? x * small : sign + small * x,
                          x * exp(5 * trm_rng_normal(rng)),
                          sign * exp(fmin(.2 * (double)t, 60)),
                          floor(2 * x)};
        v[t] = trm_clamp(kinds[kind] * big, -1e12, 1e12);
    }
}

static void nasty_histories_have_finite_drafts(void **state)
{
    static const size_t seasons[] = {1, 2, 4, 7, 12, 24, 52}, seconds[] = {0, 0, 14, 30, 100};
    static double v[120], got[CELLS];
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 11);
    for (int round = 0; round < 20000; round++) {
        double u = trm_rng_uniform(&rng);
        size_t n = 1 + (size_t)(119 * u * u), m = seasons[trm_rng_below(&rng, 7)];
        size_t m2 = seconds[trm_rng_below(&rng, 5)], H = 1 + trm_rng_below(&rng, 12);
        nasty(&rng, v, n);
        draw(v, n, m, m2, H, got);
        check_bounds(v, n, m, m2, H, got);
    }
}

static void values_beyond_single_precision_have_finite_drafts(void **state)
{
    static const double sizes[] = {1e15, 1e19, 1e25, 1e60, 1e-30, 1e-60};
    static double v[200], got[CELLS];
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 12);
    for (size_t i = 0; i < 12; i++) {
        for (size_t t = 0; t < 200; t++)
            v[t] = sizes[i / 2] * (trm_rng_normal(&rng) + 2);
        draw(v, 200, i % 2 ? 12 : 1, 0, 20, got);
        check_bounds(v, 200, i % 2 ? 12 : 1, 0, 20, got);
    }
}

static void constant_history_goes_on_constant(void **state)
{
    static const double values[] = {0, 1, -3.7, 1e12, 1e-12, .1};
    static const size_t ns[] = {1, 2, 5, 8, 13, 30, 100, 700}, seasons[] = {1, 7, 12, 24};
    static double v[N_MAX], got[CELLS];

    (void)state;
    for (size_t c = 0; c < 6; c++)
        for (size_t i = 0; i < 8; i++)
            for (size_t s = 0; s < 8; s++) {
                for (size_t t = 0; t < ns[i]; t++)
                    v[t] = values[c];
                draw(v, ns[i], seasons[s % 4], s / 4 * 60, 20, got);
                for (size_t k = 0; k < TRM_BANK_DRAFTS * 20; k++)
                    if (got[k] != values[c])
                        fail_msg("%s makes %.17g of %.17g", trm_bank_name(k / 20), got[k],
                                 values[c]);
            }
}

/* ---- seasons ---- */

static void pure_season_goes_on(void **state)
{
    /* those that carry the season on exactly; a penalty keeps some from that */
    static const size_t seasons[] = {2, 4, 7, 12, 24};
    static double v[500], got[CELLS];

    (void)state;
    for (size_t s = 0; s < 5; s++) {
        size_t m = seasons[s], n = 20 * m + m / 2, H = 2 * m + 3;
        for (size_t t = 0; t < n; t++)
            v[t] = 20 + 3 * sin(1.7 * (double)(t % m) + .3) + (double)(t % m == 1);
        draw(v, n, m, 0, H, got);
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
            bool penalised = k == TRM_BANK_SAR || k == TRM_BANK_LOG_SAR || k == TRM_BANK_POOL ||
                             k == TRM_BANK_LOG_POOL;
            for (size_t j = 0; j < H && k != TRM_BANK_NAIVE; j++)
                if (!(fabs(got[k * H + j] - v[n - m + j % m]) <= (penalised ? 1 : 1e-6)))
                    fail_msg("%s of season %zu at lead %zu: %.12g, not %.12g", trm_bank_name(k), m,
                             j + 1, got[k * H + j], v[n - m + j % m]);
        }
    }
}

static void two_pure_seasons_go_on(void **state)
{
    static const enum trm_bank_draft exact[] = {TRM_BANK_LONG_NAIVE, TRM_BANK_LONG_ADJUSTED,
                                                TRM_BANK_LONG_MEAN};
    static double v[700], got[CELLS];
    size_t n = 700, H = 100;

    (void)state;
    for (size_t t = 0; t < n; t++)
        v[t] = 5 + sin(6.28318530717958648 * (double)(t % 24) / 24) + .2 * (double)(t % 168 < 48);
    draw(v, n, 24, 168, H, got);
    for (size_t k = 0; k < 3; k++)
        for (size_t j = 0; j < H; j++)
            assert_near(got[exact[k] * H + j], v[n - 168 + j % 168], 1e-12);
}

/* ---- state ---- */

static void same_input_gives_same_bits_whatever_was_drawn_before(void **state)
{
    static double v[N_MAX], other[N_MAX], a[CELLS], b[CELLS], rubbish[CELLS];
    size_t n, m, m2, H = 25;

    (void)state;
    seasonal_series(other, N_MAX, 12, 77);
    for (size_t which = 0; which < GOLDEN_N + 30; which++) {
        struct trm_bank *fresh = NULL;
        some_history(which, v, &n, &m, &m2);
        assert_int_equal(trm_bank_new(N_MAX, SEASON_MAX, LEADS_MAX, &fresh), TRM_OK);
        trm_bank_fit(fresh, v, n, m, m2, H);
        trm_bank_draw(fresh, v, n, m, m2, H, a);
        trm_bank_free(fresh);
        draw(other, 1 + which * 15, 1 + which % 13, 100, 1 + which, rubbish);
        draw(v, n, m, m2, H, b); /* with a fit of its own */
        assert_memory_equal(a, b, TRM_BANK_DRAFTS * H * sizeof *a);
        trm_bank_draw(bank, other, 300 + which, 12, 0, LEADS_MAX, rubbish);
        trm_bank_draw(bank, v, n, m, m2, H, b); /* by the same fit, others in between */
        assert_memory_equal(a, b, TRM_BANK_DRAFTS * H * sizeof *a);
    }
}

/* What is kept of a history serves its own beginnings and continuations, to the bit, and nothing
 * else: not one changed value, other seasons, another lift of the logarithms. */
static void a_history_that_grows_or_shrinks_gives_the_same_bits_as_alone(void **state)
{
    static double v[400], a[CELLS], b[CELLS];
    static const size_t length[] = {40, 61, 100, 101, 250, 180, 390, 90, 130, 391, 200, 400};
    size_t H = 19;

    (void)state;
    for (size_t which = 0; which < 4; which++)
        for (size_t m = 1; m <= 12; m += 11)
            for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
                struct trm_bank *fresh = NULL;
                seasonal_series(v, 400, 12, 5);
                for (size_t t = 0; t < 400;
                     t++) /* positive, once in a while 0, later ever larger */
                    v[t] = which == 1 && t % 50 == 7 ? 0 : exp(.1 * v[t] + (which == 2) * .01 * t);
                if (which == 3)
                    v[i * 4 + 1] += 1; /* the same memory, another history */
                size_t m2 = i < 6 ? 0 : 30;
                assert_int_equal(trm_bank_new(400, 60, H, &fresh), TRM_OK);
                trm_bank_fit(fresh, v, length[i], m, m2, H);
                trm_bank_draw(fresh, v, length[i], m, m2, H, a);
                trm_bank_free(fresh);
                draw(v, length[i], m, m2, H, b);
                assert_memory_equal(a, b, TRM_BANK_DRAFTS * H * sizeof *a);
            }
}

/* Whether a draft has coefficients or constants that a fit, or the draw after it, settles. */
static bool is_learned(enum trm_bank_draft k)
{
    static const enum trm_bank_draft learned[] = {
        TRM_BANK_LONG_SES, TRM_BANK_SES,        TRM_BANK_HOLT,    TRM_BANK_THETA,
        TRM_BANK_AR,       TRM_BANK_LONG_AR,    TRM_BANK_ARI,     TRM_BANK_SAR,
        TRM_BANK_RIDGE,    TRM_BANK_WINTERS,    TRM_BANK_LOG_SES, TRM_BANK_LOG_THETA,
        TRM_BANK_LOG_HOLT, TRM_BANK_LOG_SAR,    TRM_BANK_POOL,    TRM_BANK_LOG_POOL,
        TRM_BANK_CALM_SES, TRM_BANK_CALM_THETA, TRM_BANK_CALM_AR};

    for (size_t i = 0; i < sizeof learned / sizeof *learned; i++)
        if (learned[i] == k)
            return true;
    return false;
}

/* A wild half, then a quiet one that wanders: nothing learned from the first suits the second. */
static void two_halves(double *v, size_t n)
{
    struct trm_rng rng;
    double walk = 0;

    seasonal_series(v, n, 12, 5);
    trm_rng_seed(&rng, 6);
    for (size_t t = 0; t < n; t++) {
        walk += t < n / 2 ? 0 : trm_rng_normal(&rng);
        v[t] += t < n / 2 ? 5 * trm_rng_normal(&rng) : 4 * walk;
    }
    v[n / 4] += 60; /* outliers on both sides of every cut */
    v[n - 20] -= 150;
}

static void a_fit_and_the_draw_after_it_serve_until_the_next_fit(void **state)
{
    static double v[400], a[CELLS], b[CELLS], rubbish[CELLS];
    size_t H = 24;

    (void)state;
    two_halves(v, 400);
    draw(v, 400, 12, 0, H, a);
    trm_bank_fit(bank, v, 190, 12, 0, H);
    trm_bank_draw(bank, v, 190, 12, 0, H, rubbish);
    trm_bank_draw(bank, v, 400, 12, 0, H, b); /* by what is known of the first 190 */
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        bool same = memcmp(a + k * H, b + k * H, H * sizeof *a) == 0;
        if (same == is_learned(k))
            fail_msg("%s is %s by what was learned", trm_bank_name(k),
                     same ? "not changed" : "changed");
    }
    trm_bank_fit(bank, v, 400, 12, 0, H);
    trm_bank_draw(bank, v, 400, 12, 0, H, b);
    assert_memory_equal(a, b, TRM_BANK_DRAFTS * H * sizeof *a);
}

static void what_comes_after_a_fit_teaches_it_nothing(void **state)
{
    static double v[400], w[400], a[CELLS], b[CELLS], rubbish[CELLS];
    size_t H = 24;

    (void)state;
    two_halves(v, 400);
    two_halves(w, 400);
    for (size_t t = 300; t < 400; t++)
        w[t] = 7 * w[t] + (double)(t % 5); /* another future */
    trm_bank_fit(bank, v, 200, 12, 60, H);
    trm_bank_draw(bank, v, 200, 12, 60, H, rubbish);
    trm_bank_draw(bank, v, 400, 12, 60, H, rubbish);
    trm_bank_draw(bank, v, 300, 12, 60, H, a);
    trm_bank_fit(bank, w, 200, 12, 60, H);
    trm_bank_draw(bank, w, 200, 12, 60, H, rubbish);
    trm_bank_draw(bank, w, 400, 12, 60, H, rubbish);
    trm_bank_draw(bank, w, 300, 12, 60, H, b);
    assert_memory_equal(a, b, TRM_BANK_DRAFTS * H * sizeof *a);
}

static void the_ridge_repeats_seasonal_autoregression_where_it_ends(void **state)
{
    static double v[400], got[CELLS];
    size_t H = LEADS_MAX;

    (void)state;
    seasonal_series(v, 400, 12, 6);
    draw(v, 400, 12, 0, H, got);
    const double *ridge = got + TRM_BANK_RIDGE * H, *sar = got + TRM_BANK_SAR * H;
    assert_true(ridge[TRM_BANK_LEADS_DIRECT - 1] != sar[TRM_BANK_LEADS_DIRECT - 1]);
    for (size_t j = TRM_BANK_LEADS_DIRECT; j < H; j++)
        assert_near(ridge[j], sar[j], 0);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median of n numbers, each `apart` from the one before. */
static double median_of(const double *from, size_t apart, size_t n)
{
    double at[64];

    for (size_t i = 0; i < n; i++)
        at[i] = from[i * apart];
    qsort(at, n, sizeof *at, ascending);
    return .5 * (at[(n - 1) / 2] + at[n / 2]);
}

static void the_view_shows_what_was_drawn(void **state)
{
    static double v[400], got[CELLS];
    struct trm_bank_view view;

    (void)state;
    seasonal_series(v, 400, 12, 6);
    draw(v, 400, 12, 0, 20, got);
    trm_bank_look(bank, &view);
    assert_int_equal(view.recent_n, 400);
    assert_true(view.strength > .9 && view.strength <= 1 && view.strength2 == 0);
    for (size_t i = 0; i < 12; i++)
        assert_near(view.plain[400 - 12 + i] + view.index[i], v[400 - 12 + i], 1e-12);
    assert_int_equal(view.analog_n[0], 12); /* sqrt(380 - 6) / 1.6 */
    assert_int_equal(view.analog_n[1], 7);  /* sqrt(380 - 24) / 2.5 */
    for (int which = 0; which < 2; which++)
        for (size_t j = 0; j < 20; j++)
            assert_near(median_of(view.analog[which] + j, 20, view.analog_n[which]),
                        got[(TRM_BANK_ANALOG + which) * 20 + j], 1e-10);
}

/* ---- outliers ---- */

static void outliers_do_not_move_the_calm(void **state)
{
    static double v[240], w[240], a[CELLS], b[CELLS];
    static const enum trm_bank_draft calm[] = {TRM_BANK_CALM_SES, TRM_BANK_CALM_THETA,
                                               TRM_BANK_CALM_AR};
    static const enum trm_bank_draft wild[] = {TRM_BANK_SES, TRM_BANK_THETA, TRM_BANK_AR};
    size_t H = 12;

    (void)state;
    seasonal_series(v, 240, 12, 8); /* noise of one around the season */
    memcpy(w, v, sizeof w);
    w[238] += 500;
    w[120] -= 300;
    draw(v, 240, 12, 0, H, a);
    draw(w, 240, 12, 0, H, b);
    for (size_t k = 0; k < 3; k++) {
        double here = 0, there = 0; /* how far outliers moved the drafts */
        for (size_t j = 0; j < H; j++) {
            here += fabs(b[calm[k] * H + j] - a[calm[k] * H + j]) / (double)H;
            there += fabs(b[wild[k] * H + j] - a[wild[k] * H + j]) / (double)H;
        }
        if (!(here < 2 && 5 * here < there))
            fail_msg("%s moved by %g, %s by %g", trm_bank_name(calm[k]), here,
                     trm_bank_name(wild[k]), there);
    }
}

static void without_outliers_the_calm_are_their_relatives(void **state)
{
    static double v[120], got[CELLS];
    size_t H = 12;

    (void)state;
    for (size_t t = 0; t < 120; t++)
        v[t] = (double)(t * 37 % 101); /* even: no tails */
    draw(v, 120, 1, 0, H, got);
    for (size_t j = 0; j < H; j++) {
        assert_near(got[TRM_BANK_CALM_SES * H + j], got[TRM_BANK_SES * H + j], 0);
        assert_near(got[TRM_BANK_CALM_THETA * H + j], got[TRM_BANK_THETA * H + j], 0);
        assert_near(got[TRM_BANK_CALM_AR * H + j], got[TRM_BANK_AR * H + j], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drafts_equal_those_of_other_implementations),
        cmocka_unit_test(drafts_scale_with_the_history),
        cmocka_unit_test(additive_drafts_shift_with_the_history),
        cmocka_unit_test(a_high_level_does_not_eat_the_digits),
        cmocka_unit_test(drafts_called_multiplicative_do_not_shift),
        cmocka_unit_test(every_short_history_has_every_draft),
        cmocka_unit_test(nasty_histories_have_finite_drafts),
        cmocka_unit_test(values_beyond_single_precision_have_finite_drafts),
        cmocka_unit_test(constant_history_goes_on_constant),
        cmocka_unit_test(pure_season_goes_on),
        cmocka_unit_test(two_pure_seasons_go_on),
        cmocka_unit_test(same_input_gives_same_bits_whatever_was_drawn_before),
        cmocka_unit_test(a_fit_and_the_draw_after_it_serve_until_the_next_fit),
        cmocka_unit_test(a_history_that_grows_or_shrinks_gives_the_same_bits_as_alone),
        cmocka_unit_test(what_comes_after_a_fit_teaches_it_nothing),
        cmocka_unit_test(the_ridge_repeats_seasonal_autoregression_where_it_ends),
        cmocka_unit_test(the_view_shows_what_was_drawn),
        cmocka_unit_test(outliers_do_not_move_the_calm),
        cmocka_unit_test(without_outliers_the_calm_are_their_relatives),
    };
    return cmocka_run_group_tests_name("bank", tests, make_bank, drop_bank);
}
