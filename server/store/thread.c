/* Group commit. Knows batches; refuses to know what is in a request. Surprising: a batch takes requests
 * one by one while it works, so that what arrives meanwhile is in the same commit. */
#include "server/base/clock.h"
#include "server/store/request.h"

#include <stdlib.h>

/* Bounds of one transaction: they keep the WAL small and completions coming. */
#define BATCH_REQUESTS_MAX 4096
#define BATCH_BYTES_MAX ((size_t)16 << 20)

struct batch {
    struct request *head, **end;
    size_t n, bytes;
    bool lost; /* the transaction is gone and with it everything in the batch; err says why */
    struct err err;
};

static bool batch_is_full(const struct batch *batch)
{
    return batch->lost || batch->n >= BATCH_REQUESTS_MAX || batch->bytes >= BATCH_BYTES_MAX;
}

/* Moves the oldest queued request to the batch; NULL when the queue is empty or the batch full. */
static struct request *take(struct store *store, struct batch *batch)
{
    if (batch_is_full(batch))
        return NULL;
    uv_mutex_lock(&store->mutex);
    struct request *request = store->head;
    if (request) {
        store->head = request->next;
        if (!store->head)
            store->end = &store->head;
    }
    uv_mutex_unlock(&store->mutex);
    if (!request)
        return NULL;
    request->next = NULL;
    *batch->end = request;
    batch->end = &request->next;
    batch->n++;
    return request;
}

static void fail_result(struct request *request, const struct err *err)
{
    result_clear(&request->result, err);
    request->changed = 0;
}

/* What a reading request saw may be of the transaction that is gone: it reads again, without one. */
static void read_again(struct store *store, struct request *request)
{
    atomic_fetch_sub_explicit(&store->result_bytes, request->result_bytes, memory_order_relaxed);
    request->result_bytes = 0;
    result_clear(&request->result, NULL);
    execute(store, request);
}

static void batch_lose(struct store *store, struct batch *batch, const struct err *err)
{
    batch->lost = true;
    batch->err = *err;
    points_lost(&store->points);
    for (struct request *request = batch->head; request; request = request->next) {
        if (request_reads(request))
            read_again(store, request);
        else if (request->result.err.code == ERR_NONE)
            fail_result(request, err);
    }
}

static void batch_execute(struct store *store, struct batch *batch)
{
    struct request *request;

    while ((request = take(store, batch))) {
        execute(store, request);
        batch->bytes += request->bytes + request->result_bytes;
        health_failed(store, &request->result.err);
        if (!db_in_transaction(store->db)) {
            struct err err = request->result.err;
            batch_lose(store, batch, &err);
        }
    }
}

static bool batch_writes(const struct batch *batch)
{
    for (const struct request *request = batch->head; request; request = request->next)
        if (!request_reads(request))
            return true;
    return false;
}

/* In files that have lost their names nothing is durable, whatever SQLite says: looked at before the commit,
 * so that what is refused is not there either, and again behind it, because it may just have happened. */
static void batch_commit(struct store *store, struct batch *batch)
{
    bool writes = batch_writes(batch);
    struct err err;

    if (batch->lost)
        return;
    if ((!writes || db_in_place(store->db, &err) == 0) && db_run(store->db, SQL_COMMIT, &err, "") == 0 &&
        (!writes || db_in_place(store->db, &err) == 0))
        return;
    db_rollback(store->db);
    health_bury(store);
    batch_lose(store, batch, &err);
}

/* Without a transaction every waiting write fails, rather than waiting for better days. */
static void batch_refuse(struct store *store, struct batch *batch, const struct err *err)
{
    struct request *request;

    batch->err = *err;
    while ((request = take(store, batch))) {
        if (request_reads(request))
            execute(store, request);
        else
            fail_result(request, err);
    }
    batch->lost = true;
}

static void batch_count(struct store *store, const struct batch *batch, uint64_t commit_ns)
{
    struct store_stats *stats = &store->stats;

    uv_mutex_lock(&store->mutex);
    stats->commits += !batch->lost;
    stats->commit_ns_total += commit_ns;
    stats->requests += batch->n;
    for (const struct request *request = batch->head; request; request = request->next) {
        stats->points_written += request->changed;
        stats->failures += request->result.err.code != ERR_NONE;
    }
    uv_mutex_unlock(&store->mutex);
}

/* All at once: the loop is woken once. */
static void batch_post(struct store *store, struct batch *batch)
{
    struct message *newest = NULL;

    for (struct request *request = batch->head; request; request = request->next) {
        request->message.next = newest;
        newest = &request->message;
    }
    if (newest)
        mailbox_post_chain(store->mailbox, newest, &batch->head->message);
}

/* Returns whether the store could commit. */
static bool batch_run(struct store *store)
{
    struct batch batch = {.end = &batch.head};
    uint64_t started = clock_mono_ns();
    struct err err;

    if (db_run(store->db, SQL_BEGIN, &err, "") < 0) {
        batch_refuse(store, &batch, &err);
    } else {
        batch_execute(store, &batch);
        batch_commit(store, &batch);
    }
    if (batch.lost)
        health_failed(store, &batch.err);
    else
        health_committed(store);
    batch_count(store, &batch, clock_mono_ns() - started);
    batch_post(store, &batch);
    return !batch.lost;
}

enum work { WORK_BATCH, WORK_BACKGROUND, WORK_STOP };

/* Time is looked at only while nothing else is there to do. */
static enum work wait_for_work(struct store *store)
{
    uint64_t wait_ns;

    uv_mutex_lock(&store->mutex);
    while (!store->head && !store->stopping && !background_due(store) &&
           (wait_ns = health_wait_ns(store)) > 0)
        uv_cond_timedwait(&store->wake, &store->mutex, wait_ns);
    enum work work = store->head ? WORK_BATCH : store->stopping ? WORK_STOP : WORK_BACKGROUND;
    uv_mutex_unlock(&store->mutex);
    return work;
}

/* A step in the background follows every batch, so that neither keeps the other waiting. */
void thread_main(void *arg)
{
    struct store *store = arg;

    for (;;) {
        enum work work = wait_for_work(store);
        if (work == WORK_STOP)
            break;
        if (work == WORK_BATCH)
            store->background.may_settle = batch_run(store);
        background_step(store);
        health_step(store);
    }
    background_stop(store);
}
