/* zstd by libzstd; only in builds that have it. The window is held to the 8 MiB that RFC 9659 sets for this
 * content coding: a frame could ask for gigabytes. See unfold.h. */
#include "server/http/unfold.h"

#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 23

static void *zstd_open(void)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (stream != NULL &&
        ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        ZSTD_freeDStream(stream);
        return NULL;
    }
    return stream;
}

static int zstd_refuse(size_t status, struct err *err)
{
    switch (ZSTD_getErrorCode(status)) {
    case ZSTD_error_memory_allocation:
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    case ZSTD_error_frameParameter_windowTooLarge:
        return err_set(err, ERR_TOO_LARGE, "the zstd frame wants a window of more than %u bytes",
                       1u << WINDOW_LOG_MAX);
    default:
        return err_set(err, ERR_SYNTAX, "the body is not what Content-Encoding says: zstd");
    }
}

static int zstd_step(void *state, struct unfold_step *step, struct err *err)
{
    ZSTD_inBuffer in = {step->in, step->in_n, 0};
    ZSTD_outBuffer out = {step->out, step->out_max, 0};
    size_t status = ZSTD_decompressStream(state, &out, &in);
    if (ZSTD_isError(status))
        return zstd_refuse(status, err);
    step->in += in.pos;
    step->in_n -= in.pos;
    step->out_n = out.pos;
    step->ended = status == 0;
    return 0;
}

static void zstd_close(void *state)
{
    ZSTD_freeDStream(state);
}

const struct unfold unfold_zstd = {zstd_open, zstd_step, zstd_close};
