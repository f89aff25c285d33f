/* What was said is kept and scored. See said.h. */
#include "server/service/parts.h"

#include "core/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void count(struct service *service, const struct said_scored *scored)
{
    counters_add(service->counters, COUNTER_SCORED, scored->pairs);
    counters_add(service->counters, COUNTER_INSIDE_80, scored->inside[0]);
    counters_add(service->counters, COUNTER_INSIDE_95, scored->inside[1]);
}

/* What the model that answers multiplies half widths by. */
static struct trm_widening model_widening(const struct service *service, const struct entry *entry)
{
    const struct trm_model *model = entry_model(service, entry);

    if (model && trm_model_info(model)->config.kind == TRM_KIND_TRM)
        return trm_model_info(model)->widening;
    return (struct trm_widening){{{1, 1}, {1, 1}}};
}

/* Adds `sign` times the logarithms of a widening. */
static void shift(struct trm_tally *tally, const struct trm_widening *widening, double sign)
{
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 2; i++)
            tally->log_factor[side][i] += sign * log(widening->factor[side][i]);
}

/* How many steps it takes until half of a correction survives a new model, which measured widths
 * itself. */
#define REFIT_STEPS 50

/* The tally's correction and the old model's are one; less the new model's, what is left is the
 * tally's, in proportion to how much it rests on. */
static void take_over(struct trm_tally *tally, const struct trm_widening *after)
{
    double share = (double)tally->steps / ((double)tally->steps + REFIT_STEPS);

    shift(tally, after, -1);
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 2; i++) {
            double left = share * tally->log_factor[side][i];
            tally->log_factor[side][i] =
                fmin(fmax(left, -TRM_SAID_LOG_FACTOR_MAX), TRM_SAID_LOG_FACTOR_MAX);
        }
}

/* The tally from what was stored with the newest forecast, the model that answers, and the values that came
 * since: the same whatever happened in between, and after a restart. */
static void derive(const struct service *service, struct entry *entry, struct said_scored *ret)
{
    const struct trm_model *model = entry_model(service, entry);
    struct trm_widening widening = model_widening(service, entry);
    struct said *said = &entry->said;

    said->stale = false;
    said->tally = said->at_newest;
    if (model && said->newest_version != (uint32_t)entry->model_version)
        take_over(&said->tally, &widening);
    else if (said->tally.steps > 0)
        shift(&said->tally, &widening, -1);
    else
        memset(said->tally.log_factor, 0, sizeof said->tally.log_factor);
    said_score(said, &entry->recent, ret);
}

void said_align(const struct service *service, struct entry *entry)
{
    uint64_t version = entry_model(service, entry) ? entry->model_version : 0;
    struct said_scored again;

    if (entry->said.beside_version == version)
        return;
    entry->said.beside_version = version;
    if (entry->said.any)
        derive(service, entry, &again);
}

void said_resume(const struct service *service, struct entry *entry)
{
    struct said_scored again;

    if (!entry->said.any)
        return;
    entry->said.beside_version = entry_model(service, entry) ? entry->model_version : 0;
    derive(service, entry, &again);
}

/* Values that came late or were replaced are scored anew, with all since what was said last, and not counted
 * again: so does a restart, which knows nothing but the values as they are. */
void said_moved_on(struct service *service, struct entry *entry)
{
    struct said_scored scored, again;

    said_align(service, entry);
    said_score(&entry->said, &entry->recent, &scored);
    count(service, &scored);
    if (entry->said.stale)
        derive(service, entry, &again);
    saying_line_up(service, entry);
}

static void was_stored(void *ctx, struct store_result *result)
{
    store_ended(ctx, result);
}

/* With the tally as it is now, so that a restart goes on from here; its correction is stored
 * together with the model's, because the model may be another one by then. A store that is busy
 * loses one line of the record, nothing else. */
static void store(struct service *service, struct entry *entry, int64_t origin,
                  const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n + TRM_SAID_TALLY_BYTES);
    struct trm_widening widening = model_widening(service, entry);
    struct trm_tally *tally = &entry->said.at_newest;
    struct err err;

    *tally = entry->said.tally;
    shift(tally, &widening, 1);
    if (!copy)
        return;
    memcpy(copy, bytes, n);
    n = trm_said_encode_tally(tally, copy, n);
    if (store_put_said(service->store, entry->key, origin, copy, n, was_stored, service, &err))
        return;
    store_began(service);
    counters_add(service->counters, COUNTER_SAID, 1);
}

void said_keep(struct service *service, struct entry *entry, int64_t origin, const uint8_t *bytes,
               size_t n)
{
    struct trm_said_head head;
    uint32_t leads;

    if (entry->deleting || trm_said_decode(bytes, n, &head, &leads) != TRM_OK ||
        !said_is_news(&entry->said, origin, leads))
        return;
    said_align(service, entry);
    if (said_put(&entry->said, origin, bytes, n))
        store(service, entry, origin, bytes, n);
}

size_t said_encode(const struct trm_forecast *forecast, const double *values, size_t n,
                   uint32_t season, uint64_t model_version, uint8_t bytes[TRM_SAID_BYTES_MAX])
{
    struct trm_said_head head = {.season = season ? season : 1,
                                 .model_version = model_version,
                                 .scale = trm_seasonal_error(values, n, season ? season : 1)};

    return trm_said_encode(forecast, &head, bytes);
}

void said_answer(struct service *service, struct entry *entry, const struct forecast_answer *answer)
{
    uint8_t bytes[TRM_SAID_BYTES_MAX];
    struct window_view view = window_view(&entry->recent);
    uint32_t leads = answer->forecast->horizon < TRM_SAID_LEADS_MAX
                         ? (uint32_t)answer->forecast->horizon
                         : TRM_SAID_LEADS_MAX;

    if (!said_is_news(&entry->said, answer->first_step, leads) || service->draining)
        return;
    size_t n = said_encode(answer->forecast, view.values, view.n, answer->config.season,
                           answer->model_version, bytes);
    said_keep(service, entry, answer->first_step, bytes, n);
}

/* A correction is stored together with a model's and taken apart again: its last digits may change then. */
static double shown(double log_factor)
{
    return nearbyint(log_factor * 1e12) + 0.; /* never -0 */
}

uint64_t said_revision(const struct entry *entry)
{
    static const struct siphash_key fixed = {3, 3};
    const struct trm_tally *tally = &entry->said.tally;
    double seen[] = {tally->weight,        tally->error,     tally->error_naive, tally->scaled,
                     tally->scaled_weight, tally->inside[0], tally->inside[1],   (double)tally->steps,
                     shown(tally->log_factor[0][0]), shown(tally->log_factor[0][1]),
                     shown(tally->log_factor[1][0]), shown(tally->log_factor[1][1])};

    return siphash(&fixed, seen, sizeof seen);
}

void said_forget(struct service *service, struct entry *entry)
{
    struct err err;

    entry->forgotten_n++;
    if (!entry->said.any)
        return;
    said_done(&entry->said);
    if (store_drop_said(service->store, entry->key, was_stored, service, &err) == 0)
        store_began(service);
}

int said_load(void *ctx, int64_t key, const struct store_said *said, struct err *err)
{
    struct service *service = ctx;
    struct entry *entry = registry_by_key(service->registry, key);
    struct trm_tally tally;

    if (!said_put(&entry->said, said->origin, said->bytes, said->n))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (trm_said_decode_tally(said->bytes, said->n, &tally) == TRM_OK)
        entry->said.tally = tally;
    entry->said.at_newest = entry->said.tally;
    return 0;
}
