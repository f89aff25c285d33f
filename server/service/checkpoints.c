/* The models that a series had: shown, and made to answer again. Surprising: a restored checkpoint becomes a
 * new, newer version, so that versions only grow, every answer's ETag changes, and boot's rule (the newest
 * that can be read answers) needs no exception. */
#include "server/service/parts.h"

#include "core/checkpoint.h"
#include "server/base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OBSTACLE_MAX 240

enum trm_status checkpoint_decode(const struct store_checkpoint *checkpoint, struct trm_model **ret)
{
    return checkpoint->bytes ? trm_checkpoint_decode(checkpoint->bytes, checkpoint->n, ret)
                             : TRM_ECORRUPT;
}

/* Where the model's fit ended: behind as many observed values as it saw. Only while memory has all
 * of them. */
static int64_t end_of_fit(const struct entry *entry)
{
    size_t left = trm_model_info(model_ref_get(entry->model))->trained_n;
    struct window_view view = window_view(&entry->recent);

    if (entry->recent.n >= TRM_CONTEXT_MAX)
        return ENTRY_END_UNKNOWN;
    for (size_t i = 0; i < view.n; i++)
        if (!isnan(view.values[i]) && --left == 0)
            return view.first_step + (int64_t)i + 1;
    return ENTRY_END_UNKNOWN;
}

void entry_take_model(struct service *service, struct entry *entry, struct model_ref *model,
                      uint64_t version, int64_t at)
{
    service->model_n += entry->model == NULL;
    model_ref_unref(entry->model);
    entry->model = model;
    entry->model_version = version;
    if (version > entry->version_seen)
        entry->version_seen = version;
    entry->model_at = at;
    entry->model_end = end_of_fit(entry);
}

/* ---- whether it could answer ---- */

static void words_for_status(enum trm_status status, char *ret)
{
    snprintf(ret, OBSTACLE_MAX, "%s",
             status == TRM_EVERSION ? "its format is of another version of this program"
                                    : "its bytes are damaged");
}

/* "" where it could answer for the series as it is set now. */
static void words_for_model(const struct service *service, const struct entry *entry,
                            const struct trm_model_info *info, char *ret)
{
    uint64_t identity = service_base(service)->identity;

    ret[0] = '\0';
    if (info->config.kind != entry->settings.model)
        snprintf(ret, OBSTACLE_MAX, "it is of the kind \"%s\", and the series' settings say \"%s\"",
                 trm_kind_name(info->config.kind), trm_kind_name(entry->settings.model));
    else if (info->config.kind == TRM_KIND_TRM && info->base_identity != identity)
        snprintf(ret, OBSTACLE_MAX,
                 "it is a record of the shared weights %016" PRIx64 ", and those in use are %016" PRIx64,
                 info->base_identity, identity);
    else if (config_has_other_seasons(entry, &info->config))
        snprintf(ret, OBSTACLE_MAX, "its season is %u, and the series' settings name another",
                 info->config.season);
}

/* ---- the list ---- */

struct listing {
    struct service *service;
    int64_t key;
    checkpoints_done done;
    void *ctx;
};

/* One row as shown. The model is the caller's. */
static enum trm_status show(const struct service *service, const struct entry *entry,
                            const struct store_checkpoint *row, struct checkpoint_view *ret,
                            char *words, struct trm_model **ret_model)
{
    enum trm_status status = checkpoint_decode(row, ret_model);
    bool current = row->version == entry->model_version;

    *ret = (struct checkpoint_view){.version = row->version,
                                    .created_at = row->created_at,
                                    .bytes = row->stored_n,
                                    .obstacle = words};
    if (status == TRM_OK) {
        ret->model = trm_model_info(*ret_model);
        ret->answers = current && entry_model(service, entry) != NULL;
        words_for_model(service, entry, ret->model, words);
    } else {
        words_for_status(status, words);
    }
    return status == TRM_ECORRUPT || status == TRM_EVERSION ? TRM_OK : status;
}

/* What one view points into. */
struct shown {
    struct trm_model *model;
    char words[OBSTACLE_MAX];
};

static int show_all(const struct service *service, const struct entry *entry,
                    const struct store_result *rows, struct checkpoint_view *views,
                    struct shown *shown, struct err *err)
{
    for (size_t i = 0; i < rows->checkpoints_n; i++) {
        enum trm_status status = show(service, entry, &rows->checkpoints[i], &views[i], shown[i].words,
                                      &shown[i].model);
        if (status != TRM_OK)
            return err_from_status(err, status);
    }
    return 0;
}

static void tell_list(struct listing *listing, const struct entry *entry,
                      const struct store_result *rows)
{
    size_t n = rows->checkpoints_n;
    struct checkpoint_view *views = calloc(n + 1, sizeof *views);
    struct shown *shown = calloc(n + 1, sizeof *shown);
    struct err err;

    if (!views || !shown)
        err_set(&err, ERR_NO_MEMORY, "out of memory");
    if (!views || !shown || show_all(listing->service, entry, rows, views, shown, &err))
        listing->done(listing->ctx, &err, NULL, 0);
    else
        listing->done(listing->ctx, NULL, views, n);
    for (size_t i = 0; shown && i < n; i++)
        trm_model_free(shown[i].model);
    free(views);
    free(shown);
}

static void were_listed(void *ctx, struct store_result *result)
{
    struct listing *listing = ctx;
    struct entry *entry = registry_by_key(listing->service->registry, listing->key);
    struct err err = result->err;

    store_ended(listing->service, result);
    if (err.code == ERR_NONE && !entry)
        err_set(&err, ERR_NOT_FOUND, "the series was deleted meanwhile");
    if (err.code == ERR_NONE)
        tell_list(listing, entry, result);
    else
        listing->done(listing->ctx, &err, NULL, 0);
    free(listing);
}

int service_list_checkpoints(struct service *service, const char *id, checkpoints_done done, void *ctx,
                             struct err *err)
{
    struct entry *entry = find_series(service, id, err);

    if (!entry || check_open(service, err))
        return -1;
    struct listing *listing = malloc(sizeof *listing);
    if (!listing)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *listing = (struct listing){service, entry->key, done, ctx};
    if (store_read_checkpoints(service->store, entry->key, 0, were_listed, listing, err)) {
        free(listing);
        return -1;
    }
    store_began(service);
    return 0;
}

/* ---- back to one of them ---- */

struct restore {
    struct service *service;
    int64_t key;
    uint64_t version;
    plain_done done;
    void *ctx;
    /* Once it has been read: */
    struct model_ref *model;
    uint64_t new_version;
    int64_t at;
};

/* err NULL: it has worked. */
static void restore_end(struct restore *restore, const struct err *err)
{
    struct entry *entry = registry_by_key(restore->service->registry, restore->key);

    if (entry)
        entry->restoring = false;
    restore->done(restore->ctx, err);
    model_ref_unref(restore->model);
    free(restore);
}

/* The settings or the shared weights may have changed while it was stored: then it is fitted anew, like any
 * other model that may not answer. */
static void stored_again(void *ctx, struct store_result *result)
{
    struct restore *restore = ctx;
    struct service *service = restore->service;
    struct entry *entry = registry_by_key(service->registry, restore->key);

    store_ended(service, result);
    if (result->err.code != ERR_NONE || !entry) {
        if (result->err.code == ERR_NONE)
            err_set(&result->err, ERR_NOT_FOUND, "the series was deleted meanwhile");
        restore_end(restore, &result->err);
        return;
    }
    entry_take_model(service, entry, restore->model, restore->new_version, restore->at);
    restore->model = NULL;
    entry->new_points = 0;
    entry->fit_failures = entry->fits_refused = 0;
    restore_end(restore, NULL);
    if (!entry_model(service, entry))
        fit_consider(service, entry);
}

static int refuse_restore(const struct restore *restore, const char *why, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "version %" PRIu64 " cannot be restored: %s", restore->version, why);
}

/* Decodes it and holds it against the series as it is now. */
static int take_row(struct restore *restore, const struct entry *entry,
                    const struct store_checkpoint *row, struct err *err)
{
    char words[OBSTACLE_MAX];
    struct trm_model *model;
    enum trm_status status = checkpoint_decode(row, &model);

    if (status == TRM_ECORRUPT || status == TRM_EVERSION) {
        words_for_status(status, words);
        return refuse_restore(restore, words, err);
    }
    if (status != TRM_OK)
        return err_from_status(err, status);
    words_for_model(restore->service, entry, trm_model_info(model), words);
    if (words[0] != '\0')
        refuse_restore(restore, words, err);
    else if (!(restore->model = model_ref_new(model)))
        err_set(err, ERR_NO_MEMORY, "out of memory");
    if (restore->model)
        return 0;
    trm_model_free(model);
    return -1;
}

static int store_again(struct restore *restore, const struct entry *entry, struct store_checkpoint *row,
                       struct err *err)
{
    struct service *service = restore->service;
    void *bytes = (void *)row->bytes;

    row->bytes = NULL; /* the store's again, whatever it returns */
    restore->new_version = entry->version_seen + 1;
    restore->at = clock_wall_ms();
    if (store_put_checkpoint(service->store, restore->key, restore->new_version, restore->at, bytes,
                             row->n, stored_again, restore, err))
        return -1;
    store_began(service);
    return 0;
}

static void was_read(void *ctx, struct store_result *result)
{
    struct restore *restore = ctx;
    struct entry *entry = registry_by_key(restore->service->registry, restore->key);
    struct err *err = &result->err;

    store_ended(restore->service, result);
    if (err->code == ERR_NONE && (!entry || entry->deleting))
        err_set(err, ERR_NOT_FOUND, "the series was deleted meanwhile");
    else if (err->code == ERR_NONE && result->checkpoints_n == 0)
        err_set(err, ERR_NOT_FOUND,
                "no checkpoint of version %" PRIu64 " is kept, only the newest few are", restore->version);
    if (err->code != ERR_NONE || take_row(restore, entry, &result->checkpoints[0], err) ||
        store_again(restore, entry, &result->checkpoints[0], err))
        restore_end(restore, err);
}

static int check_free(const struct entry *entry, struct err *err)
{
    if (entry->job)
        return err_set(err, ERR_CONFLICT,
                       "a fit of this series is under way: wait for its end, or cancel its job");
    if (entry->restoring)
        return err_set(err, ERR_CONFLICT, "another checkpoint is being restored");
    return 0;
}

int service_restore_checkpoint(struct service *service, const char *id, uint64_t version,
                               plain_done done, void *ctx, struct err *err)
{
    struct entry *entry = find_writable(service, id, err);

    if (!entry || check_free(entry, err))
        return -1;
    struct restore *restore = calloc(1, sizeof *restore);
    if (!restore)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *restore = (struct restore){
        .service = service, .key = entry->key, .version = version, .done = done, .ctx = ctx};
    if (store_read_checkpoints(service->store, entry->key, version, was_read, restore, err)) {
        free(restore);
        return -1;
    }
    store_began(service);
    entry->restoring = true;
    return 0;
}
