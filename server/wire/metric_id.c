/* The text is written once into the id's place, and a second time into a hash where it does not fit. */
#include "server/wire/metric_id.h"

#include "server/base/sha256.h"
#include "server/base/utf8.h"

#include <string.h>

#define NAME_KEPT 160
#define HASH_DIGITS 32

struct out {
    char *to;            /* the first `max` bytes; or NULL … */
    struct sha256 *hash; /* … and all of them */
    size_t n, max;
    bool control; /* there was a control character */
};

static void put(struct out *out, const char *bytes, size_t n)
{
    if (out->hash)
        sha256_add(out->hash, bytes, n);
    else if (out->n + n <= out->max)
        memcpy(out->to + out->n, bytes, n);
    out->n += n;
}

bool metric_name_is_plain(struct wire_slice name, bool colon)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.n > 0;
}

/* U+0080 to U+009F are 0xc2 with 0x80 to 0x9f behind it. */
static bool is_control(const char *at, size_t n)
{
    unsigned char c = (unsigned char)*at;

    return c < 0x20 || c == 0x7f || (c == 0xc2 && n > 1 && (unsigned char)at[1] < 0xa0);
}

static const char *escape_of(char c)
{
    return c == '\n' ? "\\n" : c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
}

static void put_quoted(struct out *out, struct wire_slice text)
{
    size_t from = 0;

    put(out, "\"", 1);
    for (size_t i = 0; i < text.n; i++) {
        const char *escape = escape_of(text.at[i]);
        if (escape) {
            put(out, text.at + from, i - from);
            put(out, escape, 2);
            from = i + 1;
        } else if (is_control(text.at + i, text.n - i)) {
            out->control = true;
        }
    }
    put(out, text.at + from, text.n - from);
    put(out, "\"", 1);
}

static void put_name(struct out *out, struct wire_slice name, bool colon)
{
    if (metric_name_is_plain(name, colon))
        put(out, name.at, name.n);
    else
        put_quoted(out, name);
}

static bool is_metric(const struct remote_write_label *label)
{
    return wire_slice_is(label->name, "__name__");
}

static void write(struct out *out, const struct remote_write_label *labels, size_t n,
                  struct wire_slice metric)
{
    bool plain = metric_name_is_plain(metric, true), first = plain, open = !plain;

    if (open)
        put(out, "{", 1);
    put_name(out, metric, true);
    for (size_t i = 0; i < n; i++) {
        if (is_metric(&labels[i]))
            continue;
        put(out, first ? "{" : ",", 1);
        first = false;
        open = true;
        put_name(out, labels[i].name, false);
        put(out, "=", 1);
        put_quoted(out, labels[i].value);
    }
    if (open)
        put(out, "}", 1);
}

/* As much of the name as fits, cut between characters. */
static size_t put_kept_name(struct wire_slice metric, char *to)
{
    size_t n = 0;
    uint32_t code;

    for (size_t i = 0; i < metric.n;) {
        size_t length = utf8_decode(metric.at + i, metric.n - i, &code);
        bool control = length == 0 || is_control(metric.at + i, metric.n - i);
        if (n + (control ? 1 : length) > NAME_KEPT)
            break;
        memcpy(to + n, control ? "_" : metric.at + i, control ? 1 : length);
        n += control ? 1 : length;
        i += length ? length : 1;
    }
    return n;
}

static size_t hashed_id(const struct remote_write_label *labels, size_t n, struct wire_slice metric,
                        char *ret)
{
    char digest[SHA256_HEX_MAX];
    struct sha256 hash;
    struct out out = {.hash = &hash};

    sha256_init(&hash);
    write(&out, labels, n, metric);
    sha256_end(&hash, digest);
    size_t used = put_kept_name(metric, ret);
    ret[used++] = '~';
    memcpy(ret + used, digest, HASH_DIGITS);
    ret[used + HASH_DIGITS] = '\0';
    return used + HASH_DIGITS;
}

size_t metric_id(const struct remote_write_label *labels, size_t n, char ret[SERIES_ID_MAX + 1])
{
    struct out out = {.to = ret, .max = SERIES_ID_MAX};
    struct wire_slice metric = {"", 0};

    for (size_t i = 0; i < n; i++)
        if (is_metric(&labels[i]))
            metric = labels[i].value;
    write(&out, labels, n, metric);
    if (out.n > SERIES_ID_MAX || out.control)
        return hashed_id(labels, n, metric, ret);
    ret[out.n] = '\0';
    return out.n;
}
