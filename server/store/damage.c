/* See damage.h. */
#include "server/store/damage.h"

#include <stdlib.h>
#include <string.h>

struct damage {
    uv_mutex_t mutex;
    struct store_damage rows[STORE_DAMAGE_MAX];
    size_t n;
    struct store_damage_counts counts;
};

struct damage *damage_new(void)
{
    struct damage *damage = calloc(1, sizeof(*damage));

    if (damage && uv_mutex_init(&damage->mutex) != 0) {
        free(damage);
        return NULL;
    }
    return damage;
}

void damage_free(struct damage *damage)
{
    if (!damage)
        return;
    uv_mutex_destroy(&damage->mutex);
    free(damage);
}

static bool is_known(const struct damage *damage, const struct store_damage *found)
{
    for (size_t i = 0; i < damage->n; i++) {
        const struct store_damage *row = &damage->rows[i];
        if (row->kind == found->kind && row->key == found->key && row->from == found->from)
            return true;
    }
    return false;
}

void damage_note(struct damage *damage, const struct store_damage *found)
{
    if (!damage)
        return;
    uv_mutex_lock(&damage->mutex);
    if (!is_known(damage, found)) {
        damage->counts.rows[found->kind]++;
        damage->counts.points += found->n;
        if (damage->n < STORE_DAMAGE_MAX)
            damage->rows[damage->n++] = *found;
    }
    uv_mutex_unlock(&damage->mutex);
}

size_t damage_copy(struct damage *damage, size_t from, struct store_damage *ret, size_t max)
{
    uv_mutex_lock(&damage->mutex);
    size_t n = damage->n > from ? damage->n - from : 0;
    n = n < max ? n : max;
    memcpy(ret, damage->rows + from, n * sizeof(*ret));
    uv_mutex_unlock(&damage->mutex);
    return n;
}

static bool overlaps(const struct store_damage *row, int64_t key, int64_t start, int64_t end)
{
    return row->kind == STORE_DAMAGE_POINTS && row->key == key && row->from < end && row->until >= start;
}

size_t damage_points(struct damage *damage, int64_t key, int64_t start, int64_t end, struct store_damage *ret,
                     size_t max)
{
    size_t n = 0;

    uv_mutex_lock(&damage->mutex);
    for (size_t i = 0; i < damage->n && n < max; i++)
        if (overlaps(&damage->rows[i], key, start, end))
            ret[n++] = damage->rows[i];
    uv_mutex_unlock(&damage->mutex);
    return n;
}

uint64_t damage_points_n(struct damage *damage, int64_t key)
{
    uint64_t n = 0;

    uv_mutex_lock(&damage->mutex);
    for (size_t i = 0; i < damage->n; i++)
        n += damage->rows[i].key == key ? damage->rows[i].n : 0;
    uv_mutex_unlock(&damage->mutex);
    return n;
}

void damage_count(struct damage *damage, struct store_damage_counts *ret)
{
    uv_mutex_lock(&damage->mutex);
    *ret = damage->counts;
    uv_mutex_unlock(&damage->mutex);
}

const char *store_damage_name(enum store_damage_kind kind)
{
    static const char *const names[STORE_DAMAGE_KINDS] = {
        [STORE_DAMAGE_POINTS] = "points",         [STORE_DAMAGE_LOG] = "log",
        [STORE_DAMAGE_SERIES] = "series",         [STORE_DAMAGE_SAID] = "said",
        [STORE_DAMAGE_CHECKPOINT] = "checkpoint", [STORE_DAMAGE_WEIGHTS] = "weights",
        [STORE_DAMAGE_JOB] = "job",               [STORE_DAMAGE_FILE] = "file",
    };

    return names[kind];
}
