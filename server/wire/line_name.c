/* Measurements, tags' keys and values, fields' keys. Knows which characters end a name and which a
 * backslash protects; refuses to know what comes next. Surprising: a name is copied only where it
 * has an escape in it. */
#include "server/wire/line_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Whether a byte may need a look: controls, space, comma, equals sign, backslash. */
static inline bool is_plain(unsigned char byte)
{
    static const bool special[256] = {
        [0 ... 0x20] = true, [','] = true, ['='] = true, ['\\'] = true, [0x7f] = true};

    return !special[byte];
}

int line_at(const struct line_reader *reader, const char *at, struct err *err)
{
    err_item(err, reader->cursor.line - 1);
    return err_at(err, "line %zu, column %zu", reader->cursor.line,
                  (size_t)(at - reader->cursor.line_first) + 1);
}

int line_wrong(const struct line_reader *reader, const char *at, struct err *err,
               const char *format, ...)
{
    char text[ERR_MSG_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(err, ERR_SYNTAX, "%s", text);
    return line_at(reader, at, err);
}

bool line_ends(const struct line_reader *reader, const char *at)
{
    return at == reader->end || *at == '\n' ||
           (*at == '\r' && (at + 1 == reader->end || at[1] == '\n'));
}

static bool escapes(enum line_name kind, char byte)
{
    return byte == ',' || byte == ' ' || (byte == '=' && kind != LINE_MEASUREMENT);
}

/* Whether an unescaped special byte ends a name. */
static bool ends_name(enum line_name kind, char byte)
{
    return byte == ' ' || byte == ',' || (byte == '=' && kind != LINE_MEASUREMENT);
}

/* The name's end, and whether it has an escape in it. */
static const char *name_end(const struct line_reader *reader, enum line_name kind,
                            bool *ret_escaped)
{
    const char *at = reader->cursor.at, *end = reader->end;

    *ret_escaped = false;
    for (; at < end; at++) {
        if (is_plain((unsigned char)*at) || (*at == '=' && kind == LINE_MEASUREMENT)) {
            continue;
        }
        if (*at != '\\') {
            return at;
        }
        if (at + 1 < end && escapes(kind, at[1])) {
            *ret_escaped = true;
            at++;
        }
    }
    return at;
}

static struct wire_slice without_escapes(struct line_reader *reader, enum line_name kind,
                                         struct wire_slice name)
{
    char *first = reader->scratch_at, *to = first;

    for (size_t i = 0; i < name.n; i++) {
        i += name.at[i] == '\\' && i + 1 < name.n && escapes(kind, name.at[i + 1]);
        *to++ = name.at[i];
    }
    reader->scratch_at = to;
    return (struct wire_slice){first, (size_t)(to - first)};
}

static int empty_name(const struct line_reader *reader, enum line_name kind, struct err *err)
{
    static const char *const words[] = {
        [LINE_MEASUREMENT] = "no measurement, expected measurement,tag=value field=value timestamp",
        [LINE_TAG_KEY] = "an empty tag key, expected tag=value after a comma",
        [LINE_TAG_VALUE] = "a tag without a value, expected tag=value, or to leave the tag out",
        [LINE_FIELD_KEY] = "an empty field key, expected field=value",
    };

    return line_wrong(reader, reader->cursor.at, err, "%s", words[kind]);
}

int line_take_name(struct line_reader *reader, enum line_name kind, struct wire_slice *ret,
                   struct err *err)
{
    bool escaped;
    const char *end = name_end(reader, kind, &escaped);
    struct wire_slice name = {reader->cursor.at, (size_t)(end - reader->cursor.at)};

    if (!line_ends(reader, end) && !ends_name(kind, *end)) {
        return line_wrong(reader, end, err, "the control character 0x%02x in a name",
                          (unsigned)(unsigned char)*end);
    }
    if (name.n == 0) {
        return empty_name(reader, kind, err);
    }
    if (name.n > reader->options->limits.name_bytes_max) {
        err_set(err, ERR_TOO_LARGE, "a name of %zu bytes, at most %zu are taken", name.n,
                reader->options->limits.name_bytes_max);
        return line_at(reader, name.at, err);
    }
    if (!wire_slice_is_utf8(name)) {
        return line_wrong(reader, name.at, err, "a name that is not UTF-8");
    }
    *ret = escaped ? without_escapes(reader, kind, name) : name;
    reader->cursor.at = end;
    return 0;
}
