/* Gathering, sending in slices, counting what comes back. See ingest.h. */
#include "server/service/ingest.h"

#include "server/base/clock.h"
#include "server/registry/map.h"
#include "server/service/ingest_sort.h"
#include "server/service/parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Time of one slice, and after how many series it is looked at. */
#define SLICE_NS 1000000
#define SLICE_LOOK 8

struct item {
    struct ingest *ingest;
    char *id; /* NUL-terminated, malloc */
    size_t id_n, place;
    bool create, has_settings, counted; /* counted: among service->agent_coming_n */
    struct series_settings settings;
    struct point *points;
    size_t n, room;
    struct points_result told;
    struct err *err; /* NULL: taken, or not known yet */
};

struct ingest {
    struct message message; /* first: the next slice */
    struct service *service;
    size_t points_max, point_n;
    struct map by_id; /* id → struct item; the items do not move */
    struct item **items;
    size_t n, room;
    size_t coming_n;            /* series of agents that it may create */
    size_t sent_n, flying_n;    /* items handed over; of those not back yet */
    bool posted;                /* the message is on its way */
    ingest_done done;
    void *ctx;
    struct err no_memory; /* told where there is no memory for an error of its own */
};

static void post(struct ingest *ingest);

int ingest_new(struct service *service, size_t points_max, struct ingest **ret, struct err *err)
{
    struct siphash_key secret;
    struct ingest *ingest = calloc(1, sizeof *ingest);

    if (!ingest)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (getentropy(&secret, sizeof secret) < 0) {
        free(ingest);
        return err_set(err, ERR_INTERNAL, "no random numbers from the system");
    }
    ingest->service = service;
    ingest->points_max = points_max;
    map_init(&ingest->by_id, &secret);
    err_set(&ingest->no_memory, ERR_NO_MEMORY, "out of memory");
    *ret = ingest;
    return 0;
}

static void item_free(struct item *item, const struct ingest *ingest)
{
    if (!item)
        return;
    if (item->has_settings)
        series_settings_done(&item->settings);
    if (item->err != &ingest->no_memory)
        free(item->err);
    free(item->points);
    free(item->id);
    free(item);
}

void ingest_free(struct ingest *ingest)
{
    if (!ingest)
        return;
    ingest->service->agent_coming_n -= ingest->coming_n;
    for (size_t i = 0; i < ingest->n; i++)
        item_free(ingest->items[i], ingest);
    free(ingest->items);
    map_done(&ingest->by_id);
    free(ingest);
}

/* ---- gathering ---- */

static struct item *find(const struct ingest *ingest, const char *id, size_t id_n)
{
    return ingest->n ? map_get(&ingest->by_id, id, id_n) : NULL;
}

bool ingest_knows(const struct ingest *ingest, const char *id, size_t id_n)
{
    char text[SERIES_ID_MAX + 1];

    if (find(ingest, id, id_n))
        return true;
    if (id_n > SERIES_ID_MAX)
        return false;
    memcpy(text, id, id_n);
    text[id_n] = '\0';
    return registry_find(ingest->service->registry, text) != NULL;
}

bool ingest_has_room(const struct ingest *ingest)
{
    const struct service *service = ingest->service;
    size_t coming = service->agent_coming_n;

    return service->agent_n + coming < service->config->ingest_series_max &&
           registry_n(service->registry) + coming < service->config->series_max;
}

static struct item *item_new(const struct ingest_source *source)
{
    struct item *item = calloc(1, sizeof *item);

    if (!item)
        return NULL;
    item->id = strndup(source->id, source->id_n);
    item->id_n = source->id_n;
    item->place = source->place;
    item->create = source->create;
    item->has_settings = source->settings && series_settings_copy(source->settings, &item->settings);
    if (item->id && item->has_settings == (source->settings != NULL))
        return item;
    if (item->has_settings)
        series_settings_done(&item->settings);
    free(item->id);
    free(item);
    return NULL;
}

static bool items_reserve(struct ingest *ingest)
{
    if (ingest->n == ingest->room) {
        size_t room = ingest->room ? ingest->room * 2 : 64;
        struct item **items = reallocarray(ingest->items, room, sizeof *items);
        if (!items)
            return false;
        ingest->items = items;
        ingest->room = room;
    }
    return map_reserve(&ingest->by_id);
}

static struct item *item_add(struct ingest *ingest, const struct ingest_source *source, struct err *err)
{
    struct item *item = NULL;

    if (ingest->n >= INGEST_SERIES_MAX) {
        err_set(err, ERR_TOO_LARGE, "more than %d series, send them in several requests",
                INGEST_SERIES_MAX);
        return NULL;
    }
    if (!items_reserve(ingest) || !(item = item_new(source))) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    item->ingest = ingest;
    item->counted = item->has_settings;
    ingest->coming_n += item->counted;
    ingest->service->agent_coming_n += item->counted;
    ingest->items[ingest->n++] = item;
    map_put(&ingest->by_id, item->id, item->id_n, item);
    return item;
}

static int item_reserve(struct item *item, size_t n, struct err *err)
{
    if (item->room - item->n >= n)
        return 0;
    size_t room = item->n ? item->n * 2 : n;
    room = room < item->n + n ? item->n + n : room;
    struct point *points = reallocarray(item->points, room, sizeof *points);
    if (!points)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    item->points = points;
    item->room = room;
    return 0;
}

int ingest_add(struct ingest *ingest, const struct ingest_source *source, const struct point *points,
               size_t n, struct err *err)
{
    struct item *item = find(ingest, source->id, source->id_n);

    if (n > ingest->points_max - ingest->point_n)
        return err_set(err, ERR_TOO_LARGE, "more than %zu points, send them in several requests",
                       ingest->points_max);
    if ((!item && !(item = item_add(ingest, source, err))) || item_reserve(item, n, err))
        return -1;
    memcpy(item->points + item->n, points, n * sizeof *points);
    item->n += n;
    ingest->point_n += n;
    return 0;
}

/* ---- what became of it ---- */

size_t ingest_series_n(const struct ingest *ingest)
{
    return ingest->n;
}

struct ingest_outcome ingest_outcome(const struct ingest *ingest, size_t at)
{
    const struct item *item = ingest->items[at];

    return (struct ingest_outcome){
        .id = item->id, .place = item->place, .err = item->err, .told = item->told};
}

static void fail(struct item *item, const struct err *err)
{
    item->err = malloc(sizeof *item->err);
    if (!item->err) {
        item->err = &item->ingest->no_memory;
        return;
    }
    *item->err = *err;
    item->err->item = -1;
}

/* ---- writing ---- */

static void taken(void *ctx, const struct err *err, const struct points_result *result)
{
    struct item *item = ctx;
    struct ingest *ingest = item->ingest;

    if (err && err->code != ERR_NONE)
        fail(item, err);
    else
        item->told = *result;
    ingest->flying_n--;
    if (!ingest->posted && (ingest->sent_n < ingest->n || ingest->flying_n == 0))
        post(ingest);
}

/* The registry counts it from here on, or nobody does. */
static void uncount(struct item *item)
{
    item->ingest->coming_n -= item->counted;
    item->ingest->service->agent_coming_n -= item->counted;
    item->counted = false;
}

static void hand_over(struct item *item)
{
    struct ingest *ingest = item->ingest;
    struct point *points = item->points;
    struct err err;

    uncount(item);
    item->points = NULL;
    if (!ingest_sort(points, &item->n)) {
        free(points);
        fail(item, &ingest->no_memory);
    } else if (points_begin(ingest->service, item->id, points, item->n, item->create,
                            item->has_settings ? &item->settings : NULL, taken, item, &err)) {
        fail(item, &err);
    } else {
        ingest->flying_n++;
    }
}

static void slice(struct message *message)
{
    struct ingest *ingest = (struct ingest *)message;
    uint64_t until = clock_mono_ns() + SLICE_NS;

    ingest->posted = false;
    ingest->service->owed_n--;
    while (ingest->sent_n < ingest->n && ingest->flying_n < INGEST_FLYING_MAX) {
        hand_over(ingest->items[ingest->sent_n++]);
        if (ingest->sent_n % SLICE_LOOK == 0 && clock_mono_ns() > until)
            break;
    }
    if (ingest->sent_n < ingest->n) {
        if (ingest->flying_n < INGEST_FLYING_MAX) /* else: those that come back go on */
            post(ingest);
    } else if (ingest->flying_n == 0) {
        ingest->done(ingest->ctx, ingest);
    }
}

static void post(struct ingest *ingest)
{
    ingest->posted = true;
    ingest->service->owed_n++;
    ingest->message.deliver = slice;
    mailbox_post(ingest->service->mailbox, &ingest->message);
}

int ingest_begin(struct ingest *ingest, ingest_done done, void *ctx, struct err *err)
{
    if (check_open(ingest->service, err))
        return -1;
    ingest->done = done;
    ingest->ctx = ctx;
    post(ingest);
    return 0;
}
