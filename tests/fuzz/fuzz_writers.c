/* What is written by hand, read back by somebody else: the JSON writer against jansson (the bytes
 * are a program of calls, which build a tree at the same time), CSV fields against RFC 4180, and
 * lines of the log, which no text of a client may end or forge. Texts hold any bytes. */
#include "core/calendar.h"
#include "server/base/log.h"
#include "server/base/utf8.h"
#include "server/http/json_writer.h"
#include "tests/fuzz/bite.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define DEPTH_MAX 20

/* What the writer promises of a text: bytes that are no UTF-8 become U+FFFD, one for each. */
static json_t *text_of(const char *text)
{
    char plain[3 * 256 + 1];
    size_t n = strlen(text), made = 0;
    for (size_t at = 0; at < n;) {
        uint32_t c;
        size_t length = utf8_decode(text + at, n - at, &c);
        memcpy(plain + made, length > 0 ? text + at : "\xef\xbf\xbd", length > 0 ? length : 3);
        made += length > 0 ? length : 3;
        at += length > 0 ? length : 1;
    }
    return json_stringn(plain, made);
}

static json_t *write_number(struct writer *w, struct bites *from, bool exact)
{
    double v = bite_double(from);
    if (exact)
        writer_number_exact(w, v);
    else
        writer_number(w, v);
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *write_value(struct writer *w, struct bites *from, size_t depth);

static json_t *write_list(struct writer *w, struct bites *from, size_t depth)
{
    json_t *list = json_array();
    writer_open(w, '[');
    for (size_t n = bite_below(from, 5); n > 0; n--)
        json_array_append_new(list, write_value(w, from, depth + 1));
    writer_close(w, ']');
    return list;
}

static json_t *write_object(struct writer *w, struct bites *from, size_t depth)
{
    json_t *object = json_object();
    char buf[256], key[300];
    writer_open(w, '{');
    for (size_t n = bite_below(from, 5); n > 0; n--) {
        snprintf(key, sizeof key, "%zu%s", n, bite_text(from, buf)); /* unique */
        json_t *name = text_of(key);
        writer_key_string(w, key);
        json_object_set_new(object, json_string_value(name), write_value(w, from, depth + 1));
        json_decref(name);
    }
    writer_close(w, '}');
    return object;
}

static json_t *write_value(struct writer *w, struct bites *from, size_t depth)
{
    char buf[256];
    int64_t whole;
    uint8_t kind = bite_byte(from);
    if (depth < DEPTH_MAX && kind % 8 == 6)
        return write_list(w, from, depth);
    if (depth < DEPTH_MAX && kind % 8 == 7)
        return write_object(w, from, depth);
    switch (kind % 8) {
    case 0:
        writer_null(w);
        return json_null();
    case 1:
        writer_bool(w, kind >= 128);
        return json_boolean(kind >= 128);
    case 2:
        bite(from, &whole, sizeof whole);
        writer_int(w, whole);
        return json_integer(whole);
    case 3:
        return write_number(w, from, false);
    case 4:
        return write_number(w, from, true);
    default:
        bite_text(from, buf);
        writer_string(w, buf);
        return text_of(buf);
    }
}

/* Equal, but that a number has at least 9 digits right. */
static bool same(const json_t *a, const json_t *b)
{
    const char *key;
    const json_t *value;
    if (json_is_real(a) && json_is_number(b))
        return fabs(json_real_value(a) - json_number_value(b)) <= 6e-9 * fabs(json_real_value(a));
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        for (size_t i = 0; i < json_array_size(a); i++)
            if (!same(json_array_get(a, i), json_array_get(b, i)))
                return false;
        return json_array_size(a) == json_array_size(b);
    }
    if (!json_is_object(a))
        return json_equal(a, b);
    json_object_foreach((json_t *)(uintptr_t)a, key,
                        value) if (!same(value, json_object_get(b, key))) return false;
    return json_object_size(a) == json_object_size(b);
}

static void check_json(struct bites *from)
{
    struct writer w;
    char *text;
    size_t n;
    struct err err;
    json_error_t why;
    writer_init(&w, 1 << 20);
    json_t *meant = write_value(&w, from, 0);
    FUZZ_REQUIRE(writer_finish(&w, &text, &n, &err) == 0 && text[n] == '\0');
    json_t *read =
        json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (read == NULL || !same(meant, read))
        fprintf(stderr, "%s: %.*s\n", read == NULL ? why.text : "another value", (int)n, text);
    FUZZ_REQUIRE(read != NULL && same(meant, read));
    json_decref(meant);
    json_decref(read);
    free(text);
}

/* One field, as RFC 4180 reads it. */
static void check_csv(struct bites *from)
{
    char meant[256], read[256];
    struct writer w;
    char *text;
    size_t n, made = 0;
    struct err err;
    writer_init(&w, 1 << 12);
    writer_csv_text(&w, bite_text(from, meant));
    writer_text(&w, ",x\n");
    FUZZ_REQUIRE(writer_finish(&w, &text, &n, &err) == 0);
    const char *at = text;
    bool quoted = *at == '"';
    for (at += quoted; quoted ? *at != '"' || at[1] == '"' : strchr(",\r\n", *at) == NULL; at++) {
        at += quoted && *at == '"';
        FUZZ_REQUIRE(quoted || *at != '"');
        read[made++] = *at;
    }
    read[made] = '\0';
    FUZZ_REQUIRE(strcmp(at + quoted, ",x\n") == 0);
    json_t *a = text_of(meant), *b = text_of(read);
    FUZZ_REQUIRE(strcmp(meant, read) == 0 || json_equal(a, b));
    json_decref(a);
    json_decref(b);
    free(text);
}

static void check_log(struct bites *from)
{
    char first[256], second[256], line[LOG_LINE_MAX + 1];
    const struct log_field fields[] = {{.key = NULL},
                                       log_text("path", bite_text(from, first)),
                                       log_text("detail", bite_text(from, second)),
                                       log_real("ms", bite_double(from))};
    for (int format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
        size_t n = log_render((enum log_format)format, 0, LOG_LEVEL_WARN, "request failed", fields,
                              4, line);
        FUZZ_REQUIRE(n > 0 && n <= LOG_LINE_MAX && memchr(line, '\n', n) == line + n - 1);
        for (size_t i = 0; i + 1 < n; i++)
            FUZZ_REQUIRE((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
        if (format == LOG_FORMAT_LOGFMT)
            continue;
        json_t *read = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL), *path = text_of(first);
        FUZZ_REQUIRE(read != NULL && json_equal(json_object_get(read, "path"), path));
        json_decref(read);
        json_decref(path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct bites from = {bytes, n};
    check_json(&from);
    check_csv(&from);
    check_log(&from);
    return 0;
}
