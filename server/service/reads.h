/* What readers of many series at once need: names, recent values, turns of the loop. Knows views
 * into memory; refuses to know how they are shown. Surprising: a view is good until the loop goes
 * on, and service_later is how a long reading lets it: a reader takes a slice, asks to be called
 * again, and looks everything up anew.
 *
 * The loop's thread only. */
#ifndef SERVER_SERVICE_READS_H
#define SERVER_SERVICE_READS_H

#include "server/service/service.h"

/* Calls each, until it returns false, for every series, in byte order of ids. Cheaper than
 * service_list_series: nothing is worked out. */
void service_each_series(struct service *service,
                         bool (*each)(void *ctx, const char *id,
                                      const struct series_settings *settings),
                         void *ctx);

/* The values in memory, one for each step. */
struct recent_view {
    int64_t key;
    bool grid_known; /* false: no values */
    struct trm_grid grid;
    const double *values; /* [n], NaN = missing */
    size_t n;
    int64_t first_step;
    bool complete; /* nothing older is stored as a step's value: what is aggregated is kept raw */
};
/* Returns 0 or -1 with ERR_NOT_FOUND. Cost: 2,048 comparisons. */
SERVICE_MUST int service_recent(struct service *service, const char *id, struct recent_view *ret,
                                struct err *err);

/* The longest time between two steps of the grid, in ms: months of 31 days, days of 25 hours where
 * a time zone has summers. */
int64_t grid_longest_ms(const struct trm_grid *grid);

/* Calls run(ctx) once when the loop has gone on. Returns 0 or -1 with ERR_UNAVAILABLE,
 * ERR_NO_MEMORY (run is not called). */
SERVICE_MUST int service_later(struct service *service, void (*run)(void *ctx), void *ctx,
                               struct err *err);

#endif
