/* The counters' names, and counting. */
#include "server/base/counters.h"

#include <string.h>

const struct counter_info counter_infos[COUNTERS] = {
#define COUNTER_INFO(symbol, metric, labels, unit, help) {metric, labels, help, unit},
    COUNTER_LIST(COUNTER_INFO)
#undef COUNTER_INFO
};

const struct histogram_info histogram_infos[HISTOGRAMS] = {
#define HISTOGRAM_INFO(symbol, metric, help) {metric, help},
    HISTOGRAM_LIST(HISTOGRAM_INFO)
#undef HISTOGRAM_INFO
};

const char *const route_class_labels[ROUTE_CLASSES] = {
#define ROUTE_CLASS_LABEL(symbol, label) label,
    ROUTE_CLASS_LIST(ROUTE_CLASS_LABEL)
#undef ROUTE_CLASS_LABEL
};

/* From a cached answer (tens of microseconds) to a fit of a long series. */
const double histogram_bounds[HISTOGRAM_BOUNDS] = {
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
    0.025,   0.05,     0.1,     0.25,   0.5,     1,      2.5,   5,      10,    30};

static void add(_Atomic uint64_t *to, uint64_t n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

void counters_init(struct counters *counters)
{
    memset(counters, 0, sizeof *counters);
}

void counters_add(struct counters *counters, enum counter counter, uint64_t n)
{
    add(&counters->value[counter], n);
}

uint64_t counters_get(const struct counters *counters, enum counter counter)
{
    return get(&counters->value[counter]);
}

void counters_request(struct counters *counters, enum route_class route, unsigned http_status)
{
    unsigned hundreds = http_status / 100;

    if (hundreds < 1 || hundreds > STATUS_CLASSES)
        hundreds = STATUS_CLASSES;
    add(&counters->requests[route][hundreds - 1], 1);
}

void counters_observe(struct counters *counters, enum histogram_id id, uint64_t duration_ns)
{
    struct histogram *histogram = &counters->histogram[id];
    double seconds = (double)duration_ns * 1e-9;
    size_t bucket = 0;

    while (bucket < HISTOGRAM_BOUNDS && seconds > histogram_bounds[bucket])
        bucket++;
    add(&histogram->bucket[bucket], 1);
    add(&histogram->sum_ns, duration_ns);
}

void counters_histogram(const struct counters *counters, enum histogram_id id,
                        struct histogram_view *ret)
{
    const struct histogram *histogram = &counters->histogram[id];
    uint64_t total = 0;

    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        total += get(&histogram->bucket[i]);
        ret->cumulative[i] = total;
    }
    ret->sum_s = (double)get(&histogram->sum_ns) * 1e-9;
}
