/* See health.h. */
#include "server/base/clock.h"
#include "server/store/request.h"

#include <stdio.h>
#include <sys/statvfs.h>

#define MS_NS UINT64_C(1000000)

void health_init(struct health *health)
{
    *health = (struct health){.next_ns = 0};
}

/* ERR_STORAGE is damage in one place: it counts only for who has lost a whole transaction to it. */
static bool is_the_disks(enum err_code code)
{
    return code == ERR_NO_SPACE || code == ERR_UNAVAILABLE;
}

static bool is_failing(const struct store *store)
{
    return store->health.err.code != ERR_NONE;
}

static void set_err(struct store *store, const struct err *err)
{
    struct health *health = &store->health;

    uv_mutex_lock(&store->mutex);
    health->failings += !is_failing(store) && err->code != ERR_NONE;
    health->err = *err;
    uv_mutex_unlock(&store->mutex);
}

/* The first failure starts the clock; later ones leave it alone. */
static void fail(struct store *store, const struct err *err)
{
    struct health *health = &store->health;

    if (!is_failing(store)) {
        health->wait_ns = STORE_PROBE_FIRST_MS * MS_NS;
        health->next_ns = clock_mono_ns() + health->wait_ns;
    }
    set_err(store, err);
}

void health_failed(struct store *store, const struct err *err)
{
    if (is_the_disks(err->code))
        fail(store, err);
}

void health_committed(struct store *store)
{
    if (is_failing(store))
        store->health.next_ns = 0;
}

uint64_t health_wait_ns(const struct store *store)
{
    uint64_t now = clock_mono_ns();

    return store->health.next_ns > now ? store->health.next_ns - now : 0;
}

/* What can be seen without writing. */
static int look(struct store *store, struct err *err)
{
    struct statvfs fs;

    if (db_in_place(store->db, err) < 0)
        return -1;
    if (statvfs(store->db->path, &fs) < 0)
        return 0; /* the write will tell */
    if (fs.f_flag & ST_RDONLY)
        return err_set(err, ERR_UNAVAILABLE, "%s cannot be written: its file system is read-only",
                       store->db->path);
    bool was_full = store->health.err.code == ERR_NO_SPACE;
    if (was_full && (uint64_t)fs.f_bavail * fs.f_frsize < STORE_ROOM_BYTES)
        return err_set(err, ERR_NO_SPACE, "%s cannot grow: the disk is full", store->db->path);
    return 0;
}

/* Setting a number to what it is writes its page all the same. */
static int write_page(struct db *db, struct err *err)
{
    char text[64];
    int64_t version;

    if (db_run(db, SQL_BEGIN, err, "") < 0)
        return -1;
    int failed = db_user_version(db, &version, err);
    if (!failed) {
        snprintf(text, sizeof(text), "PRAGMA user_version=%lld", (long long)version);
        failed = db_exec(db, text, err);
    }
    if (!failed)
        failed = db_run(db, SQL_COMMIT, err, "");
    if (failed)
        db_rollback(db);
    return failed;
}

void health_bury(struct store *store)
{
    struct err err;

    int failed = write_page(store->db, &err);

    (void)failed; /* that is known already */
}

static void try_to_write(struct store *store)
{
    struct health *health = &store->health;
    struct err err = {.code = ERR_NONE, .item = -1};
    uint64_t most = STORE_PROBE_MAX_MS * MS_NS;

    if (look(store, &err) == 0 && write_page(store->db, &err) == 0 &&
        db_in_place(store->db, &err) == 0) {
        err = (struct err){.code = ERR_NONE, .item = -1};
        store->background.may_settle = true;
        health->wait_ns = STORE_LOOK_MS * MS_NS;
    } else {
        health->wait_ns = health->wait_ns * 2 < most ? health->wait_ns * 2 : most;
    }
    health->next_ns = clock_mono_ns() + health->wait_ns;
    set_err(store, &err);
}

void health_step(struct store *store)
{
    struct err err;

    if (health_wait_ns(store) > 0)
        return;
    if (is_failing(store)) {
        try_to_write(store);
        return;
    }
    store->health.next_ns = clock_mono_ns() + STORE_LOOK_MS * MS_NS;
    if (look(store, &err) < 0)
        fail(store, &err);
}

int store_ready(struct store *store, struct err *err)
{
    uv_mutex_lock(&store->mutex);
    struct err last = store->health.err;
    uv_mutex_unlock(&store->mutex);
    if (last.code == ERR_NONE)
        return 0;
    return err_set(err, ERR_UNAVAILABLE, "writes cannot be made durable: %s", last.msg);
}
