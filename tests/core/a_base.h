/* Shared networks for tests: the program's own where it has any, or made up; and fits with them. */
#ifndef TESTS_CORE_A_BASE_H
#define TESTS_CORE_A_BASE_H

#include "check.h"

#include "core/base_embedded.h"
#include "core/example.h"
#include "core/fit.h"

/* A small network that answers as the consensus does; the read-out of noise moves it away from
 * there. */
static inline struct trm_base *made_base(float noise)
{
    struct trm_thinker_shape shape = trm_example_shape(32, 16, 3, 2);
    struct trm_base *base = NULL;
    struct trm_rng rng;

    assert_int_equal(trm_base_new(&shape, 2, "made up", &base), TRM_OK);
    trm_rng_seed(&rng, 5);
    for (size_t i = 0; i < base->network_n; i++) {
        trm_thinker_init(&shape, i + 1, base->weights[i]);
        float *out = base->weights[i] + trm_thinker_block_at(&shape, TRM_THINK_OUT);
        for (size_t k = 0; k < trm_thinker_block_n(&shape, TRM_THINK_OUT); k++)
            out[k] += noise * (float)trm_rng_normal(&rng);
    }
    base->identity = 7;
    return base;
}

/* Not the embedded one: what a test expects of gates and scores must not change with new weights. */
static inline struct trm_base *a_base(void)
{
    return made_base(.02f);
}

/* The model of a fit from begin to end. */
static inline struct trm_model *fit_all(const double *v, size_t n,
                                        const struct trm_fit_options *options,
                                        struct trm_fit_report *report)
{
    struct trm_fit_progress progress = {0};
    struct trm_model *model = NULL;
    struct trm_fit *fit = NULL;
    enum trm_status status;
    double fraction = 0;

    assert_int_equal(trm_fit_begin(v, n, options, &fit), TRM_OK);
    while ((status = trm_fit_step(fit, &progress)) == TRM_MORE) {
        assert_true(progress.fraction >= fraction && progress.fraction < 1);
        fraction = progress.fraction;
        assert_int_equal(trm_fit_end(fit, &model, report), TRM_EINVAL); /* not yet */
    }
    assert_int_equal(status, TRM_OK);
    assert_true(progress.fraction == 1);
    assert_int_equal(trm_fit_end(fit, &model, report), TRM_OK);
    trm_fit_free(fit);
    return model;
}

#endif
