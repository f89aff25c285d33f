/* Lines for people (logfmt) and for machines (JSON). Surprising: both escape text in the same way,
 * by JSON's rules, which logfmt readers understand; C1 controls are escaped too, because some
 * terminals obey them. */
#include "server/base/log.h"

#include "server/base/clock.h"
#include "server/base/utf8.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    enum log_format format;
    enum log_level level;
} settings = {LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO};

/* ---- fields ---- */

struct log_field log_text(const char *key, const char *text)
{
    return log_text_n(key, text, text ? strlen(text) : 0);
}

struct log_field log_text_n(const char *key, const char *bytes, size_t n)
{
    struct log_field field = {.key = key, .kind = LOG_AS_TEXT};

    field.as.text.bytes = bytes;
    field.as.text.n = bytes ? n : 0;
    return field;
}

struct log_field log_int(const char *key, int64_t value)
{
    return (struct log_field){.key = key, .kind = LOG_AS_INT, .as.i = value};
}

struct log_field log_uint(const char *key, uint64_t value)
{
    return (struct log_field){.key = key, .kind = LOG_AS_UINT, .as.u = value};
}

struct log_field log_real(const char *key, double value)
{
    return (struct log_field){.key = key, .kind = LOG_AS_REAL, .as.real = value};
}

struct log_field log_bool(const char *key, bool value)
{
    return (struct log_field){.key = key, .kind = LOG_AS_BOOL, .as.flag = value};
}

/* ---- writing ---- */

/* Kept free at the end of every line: a cut's mark, the closing brace, the newline. */
#define TAIL_MAX 16

struct line {
    enum log_format format;
    char *bytes;
    size_t n;
    bool full; /* something did not fit; what was begun then is taken back */
};

static void put(struct line *line, const char *bytes, size_t n)
{
    if (line->full || n > LOG_LINE_MAX - TAIL_MAX - line->n) {
        line->full = true;
        return;
    }
    memcpy(line->bytes + line->n, bytes, n);
    line->n += n;
}

static void put_word(struct line *line, const char *word)
{
    put(line, word, strlen(word));
}

static void put_escaped(struct line *line, uint32_t code)
{
    static const char names[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                 ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    char text[8];
    int n;

    if (code < sizeof names && names[code])
        n = snprintf(text, sizeof text, "\\%c", names[code]);
    else
        n = snprintf(text, sizeof text, "\\u%04x", (unsigned)code);
    put(line, text, (size_t)n);
}

static bool must_escape(uint32_t code)
{
    return code < 0x20 || code == '"' || code == '\\' || (code >= 0x7f && code <= 0x9f) ||
           code == 0x2028 || code == 0x2029;
}

static void put_quoted(struct line *line, const char *bytes, size_t n)
{
    put_word(line, "\"");
    for (size_t at = 0; at < n && !line->full;) {
        uint32_t code;
        size_t length = utf8_decode(bytes + at, n - at, &code);
        if (length == 0)
            put_word(line, "\xef\xbf\xbd");
        else if (must_escape(code))
            put_escaped(line, code);
        else
            put(line, bytes + at, length);
        at += length ? length : 1;
    }
    put_word(line, "\"");
}

/* Text that every logfmt reader takes as one word. */
static bool is_plain(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)bytes[i]) && !memchr("-_.:/+@%", bytes[i], 8))
            return false;
    return n > 0;
}

static void put_text(struct line *line, const char *bytes, size_t n)
{
    if (line->format == LOG_FORMAT_LOGFMT && is_plain(bytes, n))
        put(line, bytes, n);
    else
        put_quoted(line, bytes, n);
}

static void put_value(struct line *line, const struct log_field *field)
{
    char number[32];

    switch (field->kind) {
    case LOG_AS_TEXT:
        put_text(line, field->as.text.bytes, field->as.text.n);
        return;
    case LOG_AS_INT:
        snprintf(number, sizeof number, "%" PRId64, field->as.i);
        break;
    case LOG_AS_UINT:
        snprintf(number, sizeof number, "%" PRIu64, field->as.u);
        break;
    case LOG_AS_REAL:
        if (isfinite(field->as.real))
            snprintf(number, sizeof number, "%.9g", field->as.real);
        else
            snprintf(number, sizeof number, "null");
        break;
    case LOG_AS_BOOL:
        snprintf(number, sizeof number, "%s", field->as.flag ? "true" : "false");
        break;
    }
    put_word(line, number);
}

static void put_field(struct line *line, const struct log_field *field)
{
    size_t before = line->n;

    if (line->format == LOG_FORMAT_JSON) {
        put_word(line, line->n == 0 ? "{\"" : ",\"");
        put_word(line, field->key);
        put_word(line, "\":");
    } else {
        put_word(line, line->n == 0 ? "" : " ");
        put_word(line, field->key);
        put_word(line, "=");
    }
    put_value(line, field);
    if (line->full)
        line->n = before;
}

/* There is room: TAIL_MAX was kept free. */
static void put_tail(struct line *line)
{
    bool json = line->format == LOG_FORMAT_JSON;
    int n = snprintf(line->bytes + line->n, TAIL_MAX, "%s%s",
                     !line->full ? ""
                     : json      ? ",\"cut\":true"
                                 : " cut=true",
                     json ? "}" : "");

    line->n += (size_t)n;
    line->bytes[line->n++] = '\n';
}

static void format_time(int64_t wall_ms, char *buf, size_t buf_n)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc = {0};
    char date[32] = "";

    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(buf, buf_n, "%s.%03dZ", date, (int)(wall_ms % 1000));
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_DEBUG:
        return "debug";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_WARN:
        return "warn";
    case LOG_LEVEL_ERROR:
        break;
    }
    return "error";
}

size_t log_render(enum log_format format, int64_t wall_ms, enum log_level level, const char *event,
                  const struct log_field *fields, size_t n, char *buf)
{
    struct line line = {.format = format, .bytes = buf};
    char time_text[48];

    format_time(wall_ms, time_text, sizeof time_text);
    const struct log_field head[] = {log_text("ts", time_text),
                                     log_text("level", level_name(level)), log_text("msg", event)};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        put_field(&line, &head[i]);
    for (size_t i = 1; i < n && !line.full; i++)
        put_field(&line, &fields[i]);
    put_tail(&line);
    return line.n;
}

/* ---- the process's log ---- */

void log_init(enum log_format format, enum log_level level)
{
    settings.format = format;
    settings.level = level;
}

bool log_enabled(enum log_level level)
{
    return level >= settings.level;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    char line[LOG_LINE_MAX];

    if (!log_enabled(level))
        return;
    size_t line_n = log_render(settings.format, clock_wall_ms(), level, event, fields, n, line);
    ssize_t written = write(STDERR_FILENO, line, line_n);
    (void)written;
}
