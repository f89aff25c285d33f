/* The operator's part: a backup, the configuration read again, what there is in numbers. See handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/bridge.h"
#include "server/http/forecast_cache.h"
#include "server/http/handler_tools.h"
#include "server/http/metrics_text.h"
#include "server/http/response.h"
#include "server/http/settings_json.h"

#include <malloc.h>
#include <microhttpd.h>
#include <stdio.h>

#define ADMIN_BYTES_MAX ((size_t)32 << 10)
/* Damaged rows that are named one by one, of at most 700 bytes each. */
#define DAMAGE_SHOWN_MAX 16
/* Longest wait for a backup: some ten gigabytes. */
#define BACKUP_WAIT_MS 600000

/* ---- a backup ---- */

static void on_backup(void *ctx, const struct err *err, const char *name,
                      const struct store_backup *backup)
{
    struct request *request = wait_succeed(ctx, err);
    struct writer writer;
    if (request == NULL)
        return;
    writer_init(&writer, ADMIN_BYTES_MAX);
    writer_open(&writer, '{');
    writer_key(&writer, "name");
    writer_string(&writer, name);
    writer_key(&writer, "bytes");
    writer_int(&writer, (int64_t)backup->bytes);
    writer_key(&writer, "seconds");
    writer_number(&writer, (double)backup->ns * 1e-9);
    writer_key(&writer, "sha256");
    writer_string(&writer, backup->sha256);
    writer_close(&writer, '}');
    answer_writer(request, MHD_HTTP_CREATED, TYPE_JSON, &writer);
}

void handle_post_backup(struct request *request)
{
    char name[BACKUP_NAME_MAX + 1];
    struct err err;
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (backup_json_parse(body, request->body.n, name, sizeof name, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, BACKUP_WAIT_MS);
    if (wait != NULL && service_backup(request->http->service, name[0] == '\0' ? NULL : name, on_backup,
                                       wait, &err) != 0)
        wait_fail(wait, &err);
}

/* ---- the configuration ---- */

static void write_change(struct writer *writer, const struct config_change *change)
{
    writer_open(writer, '{');
    writer_key(writer, "option");
    writer_string(writer, change->option);
    writer_key(writer, "from");
    writer_string(writer, change->from);
    writer_key(writer, "to");
    writer_string(writer, change->to);
    writer_key(writer, "adopted");
    writer_bool(writer, change->adopted);
    writer_close(writer, '}');
}

void handle_post_reload(struct request *request)
{
    const struct http *http = request->http;
    struct config_change changes[CONFIG_OPTIONS_MAX];
    struct writer writer;
    struct err err;
    size_t n;
    int failed = http->reload == NULL ? err_set(&err, ERR_UNAVAILABLE, "the daemon is starting")
                                      : http->reload(http->reload_ctx, changes, &n, &err);
    if (failed != 0) {
        request_refuse(request, &err);
        return;
    }
    writer_init(&writer, ADMIN_BYTES_MAX);
    writer_open(&writer, '{');
    writer_key(&writer, "changes");
    writer_open(&writer, '[');
    for (size_t i = 0; i < n; i++)
        write_change(&writer, &changes[i]);
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &writer);
}

/* ---- numbers ---- */

struct number {
    const char *key;
    double value;
};

/* Whole numbers and seconds alike: a double holds every count that comes up. */
static void write_numbers(struct writer *writer, const char *key, const struct number *numbers, size_t n)
{
    writer_key(writer, key);
    writer_open(writer, '{');
    for (size_t i = 0; i < n; i++) {
        writer_key(writer, numbers[i].key);
        writer_number_exact(writer, numbers[i].value);
    }
    writer_close(writer, '}');
}
#define WRITE_NUMBERS(writer, key, ...)                                                            \
    do {                                                                                           \
        const struct number numbers[] = {__VA_ARGS__};                                             \
        write_numbers(writer, key, numbers, sizeof numbers / sizeof *numbers);                     \
    } while (0)

static void write_service(struct writer *writer, const struct service_stats *stats)
{
    WRITE_NUMBERS(writer, "series", {"count", (double)stats->series_n},
                  {"points", (double)stats->point_n}, {"models", (double)stats->models_n});
    WRITE_NUMBERS(writer, "workers", {"threads", stats->pool.workers},
                  {"queued", (double)stats->pool.queued}, {"running", (double)stats->pool.running},
                  {"ended", (double)stats->pool.done}, {"cpu_seconds", (double)stats->pool.cpu_ns * 1e-9});
    writer_key(writer, "jobs");
    writer_open(writer, '{');
    for (int state = JOB_PENDING; state <= JOB_CANCELLED; state++) {
        writer_key(writer, job_state_name((enum job_state)state));
        writer_int(writer, (int64_t)stats->jobs[state]);
    }
    writer_close(writer, '}');
}

static void write_found(struct writer *writer, const struct damage_view *view)
{
    writer_open(writer, '{');
    writer_key(writer, "kind");
    writer_string(writer, store_damage_name(view->found.kind));
    writer_key(writer, "series");
    writer_string(writer, view->id);
    writer_key(writer, "from");
    writer_int(writer, view->found.from);
    writer_key(writer, "until");
    writer_int(writer, view->found.until);
    writer_key(writer, "points");
    writer_int(writer, (int64_t)view->found.n);
    writer_key(writer, "detail");
    writer_string(writer, view->found.words);
    writer_close(writer, '}');
}

static void write_store(struct writer *writer, const struct store_stats *store)
{
    WRITE_NUMBERS(writer, "store", {"file_bytes", (double)(store->file_bytes - store->wal_bytes)},
                  {"wal_bytes", (double)store->wal_bytes}, {"queue_requests", (double)store->queue_n},
                  {"queue_bytes", (double)store->queue_bytes}, {"commits", (double)store->commits},
                  {"commit_seconds", (double)store->commit_ns_total * 1e-9},
                  {"requests", (double)store->requests}, {"failures", (double)store->failures},
                  {"points_written", (double)store->points_written}, {"backups", (double)store->backups},
                  {"backups_running", store->backing_up}, {"failing", store->failing},
                  {"failings", (double)store->failings});
}

static void write_damage(struct writer *writer, struct service *service,
                         const struct store_damage_counts *counts)
{
    struct damage_view found[DAMAGE_SHOWN_MAX];
    size_t n = service_damage(service, 0, found, DAMAGE_SHOWN_MAX);
    writer_key(writer, "damage");
    writer_open(writer, '{');
    for (int kind = 0; kind < STORE_DAMAGE_KINDS; kind++) {
        writer_key(writer, store_damage_name((enum store_damage_kind)kind));
        writer_int(writer, (int64_t)counts->rows[kind]);
    }
    writer_key(writer, "found");
    writer_open(writer, '[');
    for (size_t i = 0; i < n; i++)
        write_found(writer, &found[i]);
    writer_close(writer, ']');
    writer_close(writer, '}');
}

static void write_requests(struct writer *writer, const struct http *http)
{
    struct forecast_cache_stats cache = forecast_cache_stats(http->cache);
    const struct counters *counters = http->counters;
    WRITE_NUMBERS(writer, "cache", {"entries", (double)cache.entries}, {"bytes", (double)cache.bytes},
                  {"hits", (double)counters_get(counters, COUNTER_CACHE_HITS)},
                  {"misses", (double)counters_get(counters, COUNTER_CACHE_MISSES)},
                  {"evictions", (double)counters_get(counters, COUNTER_CACHE_EVICTIONS)});
    WRITE_NUMBERS(writer, "requests", {"connections", (double)bridge_connections(http->bridge)->n},
                  {"active", (double)http->requests_n});
}

/* What the resident set cannot tell apart: memory in use, and memory that malloc keeps for the next one who
 * asks. It walks the free lists under their locks, so that it is asked for here and not at every scrape. */
static void write_memory(struct writer *writer, const struct http *http,
                         const struct service_stats *stats)
{
    struct process_numbers process;
    struct mallinfo2 heap = mallinfo2();
    process_numbers_read(&process);
    WRITE_NUMBERS(writer, "memory", {"resident_bytes", (double)process.resident_bytes},
                  {"series_bytes", (double)stats->memory_bytes},
                  {"requests_bytes", (double)http->inflight_bytes},
                  {"heap_used_bytes", (double)(heap.uordblks + heap.hblkhd)},
                  {"heap_free_bytes", (double)heap.fordblks});
    writer_key(writer, "cpu_seconds");
    writer_number(writer, process.cpu_s);
}

void handle_get_stats(struct request *request)
{
    const struct http *http = request->http;
    struct service_stats stats;
    struct writer writer;
    enum time_form form;
    if (!param_time_form(request, &form))
        return;
    service_stats(http->service, &stats);
    writer_init(&writer, ADMIN_BYTES_MAX);
    writer_open(&writer, '{');
    writer_key(&writer, "version");
    writer_string(&writer, TSTRM_VERSION);
    writer_key(&writer, "started_at");
    writer_time(&writer, http->started_ms, form);
    writer_key(&writer, "now");
    writer_time(&writer, clock_wall_ms(), form);
    write_service(&writer, &stats);
    write_store(&writer, &stats.store);
    write_damage(&writer, http->service, &stats.store.damage);
    write_requests(&writer, http);
    write_memory(&writer, http, &stats);
    writer_close(&writer, '}');
    answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &writer);
}
