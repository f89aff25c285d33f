/* What the daemon counts about itself. Knows names, help texts and how to count from any thread;
 * refuses to know how numbers are shown (http renders them). Surprising: everything is a relaxed
 * atomic and nothing is a snapshot: numbers read together may be a few events apart, and each of
 * them only ever grows. Gauges (series, jobs, queue lengths) are not here: their owners do. */
#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, metric, labels, unit, help). Rows of one metric stand together and share their help;
 * labels is the text between the braces, or ""; unit is what 1 stands for in the metric's unit
 * (times are kept in nanoseconds and shown in seconds). */
#define INGEST_DROPPED_HELP "Samples of other systems' agents that were not kept, by reason"
#define KEY_REFUSALS_HELP "Requests refused for their key, by reason"
#define STOPPED_HELP "Fits, backtests and trainings that were stopped before their end, by reason"
#define COUNTER_LIST(X)                                                                            \
    X(FORECASTS, "tstrm_forecasts_total", "", 1, "Forecasts computed")                             \
    X(FORECASTS_FAILED, "tstrm_forecast_failures_total", "", 1,                                    \
      "Forecasts that could not be computed")                                                      \
    X(CACHE_HITS, "tstrm_forecast_cache_hits_total", "", 1, "Forecasts answered from the cache")   \
    X(CACHE_MISSES, "tstrm_forecast_cache_misses_total", "", 1,                                    \
      "Forecasts not found in the cache")                                                          \
    X(CACHE_EVICTIONS, "tstrm_forecast_cache_evictions_total", "", 1,                              \
      "Forecasts dropped from the cache")                                                          \
    X(SAID, "tstrm_forecasts_recorded_total", "", 1, "Forecasts kept, to be scored by what comes")     \
    X(SCORED, "tstrm_interval_scored_total", "", 1, "Values held against a recorded forecast")         \
    X(INSIDE_80, "tstrm_interval_inside_total", "level=\"80\"", 1, "Scored values inside, by interval")   \
    X(INSIDE_95, "tstrm_interval_inside_total", "level=\"95\"", 1, "Scored values inside, by interval")   \
    X(MEMORY_CACHES_DROPPED, "tstrm_memory_caches_dropped_total", "", 1,                           \
      "Times that the caches were given up because memory was short")                              \
    X(MEMORY_REFUSALS, "tstrm_memory_refusals_total", "", 1,                                       \
      "Requests refused because memory was short")                                                 \
    X(POINTS_WRITTEN, "tstrm_points_written_total", "", 1, "Points made durable")                  \
    X(INGEST_REMOTE_WRITE, "tstrm_ingest_samples_total", "protocol=\"remote_write\"", 1,           \
      "Samples of other systems' agents that were stored, by protocol")                            \
    X(INGEST_LINE_PROTOCOL, "tstrm_ingest_samples_total", "protocol=\"line_protocol\"", 1,         \
      "Samples of other systems' agents that were stored, by protocol")                            \
    X(INGEST_NO_RULE, "tstrm_ingest_dropped_total", "reason=\"no_rule\"", 1, INGEST_DROPPED_HELP)  \
    X(INGEST_SERIES_MAX, "tstrm_ingest_dropped_total", "reason=\"series_max\"", 1,                 \
      INGEST_DROPPED_HELP)                                                                         \
    X(INGEST_STALE, "tstrm_ingest_dropped_total", "reason=\"stale_marker\"", 1,                    \
      INGEST_DROPPED_HELP)                                                                         \
    X(INGEST_INFINITE, "tstrm_ingest_dropped_total", "reason=\"infinite\"", 1,                     \
      INGEST_DROPPED_HELP)                                                                         \
    X(INGEST_HISTOGRAM, "tstrm_ingest_dropped_total", "reason=\"histogram\"", 1,                   \
      INGEST_DROPPED_HELP)                                                                         \
    X(INGEST_TEXT, "tstrm_ingest_dropped_total", "reason=\"text\"", 1, INGEST_DROPPED_HELP)        \
    X(INGEST_INVALID, "tstrm_ingest_dropped_total", "reason=\"invalid\"", 1, INGEST_DROPPED_HELP)  \
    X(FITS_SUCCEEDED, "tstrm_fits_total", "outcome=\"succeeded\"", 1, "Fits ended, by outcome")    \
    X(FITS_FAILED, "tstrm_fits_total", "outcome=\"failed\"", 1, "Fits ended, by outcome")          \
    X(FITS_CANCELLED, "tstrm_fits_total", "outcome=\"cancelled\"", 1, "Fits ended, by outcome")    \
    X(BACKTESTS_SUCCEEDED, "tstrm_backtests_total", "outcome=\"succeeded\"", 1,                    \
      "Backtests ended, by outcome")                                                               \
    X(BACKTESTS_FAILED, "tstrm_backtests_total", "outcome=\"failed\"", 1,                          \
      "Backtests ended, by outcome")                                                               \
    X(BACKTESTS_CANCELLED, "tstrm_backtests_total", "outcome=\"cancelled\"", 1,                    \
      "Backtests ended, by outcome")                                                               \
    X(FLEET_PUBLISHED, "tstrm_fleet_trainings_total", "outcome=\"published\"", 1,                  \
      "Trainings of the shared weights, by outcome")                                               \
    X(FLEET_KEPT, "tstrm_fleet_trainings_total", "outcome=\"kept\"", 1,                            \
      "Trainings of the shared weights, by outcome")                                               \
    X(FLEET_FAILED, "tstrm_fleet_trainings_total", "outcome=\"failed\"", 1,                        \
      "Trainings of the shared weights, by outcome")                                               \
    X(STOPPED_DIVERGED, "tstrm_fits_stopped_total", "reason=\"diverged\"", 1, STOPPED_HELP)            \
    X(STOPPED_BUDGET, "tstrm_fits_stopped_total", "reason=\"budget\"", 1, STOPPED_HELP)                \
    X(STOPPED_HUNG, "tstrm_fits_stopped_total", "reason=\"hung\"", 1, STOPPED_HELP)                    \
    X(STOPPED_CANCELLED, "tstrm_fits_stopped_total", "reason=\"cancelled\"", 1, STOPPED_HELP)          \
    X(FITS_NOT_PUBLISHED, "tstrm_fits_not_published_total", "", 1,                                     \
      "Fits that forecast held-out values worse than the model they would have replaced")            \
    X(RESULTS_DROPPED, "tstrm_fit_results_dropped_total", "", 1,                                   \
      "Fit results dropped because the series was deleted or its model had changed")               \
    X(KEY_CHECKS, "tstrm_key_checks_total", "", 1, "Keys held against their hashes")               \
    X(KEY_MISSING, "tstrm_key_refusals_total", "reason=\"missing\"", 1, KEY_REFUSALS_HELP)         \
    X(KEY_WRONG, "tstrm_key_refusals_total", "reason=\"wrong\"", 1, KEY_REFUSALS_HELP)             \
    X(KEY_SCOPE, "tstrm_key_refusals_total", "reason=\"scope\"", 1, KEY_REFUSALS_HELP)             \
    X(KEY_BUSY, "tstrm_key_refusals_total", "reason=\"busy\"", 1, KEY_REFUSALS_HELP)               \
    X(WORKER_CPU, "tstrm_worker_cpu_seconds_total", "", 1e-9, "CPU time of finished worker tasks")

enum counter {
#define COUNTER_ENUM(symbol, metric, labels, unit, help) COUNTER_##symbol,
    COUNTER_LIST(COUNTER_ENUM)
#undef COUNTER_ENUM
    COUNTERS
};

/* X(symbol, metric, help). All in seconds, all with the same buckets. */
#define HISTOGRAM_LIST(X)                                                                          \
    X(REQUEST, "tstrm_request_duration_seconds", "From a request's first byte to its answer")      \
    X(FORECAST, "tstrm_forecast_duration_seconds", "Computing one forecast")                       \
    X(FIT, "tstrm_fit_duration_seconds", "CPU time of one fit")                                    \
    X(COMMIT, "tstrm_commit_duration_seconds", "From a write's arrival to its durability")          \
    X(LOOP_DELAY, "tstrm_loop_delay_seconds",                                                      \
      "How late the event loop comes to a timer, looked at 20 times a second while there are connections")

enum histogram_id {
#define HISTOGRAM_ENUM(symbol, metric, help) HISTOGRAM_##symbol,
    HISTOGRAM_LIST(HISTOGRAM_ENUM)
#undef HISTOGRAM_ENUM
    HISTOGRAMS
};

/* X(symbol, label): values of the label "route" of tstrm_requests_total. */
#define ROUTE_CLASS_LIST(X)                                                                        \
    X(HEALTH, "health")                                                                            \
    X(METRICS, "metrics")                                                                          \
    X(DOCS, "docs")                                                                                \
    X(SERIES, "series")                                                                            \
    X(INGEST, "ingest")                                                                            \
    X(POINTS, "points")                                                                            \
    X(FORECAST, "forecast")                                                                        \
    X(RECORD, "record")                                                                            \
    X(STATELESS, "stateless")                                                                      \
    X(FIT, "fit")                                                                                  \
    X(JOBS, "jobs")                                                                                \
    X(FLEET, "fleet")                                                                              \
    X(PROMETHEUS, "prometheus")                                                                    \
    X(ADMIN, "admin")                                                                              \
    X(NONE, "none") /* no such route */

enum route_class {
#define ROUTE_CLASS_ENUM(symbol, label) ROUTE_CLASS_##symbol,
    ROUTE_CLASS_LIST(ROUTE_CLASS_ENUM)
#undef ROUTE_CLASS_ENUM
    ROUTE_CLASSES
};

/* Values of the label "status": "1xx" to "5xx". */
#define STATUS_CLASSES 5
#define REQUESTS_METRIC "tstrm_requests_total"
#define REQUESTS_HELP "Requests answered, by kind of route and class of status"

/* Upper bounds of a histogram's buckets but the last (infinity), in seconds and increasing. */
#define HISTOGRAM_BOUNDS 20
extern const double histogram_bounds[HISTOGRAM_BOUNDS];

struct histogram {
    _Atomic uint64_t bucket[HISTOGRAM_BOUNDS + 1]; /* each value in one bucket: not cumulative */
    _Atomic uint64_t sum_ns;
};

/* All zero is the valid start. */
struct counters {
    _Atomic uint64_t value[COUNTERS];
    _Atomic uint64_t requests[ROUTE_CLASSES][STATUS_CLASSES];
    struct histogram histogram[HISTOGRAMS];
};

struct counter_info {
    const char *metric, *labels, *help;
    double unit;
};
struct histogram_info {
    const char *metric, *help;
};
extern const struct counter_info counter_infos[COUNTERS];
extern const struct histogram_info histogram_infos[HISTOGRAMS];
extern const char *const route_class_labels[ROUTE_CLASSES];

void counters_init(struct counters *counters);

/* Any thread, a few ns each. */
void counters_add(struct counters *counters, enum counter counter, uint64_t n);
uint64_t counters_get(const struct counters *counters, enum counter counter);
/* http_status outside 100..599 counts as 5xx. */
void counters_request(struct counters *counters, enum route_class route, unsigned http_status);
void counters_observe(struct counters *counters, enum histogram_id id, uint64_t duration_ns);

/* A histogram as Prometheus wants it. */
struct histogram_view {
    uint64_t cumulative[HISTOGRAM_BOUNDS + 1]; /* the last entry is the count */
    double sum_s;
};
void counters_histogram(const struct counters *counters, enum histogram_id id,
                        struct histogram_view *ret);

#endif
