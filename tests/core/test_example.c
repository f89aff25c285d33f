/* Training examples: what is written is what the sense says, at leads from everywhere, and nothing
 * of it lands in another example. */
#include "check.h"

#include "core/example.h"

#define L TRM_EXAMPLE_ROWS
#define GUARD 7.5e33f
#define GUARDS 64
#define SET_N 3

static struct trm_sense *sense, *other; /* other: to compare with, in another state */
static float memory[GUARDS + SET_N * TRM_EXAMPLE_FLOATS + GUARDS];
static struct trm_examples examples;
static struct trm_prior_series series;

static int make_senses(void **state)
{
    (void)state;
    return trm_sense_new(TRM_PRIOR_HORIZON_MAX, &sense) == TRM_OK &&
                   trm_sense_new(TRM_PRIOR_HORIZON_MAX, &other) == TRM_OK
               ? 0
               : -1;
}

static int drop_senses(void **state)
{
    (void)state;
    trm_sense_free(sense);
    trm_sense_free(other);
    return 0;
}

static void fresh_set(void)
{
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        memory[i] = GUARD;
    trm_examples_place(&examples, memory + GUARDS, SET_N);
}

/* The set's arrays and how many floats of each are one example's. */
#define ARRAYS 12
struct array {
    const void *at;
    size_t each;
};
static void arrays_of(const struct trm_example_set *s, struct array ret[ARRAYS])
{
    const struct array all[ARRAYS] = {
        {s->global, TRM_SENSE_GLOBALS},
        {s->error, TRM_SENSE_POINTS * TRM_BANK_DRAFTS},
        {s->log_lead, TRM_SENSE_POINTS},
        {s->point_n, 1},
        {s->step, L * TRM_SENSE_STEPS},
        {s->draft, L * TRM_BANK_DRAFTS},
        {s->logit, L * TRM_BANK_DRAFTS},
        {s->spread, L},
        {s->fan, L * TRM_SENSE_FANS * TRM_KNOTS},
        {s->target, L},
        {s->weight, L},
        {s->lead_log, L},
    };
    memcpy(ret, all, sizeof all);
}

/* Example i, array after array; what lies past the points of the record is left out. */
static size_t pack(const struct trm_example_set *s, size_t i, float *ret)
{
    struct array all[ARRAYS];
    float *to = ret;

    arrays_of(s, all);
    for (size_t a = 0; a < ARRAYS; a++) {
        const char *from = (const char *)all[a].at + i * all[a].each * sizeof *to;
        size_t n = all[a].at == s->log_lead ? s->point_n[i] : all[a].each;
        memcpy(to, from, n * sizeof *to);
        to += n;
    }
    return (size_t)(to - ret);
}

static size_t lead_of(size_t i, size_t row)
{
    return (size_t)lround(exp((double)examples.set.lead_log[i * L + row]));
}

/* ---- what is written ---- */

static void check_inputs(const struct trm_example_set *s, size_t i, const struct trm_sense *o)
{
    const size_t T = TRM_SENSE_POINTS, K = TRM_BANK_DRAFTS, B = TRM_SENSE_FANS * TRM_KNOTS;

    assert_memory_equal(s->global + i * TRM_SENSE_GLOBALS, o->global,
                        TRM_SENSE_GLOBALS * sizeof(float));
    assert_int_equal(s->point_n[i], o->point_n);
    assert_memory_equal(s->error + i * T * K, o->error, T * K * sizeof(float));
    if (o->point_n)
        assert_memory_equal(s->log_lead + i * T, o->log_lead, o->point_n * sizeof(float));
    assert_memory_equal(s->step + i * L * TRM_SENSE_STEPS, o->step,
                        L * TRM_SENSE_STEPS * sizeof(float));
    assert_memory_equal(s->draft + i * L * K, o->draft, L * K * sizeof(float));
    assert_memory_equal(s->logit + i * L * K, o->logit, L * K * sizeof(float));
    assert_memory_equal(s->spread + i * L, o->spread, L * sizeof(float));
    assert_memory_equal(s->fan + i * L * B, o->fan, L * B * sizeof(float));
}

/* The target is what came, centred and scaled as the drafts are; what did not come has weight 0. */
static void check_targets(const struct trm_example_set *s, size_t i, const struct trm_sense *o,
                          const double *future, int exponent)
{
    for (size_t r = 0; r < L; r++) {
        double y = ldexp(future[lead_of(i, r) - 1], -exponent);
        float target = s->target[i * L + r], weight = s->weight[i * L + r];
        if (isnan(y)) {
            assert_true(target == 0 && weight == 0);
            continue;
        }
        assert_near((double)target, trm_clamp((y - o->centre[r]) / o->sigma, -100, 100),
                    1e-6 * (1 + fabs((double)target)));
        assert_near((double)weight, sqrt(o->u), 1e-6 * sqrt(o->u));
    }
}

static void an_example_is_what_the_sense_says_of_its_leads(void **state)
{
    static const size_t horizons[] = {1, 5, 8, 14, 40, 96}, seasons[] = {1, 7, 12, 24};
    static double v[500];
    size_t n = 60, missing = 0;

    (void)state;
    for (size_t round = 0; round < 24; round++, n += 14) {
        size_t H = horizons[round % 6], m = seasons[round % 4], m2 = round % 3 ? 0 : 2 * m + 9;
        size_t lead[L];
        struct trm_history h;
        seasonal_series(v, n + H, m, round);
        for (size_t t = 0; t < n + H; t++)
            v[t] = ldexp(v[t] - 95, (int)round - 9);
        for (size_t t = n; t < n + H; t += 3)
            v[t] = round % 2 ? TRM_NAN : v[t];
        fresh_set();
        assert_int_equal(trm_example_write(&examples, 1, sense, v, n, m, m2, H, round), TRM_OK);
        for (size_t r = 0; r < L; r++) {
            lead[r] = lead_of(1, r);
            missing += examples.set.weight[L + r] == 0;
        }
        assert_int_equal(trm_history_init(&h, v, n, m), TRM_OK);
        trm_sense_make(other, &h, m2, H, lead, L);
        check_inputs(&examples.set, 1, other);
        check_targets(&examples.set, 1, other, v + n, h.exponent);
        trm_history_done(&h);
    }
    assert_true(missing > L);
}

static void a_target_far_away_is_bounded(void **state)
{
    static double v[110];

    (void)state;
    seasonal_series(v, 110, 1, 4);
    for (size_t t = 100; t < 110; t++)
        v[t] = t % 2 ? 1e9 : -1e9;
    fresh_set();
    assert_int_equal(trm_example_write(&examples, 0, sense, v, 100, 1, 0, 10, 3), TRM_OK);
    for (size_t r = 0; r < L; r++)
        assert_near((double)examples.set.target[r], lead_of(0, r) % 2 ? -100 : 100, 0);
}

static void leads_come_one_from_each_stretch_and_ascend(void **state)
{
    static double v[200];
    static bool met[97];

    (void)state;
    seasonal_series(v, 200, 12, 2);
    fresh_set();
    for (uint64_t seed = 0; seed < 600; seed++) {
        size_t H = seed % 2 ? 24 : 1 + seed / 2 % 96, before = 1;
        assert_int_equal(trm_example_write(&examples, 0, sense, v, 100, 1, 0, H, seed), TRM_OK);
        for (size_t r = 0; r < L; r++) {
            size_t lead = lead_of(0, r);
            assert_in_range(lead, 1 + r * H / L, trm_min_size(1 + (r + 1) * H / L, H));
            assert_true(lead >= before);
            before = lead;
            met[lead] |= H == 24;
        }
    }
    for (size_t lead = 1; lead <= 24; lead++) /* every lead has its turn */
        assert_true(met[lead]);
}

static void what_cannot_be_forecast_leaves_the_example_alone(void **state)
{
    static double v[60];

    (void)state;
    fresh_set();
    for (size_t t = 0; t < 60; t++)
        v[t] = TRM_NAN;
    assert_int_equal(trm_example_write(&examples, 0, sense, v, 50, 1, 0, 10, 1), TRM_EMISSING);
    for (size_t t = 0; t < 60; t++)
        v[t] = 3;
    assert_int_equal(trm_example_write(&examples, 0, sense, v, 50, 1, 0, 10, 1), TRM_ESHORT);
    assert_int_equal(trm_example_write(&examples, 0, sense, v, 1, 1, 0, 10, 1), TRM_ESHORT);
    v[20] = INFINITY;
    assert_int_equal(trm_example_write(&examples, 0, sense, v, 50, 1, 0, 10, 1), TRM_ERANGE);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        assert_true(memory[i] == GUARD);
}

/* ---- where it is written ---- */

static void the_arrays_fill_the_memory_and_do_not_overlap(void **state)
{
    struct array all[ARRAYS];
    size_t sum = 0;

    (void)state;
    fresh_set();
    arrays_of(&examples.set, all);
    for (size_t a = 0; a < ARRAYS; a++) {
        const float *from = all[a].at, *end = from + SET_N * all[a].each;
        assert_true(from >= memory + GUARDS && end <= memory + GUARDS + SET_N * TRM_EXAMPLE_FLOATS);
        for (size_t b = 0; b < a; b++) {
            const float *start = all[b].at;
            assert_true(end <= start || start + SET_N * all[b].each <= from);
        }
        sum += all[a].each;
    }
    assert_int_equal(sum, TRM_EXAMPLE_FLOATS);
}

static void an_example_touches_all_of_its_own_and_nothing_else(void **state)
{
    struct array all[ARRAYS];

    (void)state;
    for (size_t i = 0; i < SET_N; i++) {
        fresh_set();
        assert_int_equal(trm_example_draw(&examples, i, sense, &series, 17 * i), TRM_OK);
        for (size_t g = 0; g < GUARDS; g++)
            assert_true(memory[g] == GUARD &&
                        memory[GUARDS + SET_N * TRM_EXAMPLE_FLOATS + g] == GUARD);
        arrays_of(&examples.set, all);
        for (size_t a = 0; a < ARRAYS; a++)
            for (size_t k = 0; k < SET_N * all[a].each; k++) {
                float was = GUARD;
                bool same = !memcmp((const char *)all[a].at + k * sizeof was, &was, sizeof was);
                if (same == (k / all[a].each == i))
                    fail_msg("example %zu, array %zu, float %zu", i, a, k);
            }
    }
}

/* ---- drawn ones ---- */

static void drawn_examples_are_finite_and_the_same_whatever_was_drawn_before(void **state)
{
    static float a[TRM_EXAMPLE_FLOATS], b[TRM_EXAMPLE_FLOATS];
    const struct trm_example_set *s = &examples.set;

    (void)state;
    fresh_set();
    for (uint64_t seed = 0; seed < 2000; seed++) {
        assert_int_equal(trm_example_draw(&examples, 0, sense, &series, seed), TRM_OK);
        size_t n = pack(s, 0, a);
        for (size_t i = 0; i < n; i++)
            if (!isfinite(a[i]))
                fail_msg("float %zu of %zu is %g", i, n, (double)a[i]);
        assert_in_range(s->point_n[0], 0, TRM_SENSE_POINTS);
        for (size_t r = 0; r < L; r++)
            assert_true(fabsf(s->target[r]) <= 100 && s->weight[r] > 0 && s->spread[r] > 0);
        if (seed % 4) /* every fourth is drawn again, where other ones were */
            continue;
        assert_int_equal(trm_example_draw(&examples, 2, other, &series, seed), TRM_OK);
        assert_int_equal(pack(s, 2, b), n);
        assert_memory_equal(a, b, n * sizeof *a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_is_what_the_sense_says_of_its_leads),
        cmocka_unit_test(a_target_far_away_is_bounded),
        cmocka_unit_test(leads_come_one_from_each_stretch_and_ascend),
        cmocka_unit_test(what_cannot_be_forecast_leaves_the_example_alone),
        cmocka_unit_test(the_arrays_fill_the_memory_and_do_not_overlap),
        cmocka_unit_test(an_example_touches_all_of_its_own_and_nothing_else),
        cmocka_unit_test(drawn_examples_are_finite_and_the_same_whatever_was_drawn_before),
    };
    return cmocka_run_group_tests_name("example", tests, make_senses, drop_senses);
}
