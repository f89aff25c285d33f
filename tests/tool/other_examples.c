/* tstrm whose examples are a little other than the program's: as if someone had changed core. Knows
 * the linker's --wrap; OTHER names what is changed, nothing without it. */
#include "core/excerpt.h"
#include "core/prior.h"
#include "core/sense.h"

#include <stdlib.h>
#include <string.h>

#define RARE "threshold" /* a family of two series in a thousand */

void __real_trm_prior_draw(uint64_t seed, struct trm_prior_series *ret);
void __wrap_trm_prior_draw(uint64_t seed, struct trm_prior_series *ret);
void __real_trm_sense_make(struct trm_sense *sense, const struct trm_history *history,
                           size_t season2, size_t horizon, const size_t *lead, size_t row_n);
void __wrap_trm_sense_make(struct trm_sense *sense, const struct trm_history *history,
                           size_t season2, size_t horizon, const size_t *lead, size_t row_n);
void __real_trm_excerpt_draw(const struct trm_source *list, size_t n, size_t at,
                             struct trm_rng *rng, struct trm_excerpt *ret);
void __wrap_trm_excerpt_draw(const struct trm_source *list, size_t n, size_t at,
                             struct trm_rng *rng, struct trm_excerpt *ret);

static bool is_other(const char *what)
{
    const char *other = getenv("OTHER");
    return other && strcmp(other, what) == 0;
}

void __wrap_trm_prior_draw(uint64_t seed, struct trm_prior_series *ret)
{
    __real_trm_prior_draw(seed, ret);
    if (is_other("prior") && strcmp(trm_prior_family_name((size_t)ret->family), RARE) == 0)
        ret->values[ret->n] *= 1.01;
}

void __wrap_trm_sense_make(struct trm_sense *sense, const struct trm_history *history,
                           size_t season2, size_t horizon, const size_t *lead, size_t row_n)
{
    __real_trm_sense_make(sense, history, season2, horizon, lead, row_n);
    if (is_other("sense"))
        sense->global[TRM_SENSE_GLOBALS - 1] += 1.f / 64;
}

void __wrap_trm_excerpt_draw(const struct trm_source *list, size_t n, size_t at,
                             struct trm_rng *rng, struct trm_excerpt *ret)
{
    __real_trm_excerpt_draw(list, n, at, rng, ret);
    if (is_other("excerpt"))
        ret->values[ret->n] *= 1.01;
}
