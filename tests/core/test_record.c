/* The record of past forecasts: planned honestly, judged by more than chance, calibrated by what
 * came. */
#include "a_base.h"

#include "core/checkpoint.h"
#include "core/model_parts.h"
#include "core/trial.h"

static struct trm_base *base;

static int prepare(void **state)
{
    (void)state;
    base = a_base();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    trm_base_free(base);
    return 0;
}

static struct trm_fit_options options_of(size_t season, size_t horizon)
{
    return (struct trm_fit_options){.config = trm_config_default(season, horizon),
                                    .base_weights = base};
}

/* ---- the plan ---- */

static void origins_stay_inside_the_past(void **state)
{
    (void)state;
    for (size_t n = 1; n <= TRM_CONTEXT_MAX; n += n < 300 ? 1 : 61)
        for (size_t season = 1; season <= 168; season = season * 3 + 1) {
            struct trm_trial_plan p = trm_trial_plan(n, season, 48);
            assert_true(p.count <= TRM_RECORD_ORIGINS);
            if (!p.count)
                continue;
            size_t oldest = n - p.leads - (p.count - 1) * p.stride;
            assert_true(p.leads >= 1 && p.leads <= n / 5 && p.leads <= 48);
            assert_true(2 * p.stride >= p.leads && oldest >= TRM_OBSERVED_MIN && oldest < n);
            if (n > 2 * season)
                assert_true(oldest > 2 * season);
        }
    assert_int_equal(trm_trial_plan(4, 1, 6).count, 0);
    assert_int_equal(trm_trial_plan(20, 1, 12).count, 3);
    assert_int_equal(trm_trial_plan(1000, 24, 48).count, 16);
    assert_int_equal(trm_trial_plan(1000, 1, 1024).leads, TRM_RECORD_LEADS_MAX);
}

static void a_past_forecast_sees_nothing_of_what_it_is_scored_on(void **state)
{
    const struct trm_config config = trm_config_default(12, 12);
    static struct trm_trial one, two;
    double v[200], knots[12 * TRM_KNOTS], more[12 * TRM_KNOTS];
    struct trm_think *think;

    (void)state;
    seasonal_series(v, 200, 12, 1);
    assert_int_equal(trm_think_new(base, 12, &think), TRM_OK);
    assert_int_equal(trm_trial_make(think, v, 150, 12, &config, 12, knots, &one), TRM_OK);
    for (int i = 150; i < 162; i++)
        v[i] += 1000;
    assert_int_equal(trm_trial_make(think, v, 150, 12, &config, 12, more, &two), TRM_OK);
    assert_memory_equal(knots, more, sizeof knots); /* the last one's: the bank's last draft */
    assert_memory_equal(one.mix, two.mix, sizeof one.mix);
    assert_true(two.loss[0] > 10 * one.loss[0]);
    assert_int_equal(two.beyond[0][1][1][TRM_RECORD_GRID - 1], 12);
    for (int i = 150; i < 162; i++)
        v[i] = NAN;
    assert_int_equal(trm_trial_make(think, v, 150, 12, &config, 12, knots, &one), TRM_EMISSING);
    for (int i = 0; i < 150; i++)
        v[i] = 3;
    v[155] = 4;
    assert_int_equal(trm_trial_make(think, v, 150, 12, &config, 12, knots, &one), TRM_EMISSING);
    trm_think_free(think);
}

/* ---- the gate ---- */

/* Trials in which the network loses 1 at every origin, the consensus and one draft as told, the
 * others 2. */
static void make_trials(struct trm_trial *t, size_t n, double consensus, double draft,
                        double scatter)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, 3);
    memset(t, 0, n * sizeof *t);
    for (size_t i = 0; i < n; i++) {
        t[i].leads = t[i].step = 10;
        for (size_t w = 0; w < TRM_TRIAL_WHO; w++)
            t[i].loss[w] = t[i].mae[w] = 2;
        t[i].loss[0] = t[i].mae[0] = 1;
        t[i].loss[1] = t[i].mae[1] = (float)(consensus + scatter * trm_rng_normal(&rng));
        t[i].loss[2 + TRM_BANK_THETA] = (float)(draft + scatter * trm_rng_normal(&rng));
        t[i].mae[2 + TRM_BANK_THETA] = t[i].loss[2 + TRM_BANK_THETA];
        t[i].mix[0][TRM_BANK_SES] = 1;
        t[i].mix[1][TRM_BANK_MEAN] = 1;
        for (size_t w = 0; w < TRM_TRIAL_WHO; w++)
            t[i].beyond[w][1][0][0] = (uint8_t)(w % 10);
    }
}

static struct trm_gate verdict(size_t n, double consensus, double draft, double scatter,
                               struct trm_model_info *info)
{
    static struct trm_trial t[TRM_RECORD_ORIGINS];
    struct trm_record r;

    make_trials(t, n, consensus, draft, scatter);
    trm_record_make(NULL, t, n, &r);
    *info = (struct trm_model_info){0};
    trm_record_describe(&r, info);
    if (n)
        assert_int_equal(r.origin[0].beyond[1][0][0], (r.who == 0   ? 0
                                                       : r.who == 1 ? 1
                                                                    : (2 + TRM_BANK_THETA) % 10));
    return info->verdict;
}

static void the_network_answers_unless_another_is_surely_better(void **state)
{
    struct trm_model_info info;

    (void)state;
    assert_int_equal(verdict(0, 1, 1, 0, &info).by, TRM_BY_NETWORK); /* no record */
    assert_true(isnan(info.mase) && isnan(info.verdict.loss_network) &&
                info.widening.factor[0][0] == 1);
    assert_int_equal(verdict(16, .98, 2, .001, &info).by, TRM_BY_NETWORK); /* sure, but only 2% */
    assert_int_equal(verdict(5, .5, 2, .001, &info).by, TRM_BY_NETWORK);   /* too few origins */
    assert_int_equal(verdict(12, .9, 2, .5, &info).by, TRM_BY_NETWORK);    /* not sure */
    assert_true(info.gate == 1 && info.verdict.gain == 0);
    assert_string_equal(info.draft[0].name, "ses");
    assert_int_equal(verdict(12, .9, 2, .01, &info).by, TRM_BY_CONSENSUS);
    assert_true(info.gate == 0 && info.verdict.certainty > 2);
    assert_near(info.verdict.gain, .1, .01);
    assert_near(info.mase, .9, .01);
    assert_string_equal(info.draft[0].name, "mean");
    assert_int_equal(verdict(12, .9, .7, .01, &info).by, TRM_BY_DRAFT);
    assert_string_equal(info.verdict.draft, "theta");
    assert_string_equal(info.verdict.best_draft, "theta");
    assert_int_equal(info.draft_n, 1);
}

static void origins_that_overlap_count_for_less(void **state)
{
    static struct trm_trial t[TRM_RECORD_ORIGINS];
    struct trm_record r;

    (void)state;
    make_trials(t, 8, .8, 2, .01);
    for (int i = 1; i < 8; i++)
        t[i].step = 5;
    trm_record_make(NULL, t, 8, &r); /* worth 4.5 */
    assert_int_equal(trm_record_who(&r).by, TRM_BY_NETWORK);
    make_trials(t, 8, .8, 2, .01);
    trm_record_make(NULL, t, 8, &r);
    assert_int_equal(trm_record_who(&r).by, TRM_BY_CONSENSUS);
}

static void new_origins_push_out_the_oldest(void **state)
{
    static struct trm_trial t[TRM_RECORD_ORIGINS];
    struct trm_record r, next;

    (void)state;
    make_trials(t, TRM_RECORD_ORIGINS, 1, 2, .01);
    trm_record_make(NULL, t, TRM_RECORD_ORIGINS, &r);
    t[0].leads = 7;
    trm_record_make(&r, t, 3, &next);
    assert_int_equal(next.origin_n, TRM_RECORD_ORIGINS);
    assert_memory_equal(next.origin, r.origin + 3, 13 * sizeof *r.origin);
    assert_int_equal(next.origin[13].leads, 7);
    assert_memory_equal(next.draft, r.draft, sizeof r.draft);
}

/* ---- the widening ---- */

/* Origins whose true values lie `factor` times farther out than they should: a tenth of them beyond
 * it. */
static void scatter(struct trm_trial *t, size_t n, double factor)
{
    make_trials(t, n, 1, 2, .01);
    for (size_t i = 0; i < n; i++) {
        t[i].leads = t[i].step = 80;
        for (int side = 0; side < 2; side++)
            for (int outer = 0; outer < 2; outer++)
                for (size_t g = 0; g < TRM_RECORD_GRID; g++)
                    t[i].beyond[0][side][outer][g] =
                        (uint8_t)((outer ? 1 : 7) + (trm_record_factor(g) < factor ? 10 : 0));
    }
}

static void intervals_widen_where_the_truth_scatters_more_and_narrow_where_less(void **state)
{
    static struct trm_trial t[TRM_RECORD_ORIGINS];
    struct trm_widening many, few, less;
    struct trm_record r;

    (void)state;
    scatter(t, 16, 1.7);
    trm_record_make(NULL, t, 16, &r);
    trm_record_widening(&r, TRM_RECORD_ALL, &many);
    trm_record_make(NULL, t, 2, &r);
    trm_record_widening(&r, TRM_RECORD_ALL, &few);
    scatter(t, 16, .7);
    trm_record_make(NULL, t, 16, &r);
    trm_record_widening(&r, TRM_RECORD_ALL, &less);
    for (int side = 0; side < 2; side++)
        for (int outer = 0; outer < 2; outer++) {
            assert_true(many.factor[side][outer] > 1.4 && many.factor[side][outer] < 1.8);
            assert_true(few.factor[side][outer] > 1 &&
                        few.factor[side][outer] < many.factor[side][outer]);
            assert_true(less.factor[side][outer] < .85 &&
                        less.factor[side][outer] >= TRM_WIDEN_MIN);
        }
}

static void widening_is_bounded(void **state)
{
    static struct trm_trial t[TRM_RECORD_ORIGINS];
    struct trm_model_info info = {0};
    struct trm_record r;

    (void)state;
    scatter(t, 16, 99);
    trm_record_make(NULL, t, 16, &r);
    trm_record_describe(&r, &info);
    assert_true(info.widening.factor[0][0] <= TRM_WIDEN_MAX &&
                info.widening.factor[1][1] <= TRM_WIDEN_MAX);
    assert_near(info.coverage80, 1 - 34. / 80,
                1e-9); /* 17 beyond on each side, whatever the factor */
}

/* ---- fits ---- */

static void network_that_answers_nonsense_is_not_asked(void **state)
{
    struct trm_fit_options options = options_of(24, 24);
    struct trm_base *bad = made_base(3);
    struct trm_fit_report report;
    double v[600];

    (void)state;
    seasonal_series(v, 600, 24, 1);
    options.base_weights = bad;
    struct trm_model *model = fit_all(v, 600, &options, &report);
    const struct trm_model_info *info = trm_model_info(model);
    assert_int_not_equal(info->verdict.by, TRM_BY_NETWORK);
    assert_true(info->verdict.gain > .03 && info->verdict.certainty > 2 && info->gate == 0);
    assert_true(info->mase < .9 && info->vs_seasonal_naive < .9);
    assert_int_equal(report.gate_after.by, info->verdict.by);
    trm_model_free(model);
    trm_base_free(bad);
}

static void noise_that_grows_widens_the_intervals(void **state)
{
    struct trm_fit_options options = options_of(1, 12);
    struct trm_fit_report report;
    struct trm_rng rng;
    double v[600], quiet[600];

    (void)state;
    trm_rng_seed(&rng, 8);
    for (int i = 0; i < 600; i++) {
        double shock = trm_rng_normal(&rng);
        quiet[i] = shock;
        v[i] = shock * exp(i / 60.); /* tomorrow is always wilder than any day before */
    }
    struct trm_model *one = fit_all(v, 600, &options, &report),
                     *two = fit_all(quiet, 600, &options, &report);
    const struct trm_widening *a = &trm_model_info(one)->widening,
                              *b = &trm_model_info(two)->widening;
    assert_true(a->factor[0][0] + a->factor[1][0] > b->factor[0][0] + b->factor[1][0] + .1);
    trm_model_free(one);
    trm_model_free(two);
}

static void coverage_and_skill_are_about_right_on_a_tame_series(void **state)
{
    struct trm_fit_options options = options_of(24, 24);
    struct trm_fit_report report;
    double v[1200];

    (void)state;
    seasonal_series(v, 1200, 24, 4);
    struct trm_model *model = fit_all(v, 1200, &options, &report);
    const struct trm_model_info *info = trm_model_info(model);
    assert_true(info->coverage80 > .7 && info->coverage80 < .9);
    assert_true(info->coverage95 > .88 && info->coverage95 <= 1 &&
                info->coverage95 > info->coverage80);
    assert_true(info->mase > .6 && info->mase < .9);
    assert_int_equal(info->backtest_n, 16 * 24);
    assert_int_equal(info->trained_n, 1200);
    assert_int_equal(info->steps, 16);
    assert_true(info->base_identity == base->identity);
    assert_int_equal(info->parameters, base->network_n * base->parameters);
    trm_model_free(model);
}

static void incremental_fit_makes_new_origins_only_and_makes_them_as_a_full_one(void **state)
{
    struct trm_fit_options options = options_of(12, 12);
    struct trm_fit_report report, full;
    double v[460];

    (void)state;
    seasonal_series(v, 460, 12, 2);
    struct trm_model *old = fit_all(v, 400, &options, &report);
    assert_true(!report.incremental && report.origins_old == 0 && report.origins_new == 16);
    struct trm_model *all = fit_all(v, 460, &options, &full);
    options.base = old;
    options.fresh = 60;
    struct trm_model *next = fit_all(v, 460, &options, &report);
    size_t n = report.origins_new;
    assert_true(report.incremental && n >= 3 && n <= 5 && report.steps == n);
    assert_int_equal(report.origins_old, 16 - n);
    assert_memory_equal(&report.gate_before, &trm_model_info(old)->verdict,
                        sizeof report.gate_before);
    assert_memory_equal(&report.widening_after, &trm_model_info(next)->widening,
                        sizeof(struct trm_widening));
    assert_memory_equal(next->record->origin, old->record->origin + n,
                        (16 - n) * sizeof(struct trm_origin));
    for (size_t i = 16 - n; i < 16; i++) { /* network and consensus; the drafts may be others */
        const struct trm_origin *a = &next->record->origin[i], *b = &all->record->origin[i];
        assert_true(a->loss[0] == b->loss[0] && a->loss[1] == b->loss[1] && a->mae[0] == b->mae[0]);
        assert_true(a->mae[TRM_RECORD_WHO] == b->mae[TRM_RECORD_WHO] && a->leads == b->leads);
    }
    assert_int_equal(trm_model_info(next)->steps, 16 + n);
    trm_model_free(old);
    trm_model_free(all);
    trm_model_free(next);
}

static void one_new_value_is_enough_for_one_new_origin(void **state)
{
    struct trm_fit_options options = options_of(12, 12);
    struct trm_fit_report report;
    double v[401];

    (void)state;
    seasonal_series(v, 401, 12, 2);
    struct trm_model *old = fit_all(v, 400, &options, &report);
    options.base = old;
    options.fresh = 1;
    struct trm_model *next = fit_all(v, 401, &options, &report);
    assert_true(report.incremental && report.origins_new == 1);
    assert_int_equal(next->record->origin[15].step, 1);
    trm_model_free(old);
    trm_model_free(next);
}

/* The drafts of the record before are more than any new mix has: nothing of them may be left. */
static void a_model_whose_mix_has_become_smaller_can_be_read_back(void **state)
{
    struct trm_fit_options options = options_of(12, 12);
    struct trm_fit_report report;
    struct trm_model *back = NULL;
    unsigned char bytes[4096];
    double v[401];

    (void)state;
    for (size_t i = 0; i < 401; i++) /* a line, which few drafts continue */
        v[i] = 3. * (double)i + (i * 7919 % 13) / 10.;
    struct trm_model *old = fit_all(v, 400, &options, &report);
    for (size_t i = 0; i < TRM_DRAFT_WEIGHTS_MAX; i++) {
        old->record->mix_draft[i] = (uint8_t)(i + 1);
        old->record->mix_weight[i] = .1f;
    }
    old->record->mix_n = TRM_DRAFT_WEIGHTS_MAX;
    options.base = old;
    options.fresh = 1;
    struct trm_model *next = fit_all(v, 401, &options, &report);
    assert_true(report.incremental && next->record->mix_n < TRM_DRAFT_WEIGHTS_MAX);
    size_t n = trm_checkpoint_bytes(next);
    assert_in_range(n, 1, sizeof bytes);
    assert_int_equal(trm_checkpoint_encode(next, bytes, n), TRM_OK);
    assert_int_equal(trm_checkpoint_decode(bytes, n, &back), TRM_OK);
    trm_model_free(back);
    trm_model_free(old);
    trm_model_free(next);
}

static void what_does_not_go_together_is_fitted_in_full(void **state)
{
    struct trm_fit_options options = options_of(12, 12);
    struct trm_fit_report report;
    struct trm_base other = *base;
    double v[400];

    (void)state;
    seasonal_series(v, 400, 12, 2);
    struct trm_model *old = fit_all(v, 380, &options, &report);
    options.base = old;
    options.fresh = 20;
    other.identity++;
    options.base_weights = &other;
    trm_model_free(fit_all(v, 400, &options, &report));
    assert_true(!report.incremental && report.origins_old == 0 && isnan(report.mae_base));
    options.base_weights = base;
    options.config.horizon = 6;
    trm_model_free(fit_all(v, 400, &options, &report));
    assert_false(report.incremental);
    options.config.horizon = 12;
    options.fresh = 0;
    trm_model_free(fit_all(v, 400, &options, &report));
    assert_true(!report.incremental && isfinite(report.mae_base));
    trm_model_free(old);
}

/* The old record says the network, the new stretch the opposite: all is measured again. */
static void a_verdict_that_turns_is_based_on_the_whole_past(void **state)
{
    struct trm_fit_options options = options_of(12, 12);
    struct trm_fit_report report;
    double v[500];

    (void)state;
    seasonal_series(v, 500, 12, 2);
    struct trm_model *old = fit_all(v, 440, &options, &report);
    old->record->who = old->record->who ? 0 : 1; /* as if it had been another */
    options.base = old;
    options.fresh = 60;
    struct trm_model *next = fit_all(v, 500, &options, &report);
    assert_true(!report.incremental && report.origins_new == 16 && report.origins_old == 0);
    trm_model_free(old);
    trm_model_free(next);
}

static void short_histories_have_models_without_a_record(void **state)
{
    const double v[] = {3, 1, 4, 1, 5, 9};
    struct trm_fit_options options = options_of(1, 4);
    struct trm_fit_report report;

    (void)state;
    struct trm_model *model = fit_all(v, 4, &options, &report);
    assert_true(report.windows == 0 && isnan(report.mae_new));
    assert_true(isnan(trm_model_info(model)->mase) && isnan(trm_model_info(model)->coverage80));
    assert_int_equal(trm_model_info(model)->verdict.by, TRM_BY_NETWORK);
    trm_model_free(model);
    options.base_weights = NULL;
    struct trm_fit *none = NULL;
    assert_int_equal(trm_fit_begin(v, 4, &options, &none), TRM_EINVAL);
    options = options_of(1, 4);
    assert_int_equal(trm_fit_begin(v, 2, &options, &none), TRM_ESHORT);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_stay_inside_the_past),
        cmocka_unit_test(a_past_forecast_sees_nothing_of_what_it_is_scored_on),
        cmocka_unit_test(the_network_answers_unless_another_is_surely_better),
        cmocka_unit_test(origins_that_overlap_count_for_less),
        cmocka_unit_test(new_origins_push_out_the_oldest),
        cmocka_unit_test(intervals_widen_where_the_truth_scatters_more_and_narrow_where_less),
        cmocka_unit_test(widening_is_bounded),
        cmocka_unit_test(network_that_answers_nonsense_is_not_asked),
        cmocka_unit_test(noise_that_grows_widens_the_intervals),
        cmocka_unit_test(coverage_and_skill_are_about_right_on_a_tame_series),
        cmocka_unit_test(incremental_fit_makes_new_origins_only_and_makes_them_as_a_full_one),
        cmocka_unit_test(one_new_value_is_enough_for_one_new_origin),
        cmocka_unit_test(a_model_whose_mix_has_become_smaller_can_be_read_back),
        cmocka_unit_test(what_does_not_go_together_is_fitted_in_full),
        cmocka_unit_test(a_verdict_that_turns_is_based_on_the_whole_past),
        cmocka_unit_test(short_histories_have_models_without_a_record),
    };
    return cmocka_run_group_tests_name("record", tests, prepare, clean);
}
