/* Text that grows, and JSON on top of it. Knows commas, escapes and a maximum; refuses to know any
 * document's shape. Surprising: failures are sticky and told once, by writer_finish, so that a
 * writer of fifty fields has one error path; and a comma is put where the byte before asks for one,
 * so nobody counts elements.
 *
 *     struct writer w;
 *     writer_init(&w, 1 << 20);
 *     writer_open(&w, '{');
 *     writer_key(&w, "accepted");
 *     writer_int(&w, 3);
 *     writer_close(&w, '}');
 *     return writer_finish(&w, ret, ret_n, err);
 *
 * One thread at a time. */
#ifndef SERVER_HTTP_JSON_WRITER_H
#define SERVER_HTTP_JSON_WRITER_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How times are written: epoch milliseconds, or RFC 3339 text. */
enum time_form { TIME_MS, TIME_RFC3339 };

struct writer {
    char *bytes; /* malloc */
    size_t n, size, max;
    enum err_code failed; /* ERR_NONE, ERR_NO_MEMORY or ERR_TOO_LARGE; then nothing more is added */
};

/* Allocates nothing yet. max: most bytes the text may get. */
void writer_init(struct writer *writer, size_t max);

/* Frees what was not taken by writer_finish. */
void writer_done(struct writer *writer);

/* Hands out the text (malloc, the caller's; a NUL follows the n bytes) and empties the writer.
 * Returns 0, or -1 with *err (out of memory, or more than max bytes; everything is freed, outputs
 * untouched). */
__attribute__((warn_unused_result)) int writer_finish(struct writer *writer, char **ret,
                                                      size_t *ret_n, struct err *err);

/* ---- plain text: no commas, no escapes ---- */

void writer_bytes(struct writer *writer, const void *bytes, size_t n);
void writer_text(struct writer *writer, const char *text);
/* A field of a CSV line, quoted where it must be (RFC 4180). The comma before it is the caller's.
 */
void writer_csv_text(struct writer *writer, const char *text);
/* For the bytes of one value that JSON will hold as they are (a stored JSON object); with its
 * comma. */
void writer_raw(struct writer *writer, const char *json);

/* ---- JSON: each puts the comma before itself where one is due ---- */

void writer_open(struct writer *writer, char bracket);  /* '{' or '[' */
void writer_close(struct writer *writer, char bracket); /* '}' or ']' */
/* name needs no escape. */
void writer_key(struct writer *writer, const char *name);
/* A key that may need escapes. */
void writer_key_string(struct writer *writer, const char *name);
void writer_null(struct writer *writer);
void writer_bool(struct writer *writer, bool v);
void writer_int(struct writer *writer, int64_t v);
/* 9 significant digits; null for NaN and infinities. */
void writer_number(struct writer *writer, double v);
/* Reads back as exactly v; null for NaN and infinities. */
void writer_number_exact(struct writer *writer, double v);
/* NULL is written as null. Bytes that are not UTF-8 are written as U+FFFD. */
void writer_string(struct writer *writer, const char *text);
void writer_time(struct writer *writer, int64_t ms, enum time_form form);

#endif
