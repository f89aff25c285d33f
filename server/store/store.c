/* The life of the store: open, start, close. Surprising: store_close ends the thread and the file, but
 * the struct lives on until the last completion has been delivered from the mailbox. */
#include "server/store/store.h"

#include "server/store/request.h"

#include <stdlib.h>
#include <string.h>

#define STORE_QUEUE_MAX 65536
#define STORE_QUEUE_BYTES_MAX ((size_t)256 << 20)
#define STORE_CHECKPOINTS_KEPT 4

static struct store_options with_defaults(const struct store_options *options)
{
    struct store_options full = *options;

    full.path = NULL; /* the caller's; db has a copy */
    if (!full.queue_max)
        full.queue_max = STORE_QUEUE_MAX;
    if (!full.queue_bytes_max)
        full.queue_bytes_max = STORE_QUEUE_BYTES_MAX;
    if (!full.checkpoints_kept)
        full.checkpoints_kept = STORE_CHECKPOINTS_KEPT;
    return full;
}

static int init_locks(struct store *store, struct err *err)
{
    if (uv_mutex_init(&store->mutex) != 0)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (uv_cond_init(&store->wake) != 0) {
        uv_mutex_destroy(&store->mutex);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    return 0;
}

static int read_tail(struct store *store, struct err *err)
{
    points_init(&store->points, store->db);
    if (tail_fresh(store->db, &store->points.tail, err) == 0)
        return 0;
    points_done(&store->points);
    return -1;
}

int store_open(const struct store_options *options, struct mailbox *mailbox, struct store **ret,
               struct err *err)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    store->mailbox = mailbox;
    store->options = with_defaults(options);
    store->end = &store->head;
    atomic_init(&store->result_bytes, 0);
    atomic_init(&store->notes_n, 0);
    background_init(&store->background);
    health_init(&store->health);
    if (db_open(options->path, &store->db, err) < 0)
        goto fail;
    if (read_tail(store, err) < 0)
        goto fail;
    if (init_locks(store, err) < 0) {
        points_done(&store->points);
        goto fail;
    }
    *ret = store;
    return 0;
fail:
    db_close(store->db);
    free(store);
    return -1;
}

int store_start(struct store *store, struct err *err)
{
    int code = uv_thread_create(&store->thread, thread_main, store);

    if (code != 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot start the store's thread: %s",
                       uv_strerror(code));
    store->started = true;
    return 0;
}

void store_watch_points(struct store *store, void (*changed)(void *ctx, int64_t key, uint64_t point_n),
                        void *ctx)
{
    store->changed = changed;
    store->changed_ctx = ctx;
}

void store_release(struct store *store)
{
    if (!store->closed || store->waiting_n || atomic_load(&store->notes_n))
        return;
    uv_cond_destroy(&store->wake);
    uv_mutex_destroy(&store->mutex);
    free(store);
}

/* Without a thread the queue is worked off here. */
void store_close(struct store *store)
{
    if (!store)
        return;
    uv_mutex_lock(&store->mutex);
    store->stopping = true;
    uv_cond_signal(&store->wake);
    uv_mutex_unlock(&store->mutex);
    if (store->started)
        uv_thread_join(&store->thread);
    else
        thread_main(store);
    points_done(&store->points);
    db_close(store->db);
    store->db = NULL;
    store->closed = true;
    store_release(store);
}

void store_stats(struct store *store, struct store_stats *ret)
{
    uv_mutex_lock(&store->mutex);
    *ret = store->stats;
    ret->failing = store->health.err.code != ERR_NONE;
    ret->failings = store->health.failings;
    uv_mutex_unlock(&store->mutex);
    if (store->db)
        damage_count(store->db->damage, &ret->damage);
    ret->file_bytes = store->db ? db_file_bytes(store->db, &ret->wal_bytes) : 0;
    ret->queue_n = store->waiting_n;
    ret->queue_bytes = store->waiting_bytes + atomic_load(&store->result_bytes);
    ret->backing_up = store->backing_up;
}

size_t store_damage(struct store *store, size_t from, struct store_damage *ret, size_t max)
{
    return store->db ? damage_copy(store->db->damage, from, ret, max) : 0;
}

size_t store_damaged_points(struct store *store, int64_t key, int64_t start, int64_t end,
                            struct store_damage *ret, size_t max)
{
    return store->db ? damage_points(store->db->damage, key, start, end, ret, max) : 0;
}

uint64_t store_damaged_n(struct store *store, int64_t key)
{
    return store->db ? damage_points_n(store->db->damage, key) : 0;
}
