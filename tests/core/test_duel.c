/* Old rules against new ones, on made-up records. */
#include "core/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEADS 24
#define DRAFT 3

/* Past forecasts whose network loses 1 and whose draft loses so much. */
static struct trm_trial trial_of(float draft_loss, uint32_t step)
{
    struct trm_trial t = {.leads = LEADS, .step = step};

    for (size_t c = 0; c < TRM_TRIAL_WHO; c++)
        t.loss[c] = 2;
    t.loss[0] = 1;
    t.loss[2 + DRAFT] = draft_loss;
    return t;
}

/* Twelve origins on which the draft is twice as good, then n on which it loses so much. */
static struct trm_record record_of(float loss, size_t n, uint32_t step,
                                   struct trm_trial trial[TRM_RECORD_ORIGINS])
{
    struct trm_record record;

    for (size_t i = 0; i < 12; i++)
        trial[i] = trial_of(.5f, LEADS);
    for (size_t i = 12; i < 12 + n; i++)
        trial[i] = trial_of(loss, step);
    trm_record_make(NULL, trial, 12 + n, &record);
    return record;
}

/* Everything before: the network answers. */
static struct trm_record network_record(void)
{
    struct trm_record record;
    struct trm_trial trial[4];

    for (size_t i = 0; i < 4; i++)
        trial[i] = trial_of(1.5f, LEADS);
    trm_record_make(NULL, trial, 4, &record);
    return record;
}

static void a_new_rule_that_loses_on_what_neither_has_seen_is_worse(void **state)
{
    struct trm_trial trial[TRM_RECORD_ORIGINS];
    struct trm_record old = network_record(), new = record_of(1.3f, 4, LEADS, trial);
    struct trm_duel duel;

    (void)state;
    assert_int_equal(old.who, 0);
    assert_int_equal(new.who, 2);
    trm_record_duel(&old, &new, trial + 12, 4, &duel);
    assert_int_equal(duel.values, 4 * LEADS);
    assert_true(fabs(duel.champion - 1) < 1e-6);
    assert_true(fabs(duel.challenger - 1.3) < 1e-6);
    assert_true(duel.judged && duel.worse && duel.certainty > 2);
}

static void a_new_rule_that_wins_is_not(void **state)
{
    struct trm_trial trial[TRM_RECORD_ORIGINS];
    struct trm_record old = network_record(), new = record_of(.6f, 4, LEADS, trial);
    struct trm_duel duel;

    (void)state;
    trm_record_duel(&old, &new, trial + 12, 4, &duel);
    assert_true(duel.judged && !duel.worse && duel.certainty < 0);
}

static void the_same_rule_is_no_worse_than_itself(void **state)
{
    struct trm_trial trial[TRM_RECORD_ORIGINS];
    struct trm_record old = record_of(.5f, 0, LEADS, trial), new = record_of(1.3f, 4, LEADS, trial);
    struct trm_duel duel;

    (void)state;
    trm_record_duel(&old, &new, trial + 12, 4, &duel);
    assert_true(duel.champion == duel.challenger);
    assert_true(duel.judged && !duel.worse);
}

static void little_proves_nothing(void **state)
{
    struct trm_trial trial[TRM_RECORD_ORIGINS];
    struct trm_record old = network_record(), new = record_of(1.3f, 2, LEADS, trial);
    struct trm_duel duel;

    (void)state;
    trm_record_duel(&old, &new, trial + 12, 2, &duel);
    assert_true(duel.challenger > duel.champion && !duel.judged && !duel.worse);
    new = record_of(1.3f, 4, LEADS / 2, trial); /* four that overlap by half are worth two */
    trm_record_duel(&old, &new, trial + 12, 4, &duel);
    assert_true(!duel.judged && !duel.worse);
    trm_record_duel(&old, &new, trial + 16, 0, &duel);
    assert_true(isnan(duel.champion) && isnan(duel.challenger) && !duel.judged && !duel.worse);
}

/* Both answer by the network, but the new rule has learned widths that are right, and the old one some that
 * are much too narrow: many values lie beyond. */
static void widths_count_too(void **state)
{
    struct trm_record old = network_record(), new = network_record();
    struct trm_trial trial[4];
    struct trm_duel duel;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        trial[i] = trial_of(1.5f, LEADS);
        for (size_t who = 0; who < TRM_TRIAL_WHO; who++)
            trial[i].mae[who] = 1;
        for (int side = 0; side < 2; side++)
            for (int outer = 0; outer < 2; outer++)
                for (size_t g = 0; g < TRM_RECORD_GRID; g++) /* up to a factor of 1.8 a third lies beyond */
                    trial[i].beyond[0][side][outer][g] = g < 11 ? LEADS / 3 : 0;
    }
    for (size_t i = 0; i < 4; i++)
        for (size_t c = 0; c <= TRM_RECORD_WHO; c++)
            old.origin[i].mae[c] = 1;
    trm_record_make(NULL, trial, 4, &new);
    trm_record_duel(&old, &new, trial, 4, &duel);
    assert_true(duel.judged && !duel.worse && duel.challenger < duel.champion);
    trm_record_duel(&new, &old, trial, 4, &duel);
    assert_true(duel.challenger > duel.champion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_rule_that_loses_on_what_neither_has_seen_is_worse),
        cmocka_unit_test(a_new_rule_that_wins_is_not),
        cmocka_unit_test(the_same_rule_is_no_worse_than_itself),
        cmocka_unit_test(little_proves_nothing),
        cmocka_unit_test(widths_count_too),
    };

    return cmocka_run_group_tests_name("duel", tests, NULL, NULL);
}
