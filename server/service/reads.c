/* See reads.h. */
#include "server/service/reads.h"

#include "server/service/parts.h"

#include <stdlib.h>

#define DAY_MS INT64_C(86400000)
#define SUMMER_MS INT64_C(3600000) /* by which clocks are moved */

void service_each_series(struct service *service,
                         bool (*each)(void *ctx, const char *id,
                                      const struct series_settings *settings),
                         void *ctx)
{
    size_t n = registry_n(service->registry);

    for (size_t i = 0; i < n; i++) {
        const struct entry *entry = registry_at(service->registry, i);
        if (entry->visible && !each(ctx, entry->id, &entry->settings))
            return;
    }
}

int service_recent(struct service *service, const char *id, struct recent_view *ret,
                   struct err *err)
{
    const struct entry *entry = find_series(service, id, err);

    if (!entry)
        return -1;
    struct window_view view = window_view(&entry->recent);
    *ret = (struct recent_view){
        .key = entry->key,
        .grid_known = entry->grid_known,
        .grid = entry->grid,
        .values = view.values,
        .n = view.n,
        .first_step = view.first_step,
        .complete = history_folds(entry) ||
                    (entry->grid_known && window_observed(&entry->recent) == entry->point_n),
    };
    return 0;
}

int64_t grid_longest_ms(const struct trm_grid *grid)
{
    int32_t months = grid->freq.months;
    int64_t days = months % 12 == 0 ? (int64_t)months / 12 * 366 : (int64_t)months * 31;
    int64_t ms = months > 0 ? days * DAY_MS : grid->freq.ms;

    return ms + (grid->zone && ms % DAY_MS == 0 ? SUMMER_MS : 0);
}

/* ---- turns of the loop ---- */

struct later {
    struct message message; /* first */
    struct service *service;
    void (*run)(void *ctx);
    void *ctx;
};

static void deliver(struct message *message)
{
    struct later later = *(struct later *)message;

    free(message);
    later.service->owed_n--;
    later.run(later.ctx);
}

int service_later(struct service *service, void (*run)(void *ctx), void *ctx, struct err *err)
{
    if (check_open(service, err))
        return -1;
    struct later *later = malloc(sizeof *later);
    if (!later)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *later = (struct later){{.deliver = deliver}, service, run, ctx};
    service->owed_n++;
    mailbox_post(service->mailbox, &later->message);
    return 0;
}
