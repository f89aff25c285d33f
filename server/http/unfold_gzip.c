/* gzip by zlib's inflate. See unfold.h. */
#include "server/http/unfold.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (15 + 16) /* inflateInit2: largest window, gzip's header and checksum demanded */

static void *gzip_open(void)
{
    z_stream *stream = calloc(1, sizeof *stream);
    if (stream != NULL && inflateInit2(stream, GZIP_ONLY) != Z_OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

static int gzip_step(void *state, struct unfold_step *step, struct err *err)
{
    z_stream *stream = state;
    stream->next_in = (unsigned char *)step->in;
    stream->avail_in = (unsigned)step->in_n;
    stream->next_out = step->out;
    stream->avail_out = (unsigned)step->out_max;
    int status = inflate(stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return err_set(err, ERR_SYNTAX, "the body is not what Content-Encoding says: gzip");
    step->in = stream->next_in;
    step->in_n = stream->avail_in;
    step->out_n = step->out_max - stream->avail_out;
    step->ended = status == Z_STREAM_END;
    return 0;
}

static void gzip_close(void *state)
{
    inflateEnd(state);
    free(state);
}

const struct unfold unfold_gzip = {gzip_open, gzip_step, gzip_close};
