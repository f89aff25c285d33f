/* From the literal TS-TRM to the folded one: four matrix products in double, once. */
#include "core/folded.h"

#include <stdlib.h>

/* c[rows][cols] = a (row stride a_row, first column a_at) times b[inner][cols]. */
static void multiply(size_t rows, size_t inner, size_t cols, const double *a, size_t a_row,
                     const double *b, double *c)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double sum = 0;
            for (size_t p = 0; p < inner; p++)
                sum += a[i * a_row + p] * b[p * cols + j];
            c[i * cols + j] = sum;
        }
}

/* to[cols][rows] = from[rows][cols]', rounded to float. */
static void store_turned(size_t rows, size_t cols, const double *from, float *to)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            to[j * rows + i] = (float)from[i * cols + j];
}

enum trm_status trm_fold(const struct trm_literal *lit, struct trm_folded *net)
{
    const struct trm_shape *shape = &lit->shape;
    size_t h = shape->hidden, y = trm_state_n(shape), L = shape->lookback;
    const double *w1x = lit->block[TRM_LIT_W1], *w1y = w1x + h, *w1z = w1x + 2 * h;
    size_t wide = trm_max_size(h, trm_max_size(y, L));
    double *t = calloc(2 * h * wide + 2 * h * h, sizeof *t);

    if (!t)
        return TRM_ENOMEM;
    double *t2 = t + h * wide, *zp = t2 + h * wide, *zpu = zp + h * h;

    multiply(h, h, L, w1x, 3 * h, lit->block[TRM_LIT_WE], t);
    store_turned(h, L, t, net->block[TRM_FOLD_A]);
    multiply(h, h, 1, w1x, 3 * h, lit->block[TRM_LIT_BE], t);
    for (size_t i = 0; i < h; i++)
        net->block[TRM_FOLD_A0][i] = (float)(t[i] + lit->block[TRM_LIT_B1][i]);
    multiply(h, h, y, w1y, 3 * h, lit->block[TRM_LIT_PY], t);
    store_turned(h, y, t, net->block[TRM_FOLD_P]);
    multiply(h, h, h, w1z, 3 * h, lit->block[TRM_LIT_PZ], zp);
    multiply(h, h, h, zp, h, lit->block[TRM_LIT_U], zpu);
    multiply(h, h, h, zpu, h, lit->block[TRM_LIT_W2], t);
    store_turned(h, h, t, net->block[TRM_FOLD_M]);
    multiply(h, h, 1, zp, h, lit->block[TRM_LIT_UB], t);
    store_turned(h, 1, t, net->block[TRM_FOLD_C]);
    multiply(y, h, h, lit->block[TRM_LIT_F], h, lit->block[TRM_LIT_W2], t2);
    store_turned(y, h, t2, net->block[TRM_FOLD_F]);
    store_turned(y, 1, lit->block[TRM_LIT_FB], net->block[TRM_FOLD_FB]);
    free(t);
    return TRM_OK;
}
