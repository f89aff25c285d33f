/* Seasonal naive, drift, and mixing. Ridge has a file of its own. */
#include "core/drafts.h"

#include "core/num.h"

const char *trm_draft_name(enum trm_draft draft)
{
    switch (draft) {
    case TRM_DRAFT_SEASONAL_NAIVE:
        return "seasonal_naive";
    case TRM_DRAFT_DRIFT:
        return "drift";
    case TRM_DRAFT_RIDGE:
        return "ridge";
    case TRM_DRAFTS:
        break;
    }
    return "unknown";
}

void trm_draft_seasonal_naive(const double *v, size_t n, size_t season, size_t leads, double *ret)
{
    for (size_t j = 0; j < leads; j++)
        ret[j] = v[n - season + j % season];
}

void trm_draft_drift(const double *v, size_t n, size_t leads, double *ret)
{
    double slope = n > 1 ? (v[n - 1] - v[0]) / (double)(n - 1) : 0;

    for (size_t j = 0; j < leads; j++)
        ret[j] = v[n - 1] + slope * (double)(j + 1);
}

void trm_mix_weigh(const double mae[TRM_DRAFTS], double ret_weight[TRM_DRAFTS])
{
    double mean = 0, best = (double)INFINITY, sum = 0;
    int present = 0;

    for (int k = 0; k < TRM_DRAFTS; k++)
        if (isfinite(mae[k])) {
            mean += mae[k];
            present++;
        }
    mean /= present;
    for (int k = 0; k < TRM_DRAFTS; k++)
        if (isfinite(mae[k]))
            best = fmin(best, mae[k] + .001 * mean);
    for (int k = 0; k < TRM_DRAFTS; k++) {
        double ratio = best > 0 ? best / (mae[k] + .001 * mean) : 1;
        ret_weight[k] = isfinite(mae[k]) ? ratio * ratio * ratio * ratio : 0;
        sum += ret_weight[k];
    }
    for (int k = 0; k < TRM_DRAFTS; k++)
        ret_weight[k] /= sum;
}

void trm_mix_apply(const struct trm_mix *mix, const double *const draft[TRM_DRAFTS], size_t leads,
                   double ret_weight[TRM_DRAFTS], double *ret)
{
    double sum = 0;

    for (int k = 0; k < TRM_DRAFTS; k++)
        sum += draft[k] ? mix->weight[k] : 0;
    for (int k = 0; k < TRM_DRAFTS; k++) {
        double lone = k == TRM_DRAFT_SEASONAL_NAIVE;
        ret_weight[k] = !draft[k] ? 0 : sum > 0 ? mix->weight[k] / sum : lone;
    }
    for (size_t j = 0; j < leads; j++) {
        ret[j] = 0;
        for (int k = 0; k < TRM_DRAFTS; k++)
            if (draft[k])
                ret[j] += ret_weight[k] * draft[k][j];
    }
}

double trm_mix_spread(const struct trm_mix *mix, size_t lead)
{
    return mix->spread_level * pow((double)(lead + 1), mix->spread_growth);
}

size_t trm_mix_tell(const double weight[TRM_DRAFTS], struct trm_draft_weight ret[TRM_DRAFTS])
{
    for (int k = 0; k < TRM_DRAFTS; k++)
        ret[k] = (struct trm_draft_weight){trm_draft_name((enum trm_draft)k), weight[k]};
    return TRM_DRAFTS;
}
