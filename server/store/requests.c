/* The loop's side of the store: making requests, queueing them within limits, handing back results.
 * Surprising: what is handed over (points, bytes) is freed by whoever fails, so that a caller has one
 * rule: after the call it is gone. */
#include "server/store/request.h"
#include "server/store/sorted.h"

#include <stdlib.h>
#include <string.h>

static void series_free(struct store_series *series)
{
    if (series)
        series_settings_done(&series->settings);
    free(series);
}

static void job_free(struct job_row *job)
{
    if (!job)
        return;
    free(job->request);
    free(job->result);
    free(job);
}

void result_clear(struct store_result *result, const struct err *err)
{
    free(result->points);
    free(result->said);
    for (size_t i = 0; i < result->checkpoints_n; i++)
        free((void *)result->checkpoints[i].bytes);
    free(result->checkpoints);
    *result = (struct store_result){.err = {.item = -1}};
    if (err)
        result->err = *err;
}

void request_free(struct request *request)
{
    if (!request)
        return;
    series_free(request->series);
    job_free(request->job);
    free(request->points);
    free(request->blob);
    free(request->text);
    free(request->name);
    result_clear(&request->result, NULL);
    free(request);
}

static void deliver(struct message *message)
{
    struct request *request = (struct request *)message;
    struct store *store = request->store;

    store->waiting_n--;
    store->waiting_bytes -= request->bytes;
    store->backing_up = store->backing_up && request->kind != REQUEST_BACKUP;
    atomic_fetch_sub_explicit(&store->result_bytes, request->result_bytes, memory_order_relaxed);
    if (request->done)
        request->done(request->ctx, &request->result);
    request_free(request);
    store_release(store);
}

static struct request *request_new(struct store *store, enum request_kind kind, int64_t key,
                                   store_done done, void *ctx, struct err *err)
{
    struct request *request = calloc(1, sizeof(*request));

    if (!request) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    request->message.deliver = deliver;
    request->store = store;
    request->kind = kind;
    request->key = key;
    request->done = done;
    request->ctx = ctx;
    return request;
}

static int check_limits(struct store *store, size_t bytes, struct err *err)
{
    size_t results = atomic_load_explicit(&store->result_bytes, memory_order_relaxed);
    size_t held = store->waiting_bytes + results, max = store->options.queue_bytes_max;

    if (store->waiting_n >= store->options.queue_max)
        return err_set(err, ERR_BUSY, "%zu writes and reads are waiting for the disk: try again later",
                       store->waiting_n);
    if (held >= max || bytes > max - held)
        return err_set(err, ERR_BUSY, "%zu bytes are waiting for the disk: try again later", held);
    return 0;
}

/* Takes over the request, also on failure. */
static int enqueue(struct store *store, struct request *request, struct err *err)
{
    if (check_limits(store, request->bytes, err) < 0) {
        request_free(request);
        return -1;
    }
    store->waiting_n++;
    store->waiting_bytes += request->bytes;
    uv_mutex_lock(&store->mutex);
    *store->end = request;
    store->end = &request->next;
    uv_cond_signal(&store->wake);
    uv_mutex_unlock(&store->mutex);
    return 0;
}

static struct store_series *series_copy(const struct store_series *series, struct err *err)
{
    struct store_series *copy = malloc(sizeof(*copy));

    if (copy) {
        *copy = *series;
        if (series_settings_copy(&series->settings, &copy->settings))
            return copy;
        free(copy);
    }
    err_set(err, ERR_NO_MEMORY, "out of memory");
    return NULL;
}

static size_t series_bytes(const struct store_series *series)
{
    return sizeof(*series) + series->settings.label_n * sizeof(struct series_label);
}

int store_put_series(struct store *store, const struct store_series *series, store_done done,
                     void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_PUT_SERIES, series->key, done, ctx, err);

    if (!request)
        return -1;
    if (!(request->series = series_copy(series, err))) {
        request_free(request);
        return -1;
    }
    request->bytes = series_bytes(series);
    return enqueue(store, request, err);
}

int store_delete_series(struct store *store, int64_t key, store_done done, void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_DELETE_SERIES, key, done, ctx, err);

    return request ? enqueue(store, request, err) : -1;
}

int store_read_points(struct store *store, int64_t key, int64_t start, int64_t end, size_t limit,
                      store_done done, void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_READ_POINTS, key, done, ctx, err);

    if (!request)
        return -1;
    request->start = start;
    request->end = end;
    request->limit = limit;
    return enqueue(store, request, err);
}

/* Copies a text that may be absent. False when out of memory. */
static bool text_copy(const char *from, char **ret)
{
    *ret = from ? strdup(from) : NULL;
    return !from || *ret;
}

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static struct job_row *job_copy(const struct job_row *job)
{
    struct job_row *copy = malloc(sizeof(*copy));

    if (!copy)
        return NULL;
    *copy = *job;
    copy->request = copy->result = NULL;
    if (text_copy(job->request, &copy->request) && text_copy(job->result, &copy->result))
        return copy;
    job_free(copy);
    return NULL;
}

int store_put_job(struct store *store, const struct job_row *job, store_done done, void *ctx,
                  struct err *err)
{
    struct request *request = request_new(store, REQUEST_PUT_JOB, job->series_key, done, ctx, err);

    if (!request)
        return -1;
    if (!(request->job = job_copy(job))) {
        request_free(request);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    request->bytes = sizeof(*job) + text_bytes(job->request) + text_bytes(job->result);
    return enqueue(store, request, err);
}

int store_put_checkpoint(struct store *store, int64_t key, uint64_t version, int64_t created_at,
                         void *bytes, size_t n, store_done done, void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_PUT_CHECKPOINT, key, done, ctx, err);

    if (!request) {
        free(bytes);
        return -1;
    }
    request->version = version;
    request->created_at = created_at;
    request->blob = bytes;
    request->n = request->bytes = n;
    return enqueue(store, request, err);
}

int store_read_checkpoints(struct store *store, int64_t key, uint64_t version, store_done done,
                           void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_READ_CHECKPOINTS, key, done, ctx, err);

    if (!request)
        return -1;
    request->version = version;
    return enqueue(store, request, err);
}

int store_put_weights(struct store *store, const struct store_weights *weights, void *bytes,
                      store_done done, void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_PUT_WEIGHTS, 0, done, ctx, err);

    if (!request) {
        free(bytes);
        return -1;
    }
    request->blob = bytes;
    if (!(request->text = strdup(weights->report))) {
        request_free(request);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    request->version = weights->version;
    request->created_at = weights->created_at;
    request->origin = weights->origin;
    request->marked = weights->points;
    request->n = request->bytes = weights->n;
    return enqueue(store, request, err);
}

int store_put_said(struct store *store, int64_t key, int64_t origin, void *bytes, size_t n,
                   store_done done, void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_PUT_SAID, key, done, ctx, err);

    if (!request) {
        free(bytes);
        return -1;
    }
    request->origin_step = origin;
    request->blob = bytes;
    request->n = request->bytes = n;
    return enqueue(store, request, err);
}

int store_drop_said(struct store *store, int64_t key, store_done done, void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_DROP_SAID, key, done, ctx, err);

    return request ? enqueue(store, request, err) : -1;
}

int store_read_said(struct store *store, int64_t key, int64_t from, int64_t until, store_done done,
                    void *ctx, struct err *err)
{
    struct request *request = request_new(store, REQUEST_READ_SAID, key, done, ctx, err);

    if (!request)
        return -1;
    request->start = from;
    request->end = until;
    return enqueue(store, request, err);
}

/* Chunks, sums of times and cursors rely on this. */
static int check_points(const struct point *points, size_t n, struct err *err)
{
    size_t at;

    if (n == 0)
        return err_set(err, ERR_INVALID, "no points");
    if (!sorted_check(points, n, &at)) {
        err_set(err, ERR_INVALID, "times must increase");
        return err_item(err, at);
    }
    if (points[0].t < TRM_TIME_MIN || points[n - 1].t > TRM_TIME_MAX) {
        err_set(err, ERR_INVALID, "times must lie in the years 1 to 9999");
        return err_item(err, points[0].t < TRM_TIME_MIN ? 0 : n - 1);
    }
    return 0;
}

static struct request *put_points_new(struct store *store, int64_t key, const struct point *points,
                                      size_t n, const struct store_series *create, store_done done,
                                      void *ctx, struct err *err)
{
    if (check_points(points, n, err) < 0)
        return NULL;
    struct request *request = request_new(store, REQUEST_PUT_POINTS, key, done, ctx, err);
    if (!request || !create)
        return request;
    if ((request->series = series_copy(create, err)))
        return request;
    request_free(request);
    return NULL;
}

int store_put_points(struct store *store, int64_t key, struct point *points, size_t n,
                     const struct store_series *create, const struct trm_grid *grid, store_done done,
                     void *ctx, struct err *err)
{
    struct request *request = put_points_new(store, key, points, n, create, done, ctx, err);

    if (!request) {
        free(points);
        return -1;
    }
    request->points = points;
    request->n = n;
    request->bytes = n * sizeof(*points) + (create ? series_bytes(create) : 0);
    if (grid) {
        request->has_grid = true;
        request->grid = *grid;
    }
    return enqueue(store, request, err);
}

static void hand_to_thread(struct store *store, struct request *request)
{
    store->waiting_n++;
    store->backing_up = true;
    uv_mutex_lock(&store->mutex);
    store->backup = request;
    store->cancel_backup = false;
    uv_cond_signal(&store->wake);
    uv_mutex_unlock(&store->mutex);
}

int store_backup(struct store *store, const char *dir, const char *name, store_done done, void *ctx,
                 struct err *err)
{
    if (store->backing_up)
        return err_set(err, ERR_BUSY, "a backup is under way, and one at a time is made");
    struct request *request = request_new(store, REQUEST_BACKUP, 0, done, ctx, err);
    if (!request)
        return -1;
    request->text = strdup(dir);
    request->name = strdup(name);
    if (!request->text || !request->name) {
        request_free(request);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    hand_to_thread(store, request);
    return 0;
}

void store_cancel_backup(struct store *store)
{
    uv_mutex_lock(&store->mutex);
    store->cancel_backup = true;
    uv_cond_signal(&store->wake);
    uv_mutex_unlock(&store->mutex);
}
