/* A request on its way through the queue, the store thread and the mailbox, and the store itself.
 * Private to server/store. Surprising: limits are counted on the loop alone, from queueing to done(), so
 * that what waits in the mailbox counts too; only results' bytes cross threads, as one atomic. */
#ifndef SERVER_STORE_REQUEST_H
#define SERVER_STORE_REQUEST_H

#include "server/store/background.h"
#include "server/store/health.h"
#include "server/store/points.h"
#include "server/store/store.h"

#include <stdatomic.h>

enum request_kind {
    REQUEST_PUT_SERIES,
    REQUEST_DELETE_SERIES,
    REQUEST_PUT_POINTS,
    REQUEST_READ_POINTS,
    REQUEST_PUT_CHECKPOINT,
    REQUEST_PUT_JOB,
    REQUEST_PUT_WEIGHTS,
    REQUEST_PUT_SAID,
    REQUEST_DROP_SAID,
    REQUEST_READ_SAID,
    REQUEST_READ_CHECKPOINTS,
    REQUEST_BACKUP, /* never in a batch: it lives in the slot `backup` until it ends */
};

struct request {
    struct message message; /* first: deliver gets the request from it */
    struct request *next;   /* in the queue, then in the batch */
    struct store *store;
    enum request_kind kind;
    store_done done;
    void *ctx;
    size_t bytes;           /* payload, counted against queue_bytes_max */
    size_t result_bytes;    /* of what was read, counted once it exists */
    int64_t key;
    struct store_series *series;     /* put_series; put_points: create, or NULL */
    struct job_row *job;             /* put_job */
    struct point *points;            /* put_points */
    size_t n;                        /* of points or bytes */
    bool has_grid;
    struct trm_grid grid;
    int64_t start, end;              /* read_points; read_said: origins */
    size_t limit;
    uint64_t version;                /* put_checkpoint, put_weights, read_checkpoints */
    int64_t created_at;
    void *blob;
    int64_t origin_step;             /* put_said */
    uint64_t origin, marked;         /* put_weights: and the points */
    char *text;                      /* put_weights: the report; backup: the folder … */
    char *name;                      /* … and the file in it */
    size_t changed;                  /* put_points: points written */
    struct store_result result;
};

struct store {
    struct db *db;              /* the caller's until started, the thread's then */
    struct points points;       /* likewise */
    struct mailbox *mailbox;
    struct store_options options;
    bool started, closed;       /* loop */
    bool backing_up;            /* loop: a backup is under way */
    void (*changed)(void *ctx, int64_t key, uint64_t point_n); /* set before the thread starts */
    void *changed_ctx;
    size_t waiting_n, waiting_bytes; /* loop */
    atomic_size_t result_bytes; /* of what was read and done() has not seen yet */
    atomic_size_t notes_n;      /* news of background steps on their way (background.c) */
    struct background background; /* the thread's */
    struct health health;       /* the thread's, in part under the mutex */
    uv_thread_t thread;
    uv_mutex_t mutex;           /* everything below */
    uv_cond_t wake;
    struct request *head, **end;
    struct request *backup;     /* asked for, not begun */
    bool cancel_backup;
    bool stopping;
    struct store_stats stats;
};

/* Whether it changes nothing. */
bool request_reads(const struct request *request);

/* Does one request inside the batch's transaction, a reading one also without; the outcome is in
 * request->result. */
void execute(struct store *store, struct request *request);

/* The store thread: commits batches until stopping and the queue is empty. arg is the store. */
void thread_main(void *arg);

/* Frees what a result holds, and makes it a failure where err is not NULL. */
void result_clear(struct store_result *result, const struct err *err);

void request_free(struct request *request);

/* Called on the loop when a request has been handed back: frees what is left of a closed store when no
 * other is on its way. */
void store_release(struct store *store);

#endif
