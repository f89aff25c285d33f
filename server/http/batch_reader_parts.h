/* What the two forms of batch_reader share. Private to batch_reader*.c. */
#ifndef SERVER_HTTP_BATCH_READER_PARTS_H
#define SERVER_HTTP_BATCH_READER_PARTS_H

#include "server/http/batch_reader.h"
#include "server/http/points_reader_parts.h"

struct batch_reader {
    struct points_reader points; /* first: the lexer's sinks get it; its points are the series' so far */
    enum batch_format format;
    batch_sink sink;
    void *ctx;
    int at;             /* enum of the form */
    unsigned key, seen; /* of the object being read: bits */
    size_t series_n;    /* handed on */
    char id[SERIES_ID_MAX];
    size_t id_n;
};

/* A token as the series' id. The error has no place yet. */
int batch_take_id(struct batch_reader *reader, enum token token, const char *text, size_t n, struct err *err);
/* Hands the series on and forgets its points. */
int batch_hand_on(struct batch_reader *reader, size_t at, struct err *err);

int batch_json_feed(struct batch_reader *reader, const char *bytes, size_t n, struct err *err);
int batch_json_end(struct batch_reader *reader, struct err *err);
int batch_ndjson_feed(struct batch_reader *reader, const char *bytes, size_t n, struct err *err);
int batch_ndjson_end(struct batch_reader *reader, struct err *err);

#endif
