/* See background.h. When a step of settling has failed the next waits for a commit that works: a full disk
 * must not make us spin. */
#include "server/store/backup.h"
#include "server/store/request.h"

#include <stdlib.h>

void background_init(struct background *background)
{
    *background = (struct background){.may_settle = true};
}

/* ---- settling ---- */

/* News for the loop: how many points some series have now. */
struct note {
    struct message message; /* first */
    struct store *store;
    struct points_settled settled;
};

static void deliver_note(struct message *message)
{
    struct note *note = (struct note *)message;
    struct store *store = note->store;

    for (size_t i = 0; i < note->settled.n; i++)
        store->changed(store->changed_ctx, note->settled.series[i].key, note->settled.series[i].point_n);
    free(note);
    uv_mutex_lock(&store->mutex); /* the thread may be waiting for just this */
    atomic_fetch_sub(&store->notes_n, 1);
    uv_cond_signal(&store->wake);
    uv_mutex_unlock(&store->mutex);
    store_release(store);
}

/* The note is made first, so that nothing is changed that could not be told. */
static bool settle(struct store *store)
{
    struct note *note = calloc(1, sizeof(*note));
    struct err err;

    if (!note)
        return false;
    if (points_settle(&store->points, &note->settled, &err) < 0) {
        health_failed(store, &err);
        free(note);
        return false;
    }
    if (note->settled.n == 0 || !store->changed) {
        free(note);
        return true;
    }
    note->message.deliver = deliver_note;
    note->store = store;
    atomic_fetch_add(&store->notes_n, 1);
    mailbox_post(store->mailbox, &note->message);
    return true;
}

static bool settling_due(const struct store *store)
{
    return store->background.may_settle && points_due(&store->points) &&
           atomic_load(&store->notes_n) < BACKGROUND_NOTES_MAX;
}

/* ---- a backup ---- */

static void backup_end(struct store *store, const struct err *err)
{
    struct background *background = &store->background;
    struct request *request = background->request;

    backup_free(background->backup);
    background->backup = NULL;
    background->request = NULL;
    if (err)
        result_clear(&request->result, err);
    uv_mutex_lock(&store->mutex);
    store->stats.backups += !err;
    store->stats.failures += err != NULL;
    uv_mutex_unlock(&store->mutex);
    mailbox_post(store->mailbox, &request->message);
}

/* Takes the request out of its slot. Returns whether the backup under way has been cancelled. */
static bool take_backup(struct store *store)
{
    uv_mutex_lock(&store->mutex);
    if (store->backup) {
        store->background.request = store->backup;
        store->backup = NULL;
    }
    bool cancelled = store->background.request && store->cancel_backup;
    uv_mutex_unlock(&store->mutex);
    return cancelled;
}

static int advance(struct store *store, struct request *request, struct err *err)
{
    struct backup **backup = &store->background.backup;

    if (!*backup)
        return backup_begin(store->db, request->text, request->name, backup, err) < 0 ? -1 : 1;
    return backup_step(*backup, &request->result.backup, err);
}

static void back_up(struct store *store)
{
    bool cancelled = take_backup(store);
    struct request *request = store->background.request;
    struct err err;

    if (!request)
        return;
    if (cancelled)
        err_set(&err, ERR_UNAVAILABLE, "the backup was given up: the daemon is stopping");
    int more = cancelled ? -1 : advance(store, request, &err);
    if (more <= 0)
        backup_end(store, more < 0 ? &err : NULL);
}

/* ---- both ---- */

bool background_due(const struct store *store)
{
    return settling_due(store) || store->backup || store->background.request;
}

void background_step(struct store *store)
{
    if (settling_due(store))
        store->background.may_settle = settle(store);
    back_up(store);
}

void background_stop(struct store *store)
{
    store_cancel_backup(store);
    back_up(store);
}
