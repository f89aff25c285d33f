/* A series' first moment: an entry that nobody sees until its row is durable. */
#include "server/service/parts.h"

#include "server/base/clock.h"

#include <string.h>

struct entry *entry_create(struct service *service, const char *id, struct err *err)
{
    if (registry_n(service->registry) >= service->config->series_max) {
        err_set(err, ERR_BUSY,
                "there are %zu series, which is the most (option series-max): delete some",
                service->config->series_max);
        return NULL;
    }
    struct entry *entry = registry_add(service->registry, id, service->next_key);
    if (!entry) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    service->next_key++;
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
