/* zlib's inflate with a fixed buffer: what one piece unfolds to is never held at once. See inflater.h. */
#include "server/http/inflater.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (15 + 16) /* inflateInit2: largest window, gzip's header and checksum demanded */

struct inflater {
    z_stream stream;
    bool ended;
    unsigned char out[16384];
};

struct inflater *inflater_new(void)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater != NULL && inflateInit2(&inflater->stream, GZIP_ONLY) != Z_OK) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

int inflater_feed(struct inflater *inflater, const char *bytes, size_t n,
                  int (*take)(void *ctx, const char *bytes, size_t n, struct err *err), void *ctx,
                  struct err *err)
{
    z_stream *stream = &inflater->stream;
    stream->next_in = (unsigned char *)bytes;
    stream->avail_in = (unsigned)n;
    do {
        if (inflater->ended)
            return err_set(err, ERR_SYNTAX, "there are bytes after the end of the gzip stream");
        stream->next_out = inflater->out;
        stream->avail_out = sizeof inflater->out;
        int status = inflate(stream, Z_NO_FLUSH);
        if (status == Z_MEM_ERROR)
            return err_set(err, ERR_NO_MEMORY, "out of memory");
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return err_set(err, ERR_SYNTAX, "the body is not what Content-Encoding says: gzip");
        inflater->ended = status == Z_STREAM_END;
        size_t made = sizeof inflater->out - stream->avail_out;
        if (made > 0 && take(ctx, (const char *)inflater->out, made, err) != 0)
            return -1;
    } while (stream->avail_in > 0 || (stream->avail_out == 0 && !inflater->ended));
    return 0;
}

bool inflater_ended(const struct inflater *inflater)
{
    return inflater->ended;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    free(inflater);
}
