/* The loop around a coding's steps, with a fixed buffer: what one piece unfolds to is never held at once.
 * See inflater.h. */
#include "server/http/inflater.h"

#include "server/http/unfold.h"

#include <stdlib.h>

struct inflater {
    enum coding coding;
    const struct unfold *unfold;
    void *state;
    bool ended;
    unsigned char out[16384];
};

static const struct unfold *unfold_of(enum coding coding)
{
#ifdef TSTRM_ZSTD
    if (coding == CODING_ZSTD)
        return &unfold_zstd;
#endif
    return coding == CODING_GZIP ? &unfold_gzip : NULL;
}

struct inflater *inflater_new(enum coding coding)
{
    const struct unfold *unfold = unfold_of(coding);
    struct inflater *inflater = unfold == NULL ? NULL : calloc(1, sizeof *inflater);
    if (inflater == NULL)
        return NULL;
    inflater->coding = coding;
    inflater->unfold = unfold;
    inflater->state = unfold->open();
    if (inflater->state != NULL)
        return inflater;
    free(inflater);
    return NULL;
}

int inflater_feed(struct inflater *inflater, const char *bytes, size_t n, inflater_take take, void *ctx,
                  struct err *err)
{
    struct unfold_step step = {.in = (const unsigned char *)bytes, .in_n = n};
    do {
        if (inflater->ended)
            return err_set(err, ERR_SYNTAX, "there are bytes after the end of the %s stream",
                           coding_name(inflater->coding));
        step.out = inflater->out;
        step.out_max = sizeof inflater->out;
        if (inflater->unfold->step(inflater->state, &step, err) != 0)
            return -1;
        inflater->ended = step.ended;
        if (step.out_n > 0 && take(ctx, (const char *)inflater->out, step.out_n, err) != 0)
            return -1;
    } while (step.in_n > 0 || (step.out_n == step.out_max && !inflater->ended));
    return 0;
}

bool inflater_ended(const struct inflater *inflater)
{
    return inflater->ended;
}

enum coding inflater_coding(const struct inflater *inflater)
{
    return inflater->coding;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflater->unfold->close(inflater->state);
    free(inflater);
}
