/* One line per event, on standard error. Knows logfmt and JSON lines and how to escape; refuses to
 * know what is worth logging: only http and daemon log, everything below them returns its errors.
 * Surprising: fields are typed values, not a format string, so no client's text can end a line or
 * forge a field; text that is not UTF-8 becomes U+FFFD.
 *
 *     LOG_INFO("listening", log_text("address", "127.0.0.1:8080"), log_uint("workers", 3));
 *     ts=2026-11-24T10:00:00.123Z level=info msg=listening address=127.0.0.1:8080 workers=3 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Longest line in bytes; a longer one keeps the fields that fit and says cut=true. */
#define LOG_LINE_MAX 4096

/* A key and its value. Keys are ours: lower-case words with underscores, never a client's text. */
struct log_field {
    const char *key;
    enum { LOG_AS_TEXT, LOG_AS_INT, LOG_AS_UINT, LOG_AS_REAL, LOG_AS_BOOL } kind;
    union {
        struct {
            const char *bytes; /* NULL: written as an empty text */
            size_t n;
        } text;
        int64_t i;
        uint64_t u;
        double real; /* NaN and infinities are written as null */
        bool flag;
    } as;
};

struct log_field log_text(const char *key, const char *text);
struct log_field log_text_n(const char *key, const char *bytes, size_t n);
struct log_field log_int(const char *key, int64_t value);
struct log_field log_uint(const char *key, uint64_t value);
struct log_field log_real(const char *key, double value);
struct log_field log_bool(const char *key, bool value);

/* Before any other thread logs, or while no other one does (a reload: while the daemon runs its loop's thread
 * is the one that logs). Without it: logfmt, info. */
void log_init(enum log_format format, enum log_level level);

bool log_enabled(enum log_level level);

/* Writes one line with one write(2): lines of several threads never mix. A line that cannot be
 * written is lost. fields[0] is skipped (the macros below begin with an empty one, so that there
 * may be none). */
void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n);

#define LOG_AT(level, event, ...)                                                                  \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_field log_fields_[] = {{.key = NULL}, ##__VA_ARGS__};                 \
            log_event(level, event, log_fields_, sizeof log_fields_ / sizeof *log_fields_);        \
        }                                                                                          \
    } while (0)
#define LOG_DEBUG(event, ...) LOG_AT(LOG_LEVEL_DEBUG, event, ##__VA_ARGS__)
#define LOG_INFO(event, ...) LOG_AT(LOG_LEVEL_INFO, event, ##__VA_ARGS__)
#define LOG_WARN(event, ...) LOG_AT(LOG_LEVEL_WARN, event, ##__VA_ARGS__)
#define LOG_ERROR(event, ...) LOG_AT(LOG_LEVEL_ERROR, event, ##__VA_ARGS__)

/* The line itself, with its newline, for tests and for whoever writes elsewhere: at most
 * LOG_LINE_MAX bytes into buf, no NUL. Returns its length. */
size_t log_render(enum log_format format, int64_t wall_ms, enum log_level level, const char *event,
                  const struct log_field *fields, size_t n, char *buf);

#endif
