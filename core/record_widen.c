/* How much wider intervals must be. */
#include "core/record.h"

#define PRIOR_VALUES 30. /* that lie as the intervals say */

/* Of the 80% and the 95% interval: what may lie beyond a side, and the normal quantile there. */
static const double beyond_share[2] = {.1, .025},
                    beyond_z[2] = {1.2815515655446004, 1.959963984540054};

double trm_record_factor(size_t i)
{
    static const double factor[TRM_RECORD_GRID] = {.6,      .66962,  .74731,  .83403,  .93080,
                                                   1.03880, 1.15933, 1.29385, 1.44398, 1.61152,
                                                   1.79851, 2.00719, 2.24008, 2.5};

    return factor[i];
}

double trm_origin_beyond(const struct trm_origin *o, int side, int outer, double factor)
{
    const uint8_t *count = o->beyond[side][outer];
    size_t i = 1;

    while (i + 1 < TRM_RECORD_GRID && factor > trm_record_factor(i))
        i++;
    double low = trm_record_factor(i - 1), high = trm_record_factor(i);
    double at = trm_clamp((factor - low) / (high - low), 0, 1);
    return (count[i - 1] + at * ((double)count[i] - count[i - 1])) / (double)o->leads;
}

/* Values that an origin is worth: its leads err together, and some were seen before. */
static double worth(const struct trm_origin *o)
{
    return trm_origin_newness(o) * sqrt((double)o->leads);
}

/* Least factor with at most the wanted number beyond it. */
static double least_factor(const double beyond[TRM_RECORD_GRID], double wanted)
{
    size_t i = 0;

    while (i < TRM_RECORD_GRID && beyond[i] > wanted)
        i++;
    if (i == 0)
        return trm_record_factor(0);
    if (i == TRM_RECORD_GRID)
        return trm_record_factor(TRM_RECORD_GRID - 1);
    double low = trm_record_factor(i - 1), high = trm_record_factor(i);
    return low + (high - low) * (beyond[i - 1] - wanted) / (beyond[i - 1] - beyond[i]);
}

void trm_record_widening(const struct trm_record *r, size_t without, struct trm_widening *ret)
{
    if (r->origin_n == 0) {
        *ret = (struct trm_widening){{{1, 1}, {1, 1}}};
        return;
    }
    for (int side = 0; side < 2; side++)
        for (int outer = 0; outer < 2; outer++) {
            double beyond[TRM_RECORD_GRID], values = PRIOR_VALUES;
            for (size_t g = 0; g < TRM_RECORD_GRID; g++)
                beyond[g] = values * .5 * erfc(trm_record_factor(g) * beyond_z[outer] / sqrt(2));
            for (size_t i = 0; i < r->origin_n; i++) {
                const struct trm_origin *o = &r->origin[i];
                double each = i == without ? 0 : worth(o) / (double)o->leads;
                values += i == without ? 0 : worth(o);
                for (size_t g = 0; g < TRM_RECORD_GRID; g++)
                    beyond[g] += each * o->beyond[side][outer][g];
            }
            ret->factor[side][outer] = least_factor(beyond, beyond_share[outer] * values);
        }
}
