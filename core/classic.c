/* What the methods have in common: one clean history in, normal quantiles out; and the seasonal naive. */
#include "core/classic.h"

#include "core/classic_parts.h"
#include "core/history.h"
#include "core/quantile.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[TRM_CLASSICS] = {
#define TRM_CLASSIC_TEXT(name, text) text,
    TRM_CLASSIC_LIST(TRM_CLASSIC_TEXT)
#undef TRM_CLASSIC_TEXT
};

const char *trm_classic_name(enum trm_classic method)
{
    return names[method];
}

void trm_classic_say(struct classic *c, const char *text)
{
    size_t used = strlen(c->label), room = sizeof c->label - 1 - used, n = strlen(text);

    memcpy(c->label + used, text, trm_min_size(n, room));
    c->label[used + trm_min_size(n, room)] = '\0';
}

/* The value a season ago; its error grows with the square root of the seasons ahead, as a seasonal random
 * walk's does. */
void trm_classic_snaive(struct classic *c)
{
    double square = 0;

    for (size_t t = c->season; t < c->n; t++)
        square += (c->v[t] - c->v[t - c->season]) * (c->v[t] - c->v[t - c->season]);
    double deviation = sqrt(square / (double)(c->n - c->season));
    for (size_t h = 0; h < c->leads; h++) {
        c->point[h] = c->v[c->n - c->season + h % c->season];
        c->deviation[h] = deviation * sqrt((double)(h / c->season + 1));
    }
    trm_classic_say(c, c->season > 1 ? "Seasonal naive" : "Naive");
}

/* One value is all there is: it goes on, without a doubt that could be measured. */
static void constant(struct classic *c)
{
    for (size_t h = 0; h < c->leads; h++) {
        c->point[h] = c->v[0];
        c->deviation[h] = 0;
    }
    trm_classic_say(c, "Constant");
}

static bool is_constant(const double *v, size_t n)
{
    for (size_t t = 1; t < n; t++)
        if (v[t] != v[0])
            return false;
    return true;
}

static bool is_positive(const double *v, size_t n)
{
    for (size_t t = 0; t < n; t++)
        if (!(v[t] > 0))
            return false;
    return true;
}

static void make(enum trm_classic method, struct classic *c)
{
    if (is_constant(c->v, c->n)) {
        constant(c);
        return;
    }
    switch (method) {
    case TRM_CLASSIC_THETA:
        trm_classic_theta(c);
        break;
    case TRM_CLASSIC_ETS:
        trm_classic_ets(c);
        break;
    case TRM_CLASSIC_AR:
        trm_classic_ar(c);
        break;
    case TRM_CLASSIC_SNAIVE:
    case TRM_CLASSICS:
        trm_classic_snaive(c);
        break;
    }
}

static void hand_over(const struct classic *c, const struct trm_classic_ask *ask, int exponent,
                      double *ret_point, double *ret_quantiles)
{
    for (size_t h = 0; h < c->leads; h++)
        ret_point[h] = ldexp(c->point[h], exponent);
    for (size_t q = 0; q < ask->level_n; q++) {
        double z = trm_normal_quantile(ask->levels[q]);
        for (size_t h = 0; h < c->leads; h++)
            ret_quantiles[q * c->leads + h] = ldexp(c->point[h] + z * c->deviation[h], exponent);
    }
}

static bool ask_is_sound(enum trm_classic method, const struct trm_classic_ask *ask)
{
    for (size_t q = 0; q < ask->level_n; q++)
        if (!(ask->levels[q] > 0 && ask->levels[q] < 1))
            return false;
    return (unsigned)method < TRM_CLASSICS && ask->season >= 1 && ask->season <= TRM_SEASON_MAX &&
           ask->leads >= 1 && ask->leads <= TRM_HORIZON_MAX;
}

enum trm_status trm_classic(enum trm_classic method, const double *values, size_t n,
                            const struct trm_classic_ask *ask, double *ret_point,
                            double *ret_quantiles, char ret_label[TRM_CLASSIC_LABEL_MAX])
{
    struct trm_history history;

    if (!ask_is_sound(method, ask))
        return TRM_EINVAL;
    enum trm_status status = trm_history_init_raw(&history, values, n, ask->season);
    if (status != TRM_OK)
        return status;
    size_t work_n = 3 * history.n + 2 * history.season + 2 * ask->leads;
    double *memory = malloc((work_n + 2 * ask->leads) * sizeof *memory);
    if (memory) {
        struct classic c = {.v = history.filled, .n = history.n, .season = history.season,
                            .positive = is_positive(history.filled, history.n), .sd = history.sd,
                            .leads = ask->leads, .work = memory, .point = memory + work_n,
                            .deviation = memory + work_n + ask->leads};
        make(method, &c);
        hand_over(&c, ask, history.exponent, ret_point, ret_quantiles);
        if (ret_label)
            memcpy(ret_label, c.label, sizeof c.label);
    }
    trm_history_done(&history);
    free(memory);
    return memory ? TRM_OK : TRM_ENOMEM;
}
