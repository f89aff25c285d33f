/* The order of giving up, and the table of what goes on. See pressure.h. */
#include "server/http/pressure.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/http/forecast_cache.h"

#include <malloc.h>

/* A look is good for so long where requests take much. */
#define STALE_NS UINT64_C(10000000)
#define MUCH_BYTES ((size_t)1 << 20)
/* What is left of the cache of forecasts: those that are asked for all the time. */
#define CACHE_PART 8
/* The allocator is asked to give back no more often than this: it walks all that it has. */
#define TRIM_NS UINT64_C(1000000000)

static void look(struct http *http, uint64_t now_ns)
{
    size_t configured = http->config->memory_max;
    http->memory.max = configured > 0 ? configured : http->system_memory_max;
    memory_guard_see(&http->memory, http->memory.max > 0 ? memory_resident() : 0, now_ns);
}

static void give_up_caches(struct http *http, uint64_t now_ns)
{
    forecast_cache_set_max(http->cache, http->config->forecast_cache_bytes / CACHE_PART);
    service_drop_caches(http->service);
    malloc_trim(0);
    http->trimmed_ns = now_ns;
    counters_add(http->counters, COUNTER_MEMORY_CACHES_DROPPED, 1);
    look(http, clock_mono_ns());
}

static void tell(struct http *http, bool was_short)
{
    const struct memory_guard *memory = &http->memory;
    service_set_short_of_memory(http->service, memory->is_short);
    if (!memory->is_short)
        forecast_cache_set_max(http->cache, http->config->forecast_cache_bytes);
    if (memory->is_short == was_short)
        return;
    if (memory->is_short)
        LOG_WARN("short of memory: what makes it grow is refused", log_uint("resident", memory->resident),
                 log_uint("memory_max", memory->max));
    else
        LOG_INFO("no longer short of memory", log_uint("resident", memory->resident),
                 log_uint("memory_max", memory->max));
}

void pressure_look(struct http *http, uint64_t now_ns)
{
    bool was_short = http->memory.is_short;
    look(http, now_ns);
    if (http->memory.is_short && now_ns - http->trimmed_ns >= TRIM_NS)
        give_up_caches(http, now_ns);
    if (http->memory.is_short || was_short || http->trimmed_ns == now_ns)
        tell(http, was_short);
}

int pressure_refuse(struct http *http, struct err *err)
{
    counters_add(http->counters, COUNTER_MEMORY_REFUSALS, 1);
    return err_set(err, ERR_UNAVAILABLE,
                   "memory is short: %zu of %zu MiB (option memory-max) are in use; what would take more is "
                   "refused for now",
                   http->memory.resident >> 20, http->memory.max >> 20);
}

/* Whether the request adds nothing that stays, and takes little while it lasts. */
static bool goes_on(const struct request *request)
{
    bool reads = request->method == METHOD_GET || request->method == METHOD_HEAD;
    switch (request->route->class) {
    case ROUTE_CLASS_HEALTH:
    case ROUTE_CLASS_METRICS:
    case ROUTE_CLASS_DOCS:
    case ROUTE_CLASS_JOBS:
    case ROUTE_CLASS_ADMIN:
    case ROUTE_CLASS_SERIES: /* new ones the service refuses */
    case ROUTE_CLASS_FORECAST:
        return true;
    case ROUTE_CLASS_POINTS:
    case ROUTE_CLASS_INGEST:
        return !reads && !request->headers.chunked && request->headers.body_bytes <= PRESSURE_BYTES_MAX;
    case ROUTE_CLASS_FLEET:
        return reads;
    default:
        return request->method == METHOD_DELETE;
    }
}

int pressure_admit(const struct request *request, struct err *err)
{
    return !request->http->memory.is_short || goes_on(request) ? 0 : pressure_refuse(request->http, err);
}

int pressure_take(struct request *request, size_t bytes, struct err *err)
{
    struct http *http = request->http;
    struct memory_guard *memory = &http->memory;
    if (memory->max == 0)
        return 0;
    uint64_t now_ns = clock_mono_ns();
    if (memory->taken + bytes >= MUCH_BYTES && now_ns - memory->looked_ns >= STALE_NS)
        pressure_look(http, now_ns);
    if (memory->is_short && request->charged_bytes + bytes > PRESSURE_BYTES_MAX)
        return pressure_refuse(http, err);
    return memory_guard_take(memory, bytes) ? 0 : pressure_refuse(http, err);
}
