/* The service's life and its numbers. */
#include "server/service/jobs.h"
#include "server/service/parts.h"

#include "server/base/clock.h"

#include <stdlib.h>
#include <unistd.h>

/* Room for what grows with series and jobs; nothing started yet. */
static int init(struct service *service, struct err *err)
{
    struct siphash_key secret;

    if (getentropy(&secret, sizeof secret) < 0)
        return err_set(err, ERR_INTERNAL, "no random numbers from the system");
    outlook_cache_init(&service->outlooks, &secret);
    shares_init(&service->job_shares, &secret);
    shares_init(&service->stateless_shares, &secret);
    service->registry = registry_new(&secret);
    service->weights = base_ref_borrow(service->origin);
    service->zones = zones_new(NULL);
    if (!service->registry || !service->weights || !service->zones)
        return err_set(err, ERR_NO_MEMORY, "service: out of memory");
    return 0;
}

int service_new(const struct service_deps *deps, struct service **ret, struct err *err)
{
    struct service *service = calloc(1, sizeof *service);

    if (!service)
        return err_set(err, ERR_NO_MEMORY, "service: out of memory");
    service->config = deps->config;
    service->counters = deps->counters;
    service->store = deps->store;
    service->pool = deps->pool;
    service->origin = deps->base;
    service->mailbox = deps->mailbox;
    service->next_key = 1;
    if (init(service, err)) {
        service_free(service);
        return -1;
    }
    *ret = service;
    return 0;
}

void service_free(struct service *service)
{
    if (!service)
        return;
    jobs_free(service);
    saying_done(&service->saying);
    outlook_cache_done(&service->outlooks);
    shares_done(&service->job_shares);
    shares_done(&service->stateless_shares);
    registry_free(service->registry);
    zones_free(service->zones);
    base_ref_unref(service->weights);
    free(service);
}

void service_drain(struct service *service)
{
    service->draining = true;
    jobs_drain(service);
    fleet_drain(service);
    stateless_drain(service);
    saying_drain(service);
    store_cancel_backup(service->store);
}

bool service_idle(const struct service *service)
{
    return service->store_n == 0 && service->task_n == 0 && service->owed_n == 0;
}

const struct trm_base *service_base(const struct service *service)
{
    return base_ref_get(service->weights);
}

struct zones *service_zones(struct service *service)
{
    return service->zones;
}

void service_asked_by(struct service *service, uint64_t client)
{
    service->asking = client;
}

void service_tick(struct service *service)
{
    watch_workers(service);
    fit_retry(service);
    saying_go_on(service);
}

void store_began(struct service *service)
{
    service->store_n++;
}

void store_ended(struct service *service, const struct store_result *result)
{
    (void)result;
    service->store_n--;
}

int check_open(const struct service *service, struct err *err)
{
    if (service->draining)
        return err_set(err, ERR_UNAVAILABLE, "the daemon is stopping");
    if (!service->booted)
        return err_set(err, ERR_UNAVAILABLE, "the daemon is starting");
    return 0;
}

int check_memory(const struct service *service, struct err *err)
{
    return service->short_of_memory
               ? err_set(err, ERR_UNAVAILABLE,
                         "memory is short: what would take more of it is refused for now")
               : 0;
}

void service_set_short_of_memory(struct service *service, bool is_short)
{
    service->short_of_memory = is_short;
}

void service_drop_caches(struct service *service)
{
    outlook_cache_clear(&service->outlooks);
}

int service_ready(const struct service *service, struct err *err)
{
    if (check_open(service, err) || check_memory(service, err))
        return -1;
    struct pool_stats pool;
    pool_stats(service->pool, &pool);
    if (pool.workers > 0 && pool.stuck == pool.workers)
        return err_set(err, ERR_UNAVAILABLE, "all %u worker threads hang: nothing is fitted", pool.stuck);
    return store_ready(service->store, err);
}

int err_no_series(struct err *err, const char *id)
{
    return err_set(err, ERR_NOT_FOUND, "no series \"%s\"", id);
}

struct entry *find_series(const struct service *service, const char *id, struct err *err)
{
    struct entry *entry = registry_find(service->registry, id);

    if (entry && entry->visible)
        return entry;
    err_no_series(err, id);
    return NULL;
}

struct entry *find_writable(const struct service *service, const char *id, struct err *err)
{
    struct entry *entry = find_series(service, id, err);

    if (!entry || check_open(service, err))
        return NULL;
    if (entry->deleting) {
        err_no_series(err, id);
        return NULL;
    }
    return entry;
}

void service_stats(struct service *service, struct service_stats *ret)
{
    *ret = (struct service_stats){0};
    for (size_t i = 0; i < registry_n(service->registry); i++) {
        const struct entry *entry = registry_at(service->registry, i);
        ret->series_n += entry->visible;
        ret->models_n += entry->model != NULL;
        ret->point_n += entry->visible ? entry->point_n : 0;
        ret->memory_bytes += entry_bytes(entry);
    }
    jobs_count(service, ret->jobs);
    ret->base = service_base(service);
    pool_stats(service->pool, &ret->pool);
    store_stats(service->store, &ret->store);
}

size_t service_damage(struct service *service, size_t from, struct damage_view *ret, size_t max)
{
    struct store_damage found;
    size_t n = 0;

    while (n < max && store_damage(service->store, from + n, &found, 1) == 1) {
        const struct entry *entry = registry_by_key(service->registry, found.key);
        ret[n++] = (struct damage_view){.found = found, .id = entry ? entry->id : ""};
    }
    return n;
}

size_t service_holes(struct service *service, const char *id, int64_t start, int64_t end,
                     struct store_damage *ret, size_t max)
{
    const struct entry *entry = registry_find(service->registry, id);

    return entry ? store_damaged_points(service->store, entry->key, start, end, ret, max) : 0;
}
