/* Pieces of a body: unfolded, counted, collected or read as points. See body.h. */
#include "server/http/body.h"

#include "server/http/inflater.h"
#include "server/service/ingest.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 2048
/* A body may unfold to this much whatever came, and to so many times of what came beyond: so a bomb costs the
 * loop some ms, not a hundred. */
#define UNFOLD_FREE ((size_t)1 << 20)
#define UNFOLD_RATIO 100

static enum points_format points_format_of(unsigned media)
{
    if (media == MEDIA_CSV)
        return POINTS_CSV;
    return media == MEDIA_NDJSON ? POINTS_NDJSON : POINTS_JSON;
}

static int take_series(void *ctx, const char *id, size_t id_n, size_t at, const struct point *points,
                       size_t n, struct err *err)
{
    struct body *body = ctx;
    struct ingest_source source = {.id = id, .id_n = id_n, .place = at, .create = body->create};
    return ingest_add(body->ingest, &source, points, n, err);
}

static int begin_batch(struct body *body, enum batch_format format, size_t points_max, struct err *err)
{
    body->format = format;
    return batch_reader_new(format, points_max, take_series, body, &body->batch, err);
}

int body_begin(struct body *body, enum body_mode mode, unsigned media, enum coding coding,
               size_t max, size_t points_max, struct err *err)
{
    body->mode = mode;
    body->max = max;
    body->weighed = mode == BODY_BUFFER && media == MEDIA_JSON;
    if (coding != CODING_IDENTITY && (body->inflater = inflater_new(coding)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (mode == BODY_POINTS)
        return points_reader_new(points_format_of(media), points_max, &body->points, err);
    if (mode == BODY_BATCH)
        return begin_batch(body, media == MEDIA_NDJSON ? BATCH_NDJSON : BATCH_JSON, points_max, err);
    return 0;
}

static int append(struct body *body, const char *bytes, size_t n, struct err *err)
{
    if (body->size - body->n < n + 1) {
        size_t size = body->size == 0 ? FIRST_BYTES : body->size;
        while (size - body->n < n + 1)
            size *= 2; /* ends: body->max bounds n */
        char *grown = realloc(body->bytes, size);
        if (grown == NULL)
            return err_set(err, ERR_NO_MEMORY, "out of memory");
        body->bytes = grown;
        body->size = size;
    }
    memcpy(body->bytes + body->n, bytes, n);
    body->n += n;
    body->bytes[body->n] = '\0';
    return 0;
}

static int take(void *ctx, const char *bytes, size_t n, struct err *err)
{
    struct body *body = ctx;
    body->taken += n;
    if (body->taken > body->max)
        return err_set(err, ERR_TOO_LARGE, "the body is longer than %zu bytes", body->max);
    if (body->inflater != NULL && body->taken > UNFOLD_FREE && body->taken / UNFOLD_RATIO > body->received)
        return err_set(err, ERR_TOO_LARGE, "the body unfolds to more than %d times its size", UNFOLD_RATIO);
    if (body->mode == BODY_POINTS)
        return points_reader_feed(body->points, bytes, n, err);
    if (body->mode == BODY_BATCH)
        return batch_reader_feed(body->batch, bytes, n, err);
    if (body->weighed && json_weigh(&body->weight, bytes, n, err) != 0)
        return -1;
    return append(body, bytes, n, err);
}

int body_feed(struct body *body, const char *bytes, size_t n, struct err *err)
{
    if (body->inflater != NULL)
        return inflater_feed(body->inflater, bytes, n, take, body, err);
    return take(body, bytes, n, err);
}

int body_end(struct body *body, struct err *err)
{
    if (body->inflater != NULL && !inflater_ended(body->inflater))
        return err_set(err, ERR_SYNTAX, "the %s stream is cut short",
                       coding_name(inflater_coding(body->inflater)));
    return 0;
}

void body_done(struct body *body)
{
    inflater_free(body->inflater);
    points_reader_free(body->points);
    batch_reader_free(body->batch);
    ingest_free(body->ingest);
    free(body->bytes);
}
