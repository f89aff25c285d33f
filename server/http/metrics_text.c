/* Line by line. See metrics_text.h. */
#include "server/http/metrics_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static void line(struct writer *writer, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text - 1, format, arguments);
    va_end(arguments);
    writer_text(writer, text);
    writer_bytes(writer, "\n", 1);
}

static void head(struct writer *writer, const char *metric, const char *type, const char *help)
{
    line(writer, "# HELP %s %s", metric, help);
    line(writer, "# TYPE %s %s", metric, type);
}

static void sample(struct writer *writer, const char *metric, const char *labels, double value)
{
    const char *open = *labels == '\0' ? "" : "{", *shut = *labels == '\0' ? "" : "}";
    line(writer, "%s%s%s%s %.17g", metric, open, labels, shut, value);
}

static void gauge(struct writer *writer, const char *metric, const char *help, double value)
{
    head(writer, metric, "gauge", help);
    sample(writer, metric, "", value);
}

static void counter(struct writer *writer, const char *metric, const char *help, double value)
{
    head(writer, metric, "counter", help);
    sample(writer, metric, "", value);
}

static void write_counters(struct writer *writer, const struct counters *counters)
{
    for (size_t i = 0; i < COUNTERS; i++) {
        const struct counter_info *info = &counter_infos[i];
        if (i == 0 || strcmp(info->metric, counter_infos[i - 1].metric) != 0)
            head(writer, info->metric, "counter", info->help);
        sample(writer, info->metric, info->labels,
               (double)counters_get(counters, (enum counter)i) * info->unit);
    }
}

static void write_requests(struct writer *writer, const struct counters *counters)
{
    head(writer, REQUESTS_METRIC, "counter", REQUESTS_HELP);
    for (size_t route = 0; route < ROUTE_CLASSES; route++)
        for (size_t status = 0; status < STATUS_CLASSES; status++) {
            uint64_t n = atomic_load_explicit(&counters->requests[route][status], memory_order_relaxed);
            if (n > 0)
                line(writer, "%s{route=\"%s\",status=\"%zuxx\"} %" PRIu64, REQUESTS_METRIC,
                     route_class_labels[route], status + 1, n);
        }
}

static void write_histogram(struct writer *writer, const struct counters *counters,
                            enum histogram_id id)
{
    struct histogram_view view;
    const char *metric = histogram_infos[id].metric;
    counters_histogram(counters, id, &view);
    head(writer, metric, "histogram", histogram_infos[id].help);
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
        line(writer, "%s_bucket{le=\"%g\"} %" PRIu64, metric, histogram_bounds[i], view.cumulative[i]);
    line(writer, "%s_bucket{le=\"+Inf\"} %" PRIu64, metric, view.cumulative[HISTOGRAM_BOUNDS]);
    line(writer, "%s_sum %.17g", metric, view.sum_s);
    line(writer, "%s_count %" PRIu64, metric, view.cumulative[HISTOGRAM_BOUNDS]);
}

static void write_service(struct writer *writer, const struct service_stats *stats)
{
    char label[64];
    gauge(writer, "tstrm_series", "Series known", (double)stats->series_n);
    gauge(writer, "tstrm_models", "Models in memory", (double)stats->models_n);
    gauge(writer, "tstrm_series_memory_bytes", "Memory held by histories and models",
          (double)stats->memory_bytes);
    head(writer, "tstrm_jobs", "gauge", "Jobs in the table, by state");
    for (int state = JOB_PENDING; state <= JOB_CANCELLED; state++) {
        snprintf(label, sizeof label, "state=\"%s\"", job_state_name((enum job_state)state));
        sample(writer, "tstrm_jobs", label, (double)stats->jobs[state]);
    }
    gauge(writer, "tstrm_workers", "Threads of the worker pool", stats->pool.workers);
    gauge(writer, "tstrm_workers_stuck", "Threads of the worker pool that hang", stats->pool.stuck);
    gauge(writer, "tstrm_worker_tasks_queued", "Tasks waiting for a worker", (double)stats->pool.queued);
    gauge(writer, "tstrm_worker_tasks_running", "Tasks on a worker", (double)stats->pool.running);
    counter(writer, "tstrm_worker_tasks_total", "Tasks that workers have ended",
            (double)stats->pool.done);
}

/* The value of a label, with its escapes. */
static void escape(const char *text, char *ret, size_t ret_n)
{
    size_t n = 0;

    for (; *text != '\0' && n + 2 < ret_n; text++) {
        if (*text == '"' || *text == '\\')
            ret[n++] = '\\';
        ret[n++] = *text;
    }
    ret[n] = '\0';
}

static void write_weights(struct writer *writer, const struct trm_base *base)
{
    char name[2 * TRM_BASE_NAME_MAX + 1], label[128];
    if (base == NULL)
        return;
    escape(base->name, name, sizeof name);
    snprintf(label, sizeof label, "name=\"%s\",identity=\"%016" PRIx64 "\"", name, base->identity);
    head(writer, "tstrm_weights_info", "gauge", "The shared weights; the value is always 1");
    sample(writer, "tstrm_weights_info", label, 1);
    gauge(writer, "tstrm_weights_networks", "Networks that answer together", (double)base->network_n);
    gauge(writer, "tstrm_weights_parameters", "Weights and biases of all shared networks",
          (double)(base->network_n * base->parameters));
}

static void write_store(struct writer *writer, const struct store_stats *stats)
{
    counter(writer, "tstrm_store_commits_total", "Transactions of the store", (double)stats->commits);
    counter(writer, "tstrm_store_commit_seconds_total", "Time spent in transactions of the store",
            (double)stats->commit_ns_total / 1e9);
    counter(writer, "tstrm_store_requests_total", "Requests that the store has done",
            (double)stats->requests);
    counter(writer, "tstrm_store_failures_total", "Requests that the store has failed",
            (double)stats->failures);
    counter(writer, "tstrm_store_points_total", "Points that the store has written",
            (double)stats->points_written);
    gauge(writer, "tstrm_store_queue_requests", "Requests waiting for the store", (double)stats->queue_n);
    gauge(writer, "tstrm_store_writable", "1 while writes can be made durable, as far as is known",
          stats->failing ? 0 : 1);
    counter(writer, "tstrm_store_failings_total", "Times that writes could no longer be made durable",
            (double)stats->failings);
    head(writer, "tstrm_store_damaged", "gauge", "Damaged rows found in the store since the start, by kind");
    for (int kind = 0; kind < STORE_DAMAGE_KINDS; kind++) {
        char label[64];
        snprintf(label, sizeof label, "kind=\"%s\"", store_damage_name((enum store_damage_kind)kind));
        sample(writer, "tstrm_store_damaged", label, (double)stats->damage.rows[kind]);
    }
    gauge(writer, "tstrm_store_damaged_points", "Points in damaged rows", (double)stats->damage.points);
    gauge(writer, "tstrm_store_file_bytes", "Size of the store's files", (double)stats->file_bytes);
}

static void write_security(struct writer *writer, const struct metrics_input *input)
{
    if (input->keys_on)
        gauge(writer, "tstrm_keys", "Keys in use", (double)input->keys_n);
    if (input->certificate_expiry_s != 0)
        gauge(writer, "tstrm_tls_certificate_expiry_timestamp_seconds",
              "When the first certificate of the chain expires, in Unix time",
              (double)input->certificate_expiry_s);
}

static void write_process(struct writer *writer, const struct metrics_input *input)
{
    char label[96];
    gauge(writer, "tstrm_forecast_cache_bytes", "Memory held by cached forecasts",
          (double)input->cache.bytes);
    gauge(writer, "tstrm_forecast_cache_entries", "Forecasts in the cache",
          (double)input->cache.entries);
    gauge(writer, "tstrm_connections", "Open connections", (double)input->connections_n);
    gauge(writer, "tstrm_requests_active", "Requests begun and not ended", (double)input->requests_n);
    gauge(writer, "tstrm_clients", "Clients that are connected or were lately", (double)input->clients_n);
    gauge(writer, "tstrm_memory_max_bytes", "Most memory that the process may take; 0: no limit",
          (double)input->memory->max);
    gauge(writer, "tstrm_memory_short", "1 while what would take more memory is refused",
          input->memory->is_short);
    gauge(writer, "tstrm_event_streams", "Open streams of events", (double)input->streams_n);
    gauge(writer, "tstrm_requests_memory_bytes", "Bodies and answers held by active requests",
          (double)input->inflight_bytes);
    counter(writer, "tstrm_process_cpu_seconds_total", "User and system CPU time of the process",
            input->process.cpu_s);
    gauge(writer, "tstrm_process_resident_memory_bytes", "Resident memory of the process",
          (double)input->process.resident_bytes);
    gauge(writer, "tstrm_process_start_time_seconds", "When the process started, in Unix time",
          input->process.started_s);
    head(writer, "tstrm_build_info", "gauge", "What runs; the value is always 1");
    snprintf(label, sizeof label, "version=\"%s\"", input->version);
    sample(writer, "tstrm_build_info", label, 1);
}

void metrics_write(struct writer *writer, const struct metrics_input *input)
{
    write_counters(writer, input->counters);
    write_requests(writer, input->counters);
    for (size_t id = 0; id < HISTOGRAMS; id++)
        write_histogram(writer, input->counters, (enum histogram_id)id);
    write_service(writer, &input->service);
    write_weights(writer, input->service.base);
    write_store(writer, &input->service.store);
    write_security(writer, input);
    write_process(writer, input);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void process_numbers_read(struct process_numbers *ret)
{
    struct rusage usage;
    unsigned long long total_pages, resident_pages;
    ret->cpu_s = 0;
    ret->resident_bytes = 0;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        ret->cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return;
    if (fscanf(file, "%llu %llu", &total_pages, &resident_pages) == 2)
        ret->resident_bytes = resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
    fclose(file);
}
