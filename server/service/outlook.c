/* See outlook.h. */
#include "server/service/outlook.h"

#include "server/service/parts.h"

#include <math.h>
#include <string.h>

#define RUNG_FIRST 64 /* TRM_HORIZON_MAX is a power of two times it */

static const struct kept_outlook *compute(struct service *service, const char *id,
                                          const struct forecast_ask *ask,
                                          const struct forecast_tag *tag, struct err *err)
{
    const struct entry *entry = find_series(service, id, err);
    struct forecast_answer answer;

    if (!entry || service_forecast(service, id, ask, &answer, err))
        return NULL;
    struct window_view view = window_view(&entry->recent);
    struct kept_outlook *kept = outlook_cache_put(&service->outlooks, tag);
    if (!kept) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
    } else {
        size_t n = answer.forecast->horizon;
        memcpy(kept->values, answer.forecast->median, n * sizeof *kept->values);
        memcpy(kept->values + n, answer.forecast->quantiles, 2 * n * sizeof *kept->values);
        kept->outlook.horizon = n;
        kept->outlook.grid = answer.grid;
        kept->outlook.first_step = answer.first_step;
        kept->outlook.issued_at = answer.issued_at;
        kept->outlook.last = view.values[view.n - 1];
    }
    forecast_answer_done(&answer);
    return kept;
}

/* The horizon that is computed where so many leads are needed. */
static size_t rung(size_t own, size_t horizon)
{
    size_t n = RUNG_FIRST;

    if (horizon <= own)
        return own;
    while (n < horizon && n < TRM_HORIZON_MAX)
        n *= 2;
    return n < own ? own : n;
}

int service_outlook(struct service *service, const char *id, size_t horizon, struct outlook *ret,
                    struct err *err)
{
    const struct entry *entry = find_series(service, id, err);
    struct forecast_ask ask = {.levels = {OUTLOOK_LOWER, OUTLOOK_UPPER}, .level_n = 2};
    struct forecast_tag tag;

    if (!entry)
        return -1;
    ask.horizon = rung(entry_horizon(entry), horizon);
    if (service_forecast_tag(service, id, &ask, &tag, err))
        return -1;
    const struct kept_outlook *kept = outlook_cache_find(&service->outlooks, &tag);
    if (!kept)
        kept = compute(service, id, &ask, &tag, err);
    if (!kept)
        return -1;
    *ret = kept->outlook;
    return 0;
}

size_t service_leads_until(struct service *service, const char *id, int64_t t)
{
    struct err ignored;
    const struct entry *entry = find_series(service, id, &ignored);
    int64_t step;

    if (!entry || !entry->grid_known || entry->recent.n == 0)
        return 0;
    t = t > TRM_TIME_MAX ? TRM_TIME_MAX : t < TRM_TIME_MIN ? TRM_TIME_MIN : t;
    if (trm_grid_step(&entry->grid, t, &step) == TRM_ERANGE || step < window_end(&entry->recent))
        return 0;
    return (size_t)(step - window_end(&entry->recent)) + 1;
}
