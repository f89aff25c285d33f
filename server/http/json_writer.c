/* Text that grows, and JSON on top of it. */
#include "server/http/json_writer.h"

#include "core/calendar.h"
#include "server/base/utf8.h"
#include "server/http/number.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024

void writer_init(struct writer *writer, size_t max)
{
    *writer = (struct writer){.max = max};
}

void writer_done(struct writer *writer)
{
    free(writer->bytes);
    writer->bytes = NULL;
    writer->n = writer->size = 0;
}

int writer_finish(struct writer *writer, char **ret, size_t *ret_n, struct err *err)
{
    writer_bytes(writer, "", 1);
    enum err_code failed = writer->failed;
    if (failed != ERR_NONE) {
        writer_done(writer);
        return failed == ERR_NO_MEMORY
                   ? err_set(err, failed, "out of memory")
                   : err_set(err, failed, "the answer would be longer than %zu bytes", writer->max);
    }
    *ret = writer->bytes;
    *ret_n = writer->n - 1;
    writer->bytes = NULL;
    writer_done(writer);
    return 0;
}

/* Room for n more bytes; false (and failed set) where there is none. One byte over max is for the
 * NUL. */
static bool writer_room(struct writer *writer, size_t n)
{
    if (writer->failed != ERR_NONE) {
        return false;
    }
    if (n <= writer->size - writer->n) {
        return true;
    }
    size_t limit = writer->max + 1;
    if (n > limit - writer->n) {
        writer->failed = ERR_TOO_LARGE;
        return false;
    }
    size_t size = writer->size < FIRST_SIZE / 2 ? FIRST_SIZE : writer->size * 2;
    size = size < writer->n + n ? writer->n + n : size;
    size = size > limit ? limit : size;
    char *bytes = realloc(writer->bytes, size);
    if (bytes == NULL) {
        writer->failed = ERR_NO_MEMORY;
        return false;
    }
    writer->bytes = bytes;
    writer->size = size;
    return true;
}

void writer_bytes(struct writer *writer, const void *bytes, size_t n)
{
    if (n > 0 && writer_room(writer, n)) {
        memcpy(writer->bytes + writer->n, bytes, n);
        writer->n += n;
    }
}

void writer_text(struct writer *writer, const char *text)
{
    writer_bytes(writer, text, strlen(text));
}

void writer_csv_text(struct writer *writer, const char *text)
{
    if (text[strcspn(text, "\",\r\n")] == '\0') {
        writer_text(writer, text);
        return;
    }
    writer_text(writer, "\"");
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        writer_bytes(writer, text, (size_t)(quote - text));
        writer_text(writer, "\"\"");
    }
    writer_text(writer, text);
    writer_text(writer, "\"");
}

/* ---- JSON ---- */

/* After a value or a closing bracket. No comma after an opening bracket, a colon, a comma, the end
 * of a line (NDJSON) or at the start. */
static void put_comma(struct writer *writer)
{
    if (writer->n > 0 && strchr("{[:,\n", writer->bytes[writer->n - 1]) == NULL) {
        writer_bytes(writer, ",", 1);
    }
}

static void put_value(struct writer *writer, const char *text, size_t n)
{
    put_comma(writer);
    writer_bytes(writer, text, n);
}

void writer_raw(struct writer *writer, const char *json)
{
    put_value(writer, json, strlen(json));
}

void writer_open(struct writer *writer, char bracket)
{
    put_value(writer, &bracket, 1);
}

void writer_close(struct writer *writer, char bracket)
{
    writer_bytes(writer, &bracket, 1);
}

void writer_key(struct writer *writer, const char *name)
{
    put_comma(writer);
    writer_bytes(writer, "\"", 1);
    writer_text(writer, name);
    writer_bytes(writer, "\":", 2);
}

void writer_key_string(struct writer *writer, const char *name)
{
    writer_string(writer, name);
    writer_bytes(writer, ":", 1);
}

void writer_null(struct writer *writer)
{
    put_value(writer, "null", 4);
}

void writer_bool(struct writer *writer, bool v)
{
    put_value(writer, v ? "true" : "false", v ? 4 : 5);
}

void writer_int(struct writer *writer, int64_t v)
{
    char text[NUMBER_TEXT_MAX];
    put_value(writer, text, number_format_int(v, text));
}

void writer_number(struct writer *writer, double v)
{
    char text[NUMBER_TEXT_MAX];
    put_value(writer, text, number_format(v, text));
}

void writer_number_exact(struct writer *writer, double v)
{
    char text[NUMBER_TEXT_MAX];
    put_value(writer, text, number_format_exact(v, text));
}

static void put_escape(struct writer *writer, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = strchr(from, c);
    if (found != NULL) {
        writer_bytes(writer, (char[]){'\\', to[found - from]}, 2);
    } else {
        writer_bytes(writer, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    }
}

/* How many bytes from text on stand for themselves. */
static size_t plain_length(const char *text, size_t n)
{
    size_t at = 0;
    while (at < n && (unsigned char)text[at] >= 0x20 && (unsigned char)text[at] < 0x7f &&
           text[at] != '"' && text[at] != '\\') {
        at++;
    }
    return at;
}

void writer_string(struct writer *writer, const char *text)
{
    if (text == NULL) {
        writer_null(writer);
        return;
    }
    put_value(writer, "\"", 1);
    for (size_t n = strlen(text), used; n > 0; text += used, n -= used) {
        uint32_t code;
        used = plain_length(text, n);
        writer_bytes(writer, text, used);
        if (used > 0) {
            continue;
        }
        used = utf8_decode(text, n, &code);
        if (used == 0) {
            writer_text(writer, "\xef\xbf\xbd");
            used = 1;
        } else if (code < 0x20 || code == '"' || code == '\\') {
            put_escape(writer, (unsigned char)code);
        } else {
            writer_bytes(writer, text, used);
        }
    }
    writer_bytes(writer, "\"", 1);
}

void writer_time(struct writer *writer, int64_t ms, enum time_form form)
{
    if (form == TIME_MS) {
        writer_int(writer, ms);
        return;
    }
    char text[TRM_TIME_TEXT_MAX];
    trm_time_format(ms, text);
    writer_string(writer, text);
}
