/* One request's points of many series. Knows how they are gathered, written and told apart afterwards;
 * refuses to know formats and which metrics are wanted. Surprising: it is not one transaction. Each series'
 * points are all or nothing, as in a write of their own, and what became of each is told; so one series with
 * a point off its grid does not keep two thousand others out.
 *
 * The loop's thread. Writes are sent in slices of a millisecond or so, others' requests in between, and no
 * more than INGEST_FLYING_MAX of them wait for the store; commits are shared (store/thread.c).
 *
 * Cost: some 250 bytes a series and 16 bytes a point while it lasts. */
#ifndef SERVER_INGEST_H
#define SERVER_INGEST_H

#include "server/service/service.h"

/* Series in one request. */
#define INGEST_SERIES_MAX 50000
/* Writes of one request that wait for the store. */
#define INGEST_FLYING_MAX 4096

struct ingest;

/* points_max: points of all series together. ERR_NO_MEMORY. */
SERVICE_MUST int ingest_new(struct service *service, size_t points_max, struct ingest **ret, struct err *err);
/* Before ingest_begin has returned 0. Accepts NULL. */
void ingest_free(struct ingest *ingest);

struct ingest_source {
    const char *id; /* that series_id_check accepts; no NUL needed */
    size_t id_n;
    size_t place;   /* the caller's, of the series' first points; told again */
    bool create;    /* the series where it is not there … */
    const struct series_settings *settings; /* … with these (copied); NULL: defaults */
};
/* Adds points of a series, in any order; of two of one time the later one counts. What was said of a series
 * when it came first holds. ERR_TOO_LARGE, ERR_NO_MEMORY; nothing has changed then. */
SERVICE_MUST int ingest_add(struct ingest *ingest, const struct ingest_source *source,
                            const struct point *points, size_t n, struct err *err);

/* Whether points of that series may be added without asking whether it may be created: it is in this
 * request already, or it exists. */
bool ingest_knows(const struct ingest *ingest, const char *id, size_t id_n);
/* Whether an agent (config: ingest-series-max, series-max) may bring one more series. */
bool ingest_has_room(const struct ingest *ingest);

/* What became of a series. */
struct ingest_outcome {
    const char *id;
    size_t place;
    const struct err *err; /* NULL: taken; item is -1, the message names the point */
    struct points_result told; /* accepted: its points, each time once */
};
size_t ingest_series_n(const struct ingest *ingest);
/* After done has been called. */
struct ingest_outcome ingest_outcome(const struct ingest *ingest, size_t at);

typedef void (*ingest_done)(void *ctx, struct ingest *ingest);
/* Writes everything. done runs when each series' points are on disk and in memory, or refused; it owns the
 * ingest then and frees it. ERR_UNAVAILABLE: nothing was written, the ingest is the caller's. */
SERVICE_MUST int ingest_begin(struct ingest *ingest, ingest_done done, void *ctx, struct err *err);

#endif
