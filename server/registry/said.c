/* See said.h. */
#include "server/registry/said.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void said_done(struct said *said)
{
    for (size_t i = 0; i < said->n; i++)
        free(said->rows[i].bytes);
    free(said->rows);
    *said = (struct said){0};
}

bool said_is_news(const struct said *said, int64_t origin, uint32_t leads)
{
    if (!said->any || origin > said->newest)
        return true;
    return origin == said->newest && leads > said->newest_leads;
}

/* How many leads of a forecast are held against their values. */
static uint32_t kept_leads(int64_t origin, uint32_t leads)
{
    uint32_t stride = (leads + SAID_WHOLE_MAX - 1) / SAID_WHOLE_MAX;

    return origin % (int64_t)stride == 0 ? leads : stride;
}

static bool make_room(struct said *said)
{
    if (said->n < said->room)
        return true;
    size_t room = said->room ? said->room * 2 : 4;
    struct said_row *rows = realloc(said->rows, room * sizeof *rows);
    if (!rows)
        return false;
    said->rows = rows;
    said->room = room;
    return true;
}

static void put_last(struct said *said, const struct said_row *row)
{
    if (said->n > 0 && said->rows[said->n - 1].origin == row->origin)
        free(said->rows[--said->n].bytes);
    said->rows[said->n++] = *row;
}

bool said_put(struct said *said, int64_t origin, const uint8_t *bytes, size_t n)
{
    struct trm_said_head head;
    uint32_t leads;

    if (trm_said_decode(bytes, n, &head, &leads) != TRM_OK || leads == 0)
        return true;
    struct said_row row = {.origin = origin, .leads = kept_leads(origin, leads)};
    size_t row_bytes = TRM_SAID_HEAD_BYTES + row.leads * TRM_SAID_LEAD_BYTES;
    if (!make_room(said) || !(row.bytes = malloc(row_bytes)))
        return false;
    memcpy(row.bytes, bytes, row_bytes);
    put_last(said, &row);
    if (!said->any)
        said->tally.scored_until = origin;
    said->any = true;
    said->newest = origin;
    said->newest_leads = leads;
    said->newest_version = (uint32_t)head.model_version;
    return true;
}

/* The value of a step; NaN where memory has none. */
static double value_at(const struct window *window, int64_t step)
{
    if (window->n == 0 || step < window->first_step || step >= window_end(window))
        return (double)NAN;
    return window->values[window->start + (size_t)(step - window->first_step)];
}

/* What seasonal naive said from the same origin: the newest value then that is whole seasons back.
 */
static double naive_at(const struct window *window, const struct said_row *row, uint32_t season,
                       int64_t step)
{
    int64_t seasons = (step - row->origin) / (int64_t)season + 1;

    return value_at(window, step - seasons * (int64_t)season);
}

static void score_row(struct said *said, const struct window *window, const struct said_row *row,
                      int64_t step, double value, struct trm_score *score)
{
    struct trm_said_head head;
    struct trm_said_lead lead;
    uint32_t leads;

    if (trm_said_decode(row->bytes, TRM_SAID_HEAD_BYTES, &head, &leads) != TRM_OK)
        return;
    trm_said_lead(row->bytes, (uint32_t)(step - row->origin) + 1, &lead);
    trm_score_add(&said->tally, score, value, &lead, naive_at(window, row, head.season, step),
                  head.scale);
}

static void score_step(struct said *said, const struct window *window, int64_t step,
                       struct said_scored *ret)
{
    double value = value_at(window, step);
    struct trm_score score;

    if (isnan(value))
        return;
    trm_score_begin(&said->tally, &score);
    for (size_t i = 0; i < said->n; i++) {
        const struct said_row *row = &said->rows[i];
        if (row->origin <= step && step - row->origin < (int64_t)row->leads)
            score_row(said, window, row, step, value, &score);
    }
    trm_score_end(&said->tally, &score);
    ret->pairs += score.n;
    for (int i = 0; i < 2; i++)
        ret->inside[i] += score.inside[i];
}

/* Rows whose last value had had its turn when something was last said. */
static void drop_done(struct said *said)
{
    size_t kept = 0;

    for (size_t i = 0; i < said->n; i++) {
        struct said_row row = said->rows[i];
        if (row.origin + (int64_t)row.leads > said->at_newest.scored_until)
            said->rows[kept++] = row;
        else
            free(row.bytes);
    }
    said->n = kept;
}

void said_score(struct said *said, const struct window *window, struct said_scored *ret)
{
    int64_t *until = &said->tally.scored_until;

    *ret = (struct said_scored){0};
    if (!said->any || window->n == 0)
        return;
    if (*until < window->first_step)
        *until = window->first_step;
    for (; *until < window_end(window); ++*until)
        score_step(said, window, *until, ret);
    drop_done(said);
}

void said_touch(struct said *said, int64_t step)
{
    said->stale = said->stale || (said->any && step < said->tally.scored_until);
}

size_t said_bytes(const struct said *said)
{
    size_t bytes = said->room * sizeof *said->rows;

    for (size_t i = 0; i < said->n; i++)
        bytes += TRM_SAID_HEAD_BYTES + said->rows[i].leads * TRM_SAID_LEAD_BYTES;
    return bytes;
}
