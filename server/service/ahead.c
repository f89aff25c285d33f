/* See ahead.h. */
#include "server/service/ahead.h"

#include <math.h>

bool ahead_at(const struct outlook *outlook, int64_t t, struct ahead_value *ret)
{
    int64_t step;

    if (t < outlook->issued_at || trm_grid_step(&outlook->grid, t, &step) == TRM_ERANGE)
        return false;
    int64_t lead = step - outlook->first_step;
    if (lead < 0 && isnan(outlook->last))
        return false;
    if (lead < 0) {
        *ret = (struct ahead_value){outlook->last, outlook->last, outlook->last};
        return true;
    }
    if ((uint64_t)lead >= outlook->horizon)
        return false;
    *ret = (struct ahead_value){outlook->median[lead], outlook->lower[lead], outlook->upper[lead]};
    return true;
}

static bool is_beyond(double v, double threshold, bool above)
{
    return above ? v >= threshold : v <= threshold;
}

/* When the line from (t0, v0), not beyond, to (t1, v1), beyond, meets the threshold. */
static double meets(double t0, double v0, double t1, double v1, double threshold)
{
    return t0 + (t1 - t0) * ((threshold - v0) / (v1 - v0));
}

double ahead_crossing_ms(const struct outlook *outlook, const double *curve, double threshold,
                         bool above, int64_t now)
{
    double t0 = (double)outlook->issued_at, v0 = outlook->last;

    if (is_beyond(v0, threshold, above))
        return 0;
    for (size_t i = 0; i < outlook->horizon; i++) {
        double t1 = (double)trm_grid_time(&outlook->grid, outlook->first_step + (int64_t)i),
               v1 = curve[i];
        if (is_beyond(v1, threshold, above)) {
            double at = isnan(v0) ? t1 : meets(t0, v0, t1, v1, threshold);
            return fmax(0, at - (double)now);
        }
        t0 = t1;
        v0 = v1;
    }
    return (double)NAN;
}
