/* Copies of the base. Knows which rows of the weights verification comes in by. Surprising: silence is not
 * zero. A series without a record is told ln .05 for the size of its errors, not 0; that constant goes into
 * the bias, and the rows that would bring anything else become zero. */
#include "server/tool/variant.h"

#include "server/tool/base_file.h"

#include "core/base_embedded.h"
#include "core/example.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What thinker.h's five scalars are where no point of a record counts. */
static void told_without_record(float ret[TRM_VERIFY_SCALARS])
{
    ret[0] = logf(.05f);
    ret[1] = 0;
    ret[2] = -.5f;
    ret[3] = logf(.05f);
    ret[4] = -.8f;
}

/* The last K + TRM_VERIFY_SCALARS rows of WF are verification's. */
static void silence(const struct trm_thinker_shape *shape, float *weights)
{
    float *bias = weights + trm_thinker_block_at(shape, TRM_THINK_B), told[TRM_VERIFY_SCALARS];
    size_t rows = shape->drafts + TRM_VERIFY_SCALARS, N = shape->inner;
    float *row = weights + trm_thinker_block_at(shape, TRM_THINK_WF)
                 + (trm_thinker_feedback_n(shape) - rows) * N;

    told_without_record(told);
    for (size_t i = 0; i < TRM_VERIFY_SCALARS; i++)
        for (size_t j = 0; j < N; j++)
            bias[j] += told[i] * row[(shape->drafts + i) * N + j];
    memset(row, 0, rows * N * sizeof *row);
}

/* The copy's identity is 0; so is that of nothing it is compared with. */
static enum trm_status change(const struct variant *variant, const struct trm_base *from,
                              struct trm_base **ret)
{
    struct trm_thinker_shape shape = from->shape;
    size_t first = variant->network ? variant->network - 1 : 0;
    size_t n = variant->network ? 1 : from->network_n;

    if (variant->steps && variant->steps < shape.supervision)
        shape.supervision = (uint32_t)variant->steps;
    enum trm_status status = trm_base_new(&shape, n, from->name, ret);
    if (status != TRM_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        memcpy((*ret)->weights[i], from->weights[first + i], from->parameters * sizeof(float));
        if (variant->unverified)
            silence(&shape, (*ret)->weights[i]);
    }
    return TRM_OK;
}

static int load(const char *path, struct trm_base **ret, struct tool_err *err)
{
    if (path)
        return base_file_read(path, ret, err);
    enum trm_status status = trm_base_decode(trm_base_embedded, trm_base_embedded_n, ret);
    if (status != TRM_OK)
        return tool_fail(err, "this program has no weights that it can use (%s); --weights names others",
                         trm_status_text(status));
    return 0;
}

int variant_make(const struct variant *variant, struct trm_base **ret, uint64_t *ret_identity,
                 struct tool_err *err)
{
    struct trm_base *whole, *changed;

    if (load(variant->weights, &whole, err))
        return -1;
    uint64_t identity = whole->identity;
    if (variant->network > whole->network_n) {
        tool_fail(err, "there is no network %zu: the weights have %zu", variant->network, whole->network_n);
        trm_base_free(whole);
        return -1;
    }
    if (variant->network || variant->steps || variant->unverified) {
        enum trm_status status = change(variant, whole, &changed);
        trm_base_free(whole);
        if (status != TRM_OK)
            return tool_fail(err, "%s", trm_status_text(status));
        whole = changed;
    }
    *ret = whole;
    *ret_identity = identity;
    return 0;
}

struct trm_base *variant_blank(void)
{
    struct trm_thinker_shape shape = trm_example_shape(16, 16, 1, 1);
    struct trm_base *base;

    return trm_base_new(&shape, 1, "blank", &base) == TRM_OK ? base : NULL;
}
