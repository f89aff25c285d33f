/* See checkstore.h. */
#include "server/checkstore.h"

#include "core/base.h"
#include "core/checkpoint.h"
#include "server/store/verify.h"

#include <inttypes.h>
#include <stdio.h>

static bool model_decodes(void *ctx, const void *bytes, size_t n)
{
    struct trm_model *model;

    (void)ctx;
    if (trm_checkpoint_decode(bytes, n, &model) != TRM_OK)
        return false;
    trm_model_free(model);
    return true;
}

static bool weights_decode(void *ctx, const void *bytes, size_t n)
{
    struct trm_base *base;

    (void)ctx;
    if (trm_base_decode(bytes, n, &base) != TRM_OK)
        return false;
    trm_base_free(base);
    return true;
}

static void print_damage(void *ctx, const char *words)
{
    (void)ctx;
    printf("damaged: %s\n", words);
}

int check_store(const char *path, struct err *err)
{
    const struct store_verifier verifier = {
        .model = model_decodes, .weights = weights_decode, .damage = print_damage};
    struct store_verified seen;

    if (store_verify(path, &verifier, &seen, err))
        return -1;
    printf("%s: schema version %" PRId64 ", %" PRIu64 " bytes\n", path, seen.version, seen.bytes);
    printf("%" PRIu64 " series, %" PRIu64 " points in %" PRIu64 " chunks, %" PRIu64
           " rows in the log of points, %" PRIu64 " models, %" PRIu64 " shared weights, %" PRIu64
           " forecasts said, %" PRIu64 " jobs\n",
           seen.series, seen.points, seen.chunks, seen.tail, seen.checkpoints, seen.weights,
           seen.said, seen.jobs);
    if (seen.damages > 0)
        return err_set(err, ERR_STORAGE, "%s is damaged in %" PRIu64 " place%s", path, seen.damages,
                       seen.damages == 1 ? "" : "s");
    printf("whole\n");
    return 0;
}
