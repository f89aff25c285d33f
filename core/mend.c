/* The order of the mend, spikes, stuck sensors, gaps. See mend.h. */
#include "core/mend_parts.h"

#include <stdlib.h>
#include <string.h>

#define AROUND 4      /* neighbours on each side of a value */
#define LOOK_FROM 8.  /* largest change over the mean one, below which no spike is looked for */
#define SPIKES_MAX 42 /* 2% of the context, or three */
#define OTHERS_MIN 8  /* values that are not where their neighbours are, besides spikes */
#define RUNS_MAX 3
#define RUN_MOST 64
#define REPEATS .05

const char *trm_oddity_name(enum trm_oddity_kind kind)
{
    static const char *const names[TRM_ODD_KINDS] = {"unit_change", "level_shift", "burst",
                                                     "spikes",      "stuck",       "gap"};

    return names[kind];
}

void trm_mend_gather(struct mending *m)
{
    m->seen = 0;
    for (size_t i = 0; i < m->n; i++)
        if (!isnan(m->v[i])) {
            m->x[m->seen] = m->v[i];
            m->where[m->seen++] = (double)i;
        }
}

void trm_mend_note(struct mending *m, enum trm_oddity_kind kind, size_t from, size_t n, double size)
{
    if (m->ret->n < TRM_ODDITIES_MAX)
        m->ret->odd[m->ret->n++] = (struct trm_oddity){kind, from, n, size};
}

/* ---- spikes ---- */

/* Half the distance from the median of the values around: whole ones may overflow. */
static double distance(const double *x, size_t n, size_t k)
{
    size_t width = 2 * AROUND + 1, from = k > AROUND ? k - AROUND : 0;
    double near[2 * AROUND + 1];

    from = trm_min_size(from, n - width);
    memcpy(near, x + from, sizeof near);
    trm_sort(near, width);
    return fabs(x[k] / 2 - near[AROUND] / 2);
}

static bool may_hold_spikes(const double *x, size_t n)
{
    double most = 0, sum = 0;

    for (size_t k = 1; k < n; k++) {
        double change = fabs(x[k] / 2 - x[k - 1] / 2);
        most = fmax(most, change);
        sum += change / (double)n;
    }
    return most > LOOK_FROM * sum;
}

/* The largest of far[n], largest first, one more than may be spikes. */
static size_t largest(const double *far, size_t n, size_t most, double *ret)
{
    size_t kept = 0;

    for (size_t k = 0; k < n; k++) {
        if (kept == most && far[k] <= ret[kept - 1])
            continue;
        size_t j = kept < most ? kept++ : kept - 1;
        for (; j && ret[j - 1] < far[k]; j--)
            ret[j] = ret[j - 1];
        ret[j] = far[k];
    }
    return kept;
}

/* The distance from which on values are spikes; 0: none are. */
static double spikes_from(const double *far, size_t n)
{
    double top[SPIKES_MAX + 1];
    size_t most = trm_min_size(trm_max_size(3, n / 50), SPIKES_MAX), others = 0;
    size_t kept = largest(far, n, most + 1, top);

    for (size_t k = 0; k < n; k++)
        others += far[k] > 0;
    for (size_t j = kept - 1; j >= 1; j--)
        if (others >= j + OTHERS_MIN && top[j] > 0 && top[j - 1] / TRM_MEND_SPIKE >= top[j])
            return top[j - 1];
    return 0;
}

static void mend_spikes(struct mending *m)
{
    size_t count = 0, newest = 0;

    if (m->seen < 3 * AROUND || !may_hold_spikes(m->x, m->seen))
        return;
    for (size_t k = 0; k < m->seen; k++)
        m->y[k] = distance(m->x, m->seen, k);
    double from = spikes_from(m->y, m->seen);
    for (size_t k = 0; from > 0 && k < m->seen; k++)
        if (m->y[k] >= from) {
            m->v[trm_mend_index(m, k)] = TRM_NAN;
            newest = trm_mend_index(m, k);
            count++;
        }
    if (count) {
        trm_mend_note(m, TRM_ODD_SPIKE, newest, count, 0);
        trm_mend_gather(m);
    }
}

/* ---- stuck ---- */

/* End of the run of equal values that begins at k. */
static size_t run_end(const struct mending *m, size_t k)
{
    size_t end = k + 1;

    while (end < m->seen && m->x[end] == m->x[k])
        end++;
    return end;
}

/* Equal values from which on a run is long: a season of them, since what is flat at night is not
 * stuck. */
static size_t run_min(const struct mending *m)
{
    return trm_min_size(trm_max_size(m->season, TRM_MEND_RUN_MIN), RUN_MOST);
}

/* Whether values that repeat the one before are rare, long runs apart, and those few. */
static bool sticks_seldom(const struct mending *m)
{
    size_t runs = 0, inside = 0, repeats = 0;

    for (size_t k = 0, end; k < m->seen; k = end) {
        end = run_end(m, k);
        bool is_long = end - k >= run_min(m);
        runs += is_long;
        inside += is_long ? end - k : 0;
        repeats += is_long ? 0 : end - k - 1;
    }
    size_t others = m->seen - inside;
    return runs && runs <= RUNS_MAX && others >= 2 * TRM_MEND_RUN_MIN &&
           (double)repeats <= REPEATS * (double)others;
}

static void find_stuck(struct mending *m)
{
    if (!sticks_seldom(m))
        return;
    for (size_t k = 0, end; k < m->seen; k = end) {
        end = run_end(m, k);
        if (end - k < run_min(m))
            continue;
        trm_mend_note(m, TRM_ODD_STUCK, trm_mend_index(m, k), end - k, 0);
        if (end == m->seen)
            m->ret->stuck_n = end - k;
    }
}

void trm_mend(double *v, size_t n, size_t season, double *room, struct trm_mend *ret)
{
    struct mending m = {.v = v, .n = n, .season = season, .ret = ret};

    *ret = (struct trm_mend){0};
    m.x = room, m.y = room + n, m.where = room + 2 * n;
    trm_mend_gather(&m);
    trm_mend_levels(&m);
    mend_spikes(&m);
    find_stuck(&m);
}

/* ---- telling ---- */

static void note_gap(const double *values, size_t from, size_t n, struct trm_mend *ret)
{
    size_t best = 0, at = 0, end = n, missing = 0;

    while (end > from && isnan(values[end - 1]))
        end--;
    for (size_t i = from; i < end; i++) {
        missing = isnan(values[i]) ? missing + 1 : 0;
        if (missing > best)
            best = missing, at = i + 1 - missing;
    }
    if (best >= TRM_MEND_RUN_MIN && ret->n < TRM_ODDITIES_MAX)
        ret->odd[ret->n++] = (struct trm_oddity){TRM_ODD_GAP, at, best, 0};
    if (end < n && ret->n < TRM_ODDITIES_MAX)
        ret->odd[ret->n++] = (struct trm_oddity){TRM_ODD_GAP, end, n - end, 0};
}

enum trm_status trm_diagnose(const double *values, size_t n, size_t season, struct trm_mend *ret)
{
    size_t from = n > TRM_CONTEXT_MAX ? n - TRM_CONTEXT_MAX : 0, kept = n - from;
    double *room = malloc((TRM_MEND_ROOM(kept) + kept + 1) * sizeof *room);
    struct trm_mend found;

    if (!room)
        return TRM_ENOMEM;
    while (from < n && isnan(values[from]))
        from++, kept--;
    memcpy(room, values + from, kept * sizeof *room);
    trm_mend(room, kept, season, room + kept, &found);
    for (size_t i = 0; i < found.n; i++)
        found.odd[i].from += from;
    note_gap(values, from, n, &found);
    free(room);
    *ret = found;
    return TRM_OK;
}
