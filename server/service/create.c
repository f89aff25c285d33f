/* A series' first moment: an entry that nobody sees until its row is durable. */
#include "server/service/parts.h"

#include "server/base/clock.h"

#include <string.h>

#define AGENT_LABEL "__name__"

static bool is_of_agent(const struct series_settings *settings)
{
    for (uint32_t i = 0; i < settings->label_n; i++)
        if (strcmp(settings->labels[i].name, AGENT_LABEL) == 0)
            return true;
    return false;
}

void entry_count_agent(struct service *service, struct entry *entry)
{
    service->agent_n -= entry->of_agent;
    entry->of_agent = is_of_agent(&entry->settings);
    service->agent_n += entry->of_agent;
}

void entry_drop(struct service *service, struct entry *entry)
{
    service->agent_n -= entry->of_agent;
    registry_remove(service->registry, entry);
    fit_moved_up(service);
}

/* An aggregated series' grid does not depend on its points. */
static bool take_settings(struct entry *entry, const struct series_settings *settings)
{
    if (!series_settings_copy(settings, &entry->settings))
        return false;
    entry->grid_known = settings->aggregate != AGGREGATE_NONE;
    if (entry->grid_known)
        entry->grid = grid_aligned(settings->freq, entry->zone);
    return true;
}

struct entry *entry_create(struct service *service, const char *id, const struct series_settings *settings,
                           struct err *err)
{
    if (registry_n(service->registry) >= service->config->series_max) {
        err_set(err, ERR_BUSY,
                "there are %zu series, which is the most (option series-max): delete some",
                service->config->series_max);
        return NULL;
    }
    if (check_memory(service, err))
        return NULL;
    struct entry *entry = registry_add(service->registry, id, service->next_key);
    if (entry)
        entry->client = service->asking;
    if (entry && settings && !take_settings(entry, settings)) {
        registry_remove(service->registry, entry);
        entry = NULL;
    }
    if (!entry) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    service->next_key++;
    entry_count_agent(service, entry);
    entry->created_at = clock_wall_ms();
    entry->settings_revision = settings_revision(&entry->settings);
    return entry;
}

void entry_row(const struct entry *entry, const struct series_settings *settings, bool grid_known,
               const struct trm_grid *grid, struct store_series *ret)
{
    *ret = (struct store_series){
        .key = entry->key,
        .settings = *settings, /* labels are borrowed for the length of the call */
        .grid_known = grid_known,
        .created_at = entry->created_at,
    };
    if (grid_known)
        ret->grid = *grid;
    memcpy(ret->id, entry->id, strlen(entry->id) + 1);
}
