/* What the three forms of points_reader share: the lexer, the points so far, the two kinds of
 * value. Private to points_reader*.c. */
#ifndef SERVER_HTTP_POINTS_READER_PARTS_H
#define SERVER_HTTP_POINTS_READER_PARTS_H

#include "server/http/points_reader.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- JSON tokens ---- */

enum token {
    TOKEN_OBJECT = '{',
    TOKEN_OBJECT_END = '}',
    TOKEN_LIST = '[',
    TOKEN_LIST_END = ']',
    TOKEN_COLON = ':',
    TOKEN_COMMA = ',',
    TOKEN_TEXT = '"', /* decoded, valid UTF-8, no NUL inside; not NUL-terminated */
    TOKEN_NUMBER = '0',
    TOKEN_NULL = 'n',
    TOKEN_TRUE = 't',
    TOKEN_FALSE = 'f',
};

/* Whether the token is neither a value nor the beginning of one. */
static inline bool token_is_mark(enum token token)
{
    return token == TOKEN_COMMA || token == TOKEN_LIST_END || token == TOKEN_COLON ||
           token == TOKEN_OBJECT_END;
}

/* Longest number or text in bytes (a time has 35 at most): what the lexer has to hold. */
#define LEXER_TEXT_MAX 256

struct lexer {
    enum { LEX_BETWEEN, LEX_WORD, LEX_TEXT, LEX_ESCAPE } state;
    bool plain;        /* the text so far needs no decoding */
    size_t text_n;     /* bytes kept of the unfinished token */
    uint64_t offset;   /* of the next piece in the body */
    uint64_t token_at; /* where the token began that is being read or was read last */
    char text[LEXER_TEXT_MAX];
};

/* One token; text is valid during the call. */
typedef int (*token_sink)(struct points_reader *reader, enum token token, const char *text,
                          size_t n, struct err *err);

int lexer_feed(struct lexer *lexer, const char *bytes, size_t n, token_sink sink,
               struct points_reader *reader, struct err *err);
/* The text ends here. */
int lexer_end(struct lexer *lexer, token_sink sink, struct points_reader *reader, struct err *err);

/* What is between the quotes, decoded into to[n] (it never gets longer). ERR_SYNTAX for a wrong
 * escape, U+0000 and bytes that are not UTF-8. */
int lexer_decode_text(const char *at, size_t n, char *to, size_t *ret_n, struct err *err);

/* "a text", "an object", … */
const char *token_name(enum token token);

/* ---- the reader ---- */

struct json_state {
    int at;        /* enum in points_reader_json.c */
    unsigned list; /* the list being read, */
    unsigned seen; /* and those begun so far: bits */
};

struct ndjson_state {
    int at;             /* enum in points_reader_ndjson.c */
    unsigned key, seen; /* the same for a line's keys */
};

struct csv_state {
    enum { CSV_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE, CSV_CR } at;
    bool quoted[2], header;
    size_t column;
    size_t mark_n; /* bytes of a byte order mark passed; 3: past where it may stand */
    size_t field_n[2];
    char field[2][LEXER_TEXT_MAX];
};

struct points_reader {
    enum points_format format;
    size_t points_max;
    struct point *points;
    size_t points_size;
    size_t t_n, v_n; /* times and values so far; columns may come one after the other */
    size_t line;     /* being read, from 1 (CSV, NDJSON) */
    struct err failed;
    struct lexer lexer;
    union {
        struct json_state json;
        struct ndjson_state ndjson;
        struct csv_state csv;
    } u;
};

/* 0, or -1 with ERR_TOO_LARGE or ERR_NO_MEMORY. */
int points_add_time(struct points_reader *reader, int64_t t, struct err *err);
int points_add_value(struct points_reader *reader, double v, struct err *err);

/* A token as time or value. The error has no place yet. */
int points_token_time(enum token token, const char *text, size_t n, int64_t *ret, struct err *err);
int points_token_value(enum token token, const char *text, size_t n, double *ret, struct err *err);

/* Whether a word is somebody's idea of NaN or infinity. */
bool points_is_nan_word(const char *text, size_t n);
/* ERR_SYNTAX for a word that is neither a number nor null, true, false; returns -1. */
int points_refuse_word(const char *text, size_t n, struct err *err);

/* One form each: a piece, and the end. */
int points_json_feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err);
int points_json_end(struct points_reader *reader, struct err *err);
int points_ndjson_feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err);
int points_ndjson_end(struct points_reader *reader, struct err *err);
int points_csv_feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err);
int points_csv_end(struct points_reader *reader, struct err *err);

/* The place of a point, where the body was read to its end. */
void points_json_place(const struct points_reader *reader, size_t item, char *buf, size_t buf_n);

#endif
