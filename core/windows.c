/* Normalising windows. */
#include "core/windows.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_CLIP 8.0
#define SCALE_FLOOR .1 /* of the series' standard deviation */

struct trm_window_unit trm_window_input(const struct trm_history *h, const double *v, size_t lookback,
                                        float *ret_x)
{
    struct trm_window_unit unit = {0};
    double square = 0;

    for (size_t i = 0; i < lookback; i++)
        unit.mean += v[i];
    unit.mean /= (double)lookback;
    for (size_t i = 0; i < lookback; i++)
        square += (v[i] - unit.mean) * (v[i] - unit.mean);
    unit.scale = fmax(sqrt(square / (double)lookback), SCALE_FLOOR * h->sd);
    if (!(unit.scale > 0))
        unit.scale = 1;
    for (size_t i = 0; i < lookback; i++)
        ret_x[i] = (float)trm_clamp((v[i] - unit.mean) / unit.scale, -INPUT_CLIP, INPUT_CLIP);
    return unit;
}

void trm_window_guess(const struct trm_shape *shape, struct trm_window_unit unit, const double *guess,
                      float *ret_y0)
{
    for (size_t j = 0; j < shape->leads; j++)
        ret_y0[j] = (float)((guess[j] - unit.mean) / unit.scale);
    memset(ret_y0 + shape->leads, 0, 2 * TRM_SPREAD_BLOCKS * sizeof *ret_y0);
}

/* Row i: origin first + i of the backtest. */
static void fill_row(struct trm_windows *w, const struct trm_shape *shape, const struct trm_history *h,
                     const struct trm_backtest *b, size_t i, double *guess)
{
    size_t o = b->first + i, leads = shape->leads;
    struct trm_window_unit unit = trm_window_input(h, h->filled + o - shape->lookback,
                                                   shape->lookback, w->x + i * shape->lookback);

    w->unit[i] = unit;
    trm_backtest_mixed(b, i, guess);
    trm_window_guess(shape, unit, guess, w->y0 + i * trm_state_n(shape));
    for (size_t j = 0; j < leads; j++) {
        w->target[i * leads + j] = (float)((h->raw[o + j] - unit.mean) / unit.scale);
        w->spread[i * leads + j] = (float)(trm_mix_spread(&b->mix, j) * h->error / unit.scale);
    }
    w->inverse_d[i] = (float)(unit.scale / fmax(h->error, 1e-3 * unit.scale));
}

enum trm_status trm_windows_init(struct trm_windows *ret, const struct trm_shape *shape,
                                 const struct trm_history *h, const struct trm_backtest *b)
{
    size_t y_n = trm_state_n(shape), leads = shape->leads, row = shape->lookback + y_n + 2 * leads + 1;
    struct trm_windows w = {.count = b->count};
    double *guess = calloc(leads, sizeof *guess);

    w.all = calloc(b->count * row, sizeof *w.all);
    w.unit = calloc(b->count, sizeof *w.unit);
    if (!w.all || !w.unit || !guess) {
        free(guess);
        trm_windows_done(&w);
        return TRM_ENOMEM;
    }
    w.x = w.all;
    w.y0 = w.x + b->count * shape->lookback;
    w.target = w.y0 + b->count * y_n;
    w.spread = w.target + b->count * leads;
    w.inverse_d = w.spread + b->count * leads;
    for (size_t i = 0; i < b->count; i++)
        fill_row(&w, shape, h, b, i, guess);
    free(guess);
    *ret = w;
    return TRM_OK;
}

void trm_windows_done(struct trm_windows *windows)
{
    free(windows->all);
    free(windows->unit);
    *windows = (struct trm_windows){0};
}
