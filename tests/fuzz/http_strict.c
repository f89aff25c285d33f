/* One line after the other. See http_strict.h. */
#include "tests/fuzz/http_strict.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

struct line {
    const char *at;
    size_t n;    /* without its end */
    size_t next; /* offset behind its end; 0: the line is not complete */
};

static struct line line_at(const char *bytes, size_t n, size_t at)
{
    const char *end = at < n ? memchr(bytes + at, '\n', n - at) : NULL;
    struct line line = {bytes + at, n - at, 0};
    if (end == NULL)
        return line;
    line.n = (size_t)(end - line.at);
    line.next = at + line.n + 1;
    line.n -= line.n > 0 && line.at[line.n - 1] == '\r';
    return line;
}

static bool is_token(const char *at, size_t n)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < n; i++) {
        char c = at[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!plain && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return n > 0;
}

/* Nothing that another parser could take for an end: NUL or CR. */
static bool is_plain(const char *at, size_t n)
{
    return memchr(at, '\0', n) == NULL && memchr(at, '\r', n) == NULL;
}

static bool is(const char *at, size_t n, const char *word)
{
    return n == strlen(word) && strncasecmp(at, word, n) == 0;
}

/* ---- headers ---- */

struct head {
    unsigned lengths, encodings, hosts;
    bool chunked, close, keep_alive;
    bool json, gzip;
    uint64_t length;
};

static bool number_of(const char *at, size_t n, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *ret = *ret > UINT64_MAX / 100 ? *ret : *ret * 10 + (uint64_t)(at[i] - '0');
    }
    return n > 0;
}

/* Whether a list of words between commas holds one. */
static bool lists(const char *at, size_t n, const char *word)
{
    for (size_t i = 0; i < n;) {
        const char *comma = memchr(at + i, ',', n - i);
        size_t end = comma == NULL ? n : (size_t)(comma - at), from = i, to = end;
        while (from < to && (at[from] == ' ' || at[from] == '\t'))
            from++;
        while (to > from && (at[to - 1] == ' ' || at[to - 1] == '\t'))
            to--;
        if (is(at + from, to - from, word))
            return true;
        i = end + 1;
    }
    return false;
}

/* NULL, or what is doubtful. */
static const char *take_header(struct head *head, const char *name, size_t name_n,
                               const char *value, size_t value_n)
{
    if (is(name, name_n, "content-length")) {
        head->lengths++;
        return number_of(value, value_n, &head->length) ? NULL : "Content-Length is no number";
    }
    if (is(name, name_n, "transfer-encoding")) {
        head->encodings++;
        head->chunked = is(value, value_n, "chunked");
        return head->chunked ? NULL : "Transfer-Encoding is not chunked";
    }
    if (is(name, name_n, "host"))
        head->hosts++;
    if (is(name, name_n, "connection")) {
        head->close |= lists(value, value_n, "close");
        head->keep_alive |= lists(value, value_n, "keep-alive");
    }
    if (is(name, name_n, "content-type"))
        head->json = (value_n >= 16 && memcmp(value, "application/json", 16) == 0) ||
                     (value_n >= 24 && memcmp(value, "application/problem+json", 24) == 0);
    if (is(name, name_n, "content-encoding"))
        head->gzip = is(value, value_n, "gzip");
    return NULL;
}

static const char *take_line(struct head *head, struct line line)
{
    const char *colon = memchr(line.at, ':', line.n);
    if (!is_plain(line.at, line.n))
        return "a NUL or CR within a line";
    if (line.at[0] == ' ' || line.at[0] == '\t')
        return "a folded line";
    if (colon == NULL || !is_token(line.at, (size_t)(colon - line.at)))
        return "a header's name";
    const char *value = colon + 1;
    size_t n = line.n - (size_t)(value - line.at);
    while (n > 0 && (*value == ' ' || *value == '\t'))
        value++, n--;
    while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        n--;
    return take_header(head, line.at, (size_t)(colon - line.at), value, n);
}

/* Reads headers from *at to the empty line. STRICT_WHOLE with *at behind it, or what else it is. */
static enum strict_end take_head(const char *bytes, size_t n, size_t *at, struct head *head,
                                 const char **why)
{
    *head = (struct head){0};
    for (;;) {
        struct line line = line_at(bytes, n, *at);
        if (line.next == 0)
            return STRICT_UNFINISHED;
        *at = line.next;
        if (line.n == 0)
            return STRICT_WHOLE;
        *why = take_line(head, line);
        if (*why != NULL)
            return STRICT_DOUBT;
    }
}

/* ---- chunks ---- */

static bool hex_of(const char *at, size_t n, uint64_t *ret)
{
    *ret = 0;
    size_t digits = 0;
    for (; digits < n && at[digits] != ';' && at[digits] != ' ' && at[digits] != '\t'; digits++) {
        char c = (char)(at[digits] | 0x20);
        int value = at[digits] >= '0' && at[digits] <= '9' ? at[digits] - '0'
                    : c >= 'a' && c <= 'f'                 ? c - 'a' + 10
                                                           : -1;
        if (value < 0 || *ret > UINT64_MAX >> 5)
            return false;
        *ret = *ret << 4 | (uint64_t)value;
    }
    return digits > 0;
}

/* One chunk at *at: its bytes at *ret. */
static enum strict_end take_chunk(const char *bytes, size_t n, size_t *at, size_t *ret,
                                  uint64_t *ret_n)
{
    struct line line = line_at(bytes, n, *at);
    if (line.next == 0)
        return STRICT_UNFINISHED;
    if (!is_plain(line.at, line.n) || !hex_of(line.at, line.n, ret_n))
        return STRICT_DOUBT;
    *at = *ret = line.next;
    if (*ret_n == 0)
        return STRICT_WHOLE;
    if (*ret_n > n - *at)
        return STRICT_UNFINISHED;
    *at += (size_t)*ret_n;
    line = line_at(bytes, n, *at);
    if (n - *at < 2 && line.next == 0)
        return STRICT_UNFINISHED;
    *at = line.next;
    return line.next != 0 && line.n == 0 ? STRICT_WHOLE : STRICT_DOUBT;
}

static enum strict_end take_chunks(const char *bytes, size_t n, size_t *at)
{
    struct head trailers;
    const char *why;
    uint64_t size = 1;
    while (size > 0) {
        size_t where;
        enum strict_end end = take_chunk(bytes, n, at, &where, &size);
        if (end != STRICT_WHOLE)
            return end;
    }
    return take_head(bytes, n, at, &trailers, &why);
}

size_t strict_unchunk(char *bytes, size_t n)
{
    size_t at = 0, kept = 0, where;
    for (uint64_t size = 1; size > 0;) {
        if (take_chunk(bytes, n, &at, &where, &size) != STRICT_WHOLE)
            return SIZE_MAX;
        memmove(bytes + kept, bytes + where, (size_t)size);
        kept += (size_t)size;
    }
    return kept;
}

/* ---- requests ---- */

static const char *take_request_line(const char *bytes, struct line line,
                                     struct strict_request *ret, bool *ret_old)
{
    const char *end = line.at + line.n;
    const char *target = memchr(line.at, ' ', line.n);
    const char *version =
        target == NULL ? NULL : memchr(target + 1, ' ', (size_t)(end - target - 1));
    ret->head = line.n >= 5 && memcmp(line.at, "HEAD ", 5) == 0; /* of a doubtful one too */
    if (!is_plain(line.at, line.n) || version == NULL)
        return "the request line";
    size_t method_n = (size_t)(target - line.at);
    if (method_n == 0 || version == target + 1 || strncmp(version, " HTTP/1.", 8) != 0 ||
        version[8] < '0' || version[8] > '9' || end != version + 9)
        return "the request line";
    ret->safe = ret->head || (method_n == 3 && memcmp(line.at, "GET", 3) == 0) ||
                (method_n == 7 && memcmp(line.at, "OPTIONS", 7) == 0);
    ret->target = (size_t)(target + 1 - bytes);
    ret->target_n = (size_t)(version - target - 1);
    *ret_old = version[8] == '0';
    return NULL;
}

static const char *framing_doubt(const struct head *head, bool old)
{
    if (head->lengths + head->encodings > 1)
        return "more than one length";
    if (head->encodings > 0 && old)
        return "chunks in HTTP/1.0";
    return head->hosts > 1 || (head->hosts == 0 && !old) ? "Host" : NULL;
}

static enum strict_end take_body(const char *bytes, size_t n, size_t *at, const struct head *head)
{
    if (head->chunked)
        return take_chunks(bytes, n, at);
    if (head->length > n - *at)
        return STRICT_UNFINISHED;
    *at += (size_t)head->length;
    return STRICT_WHOLE;
}

void strict_request(const char *bytes, size_t n, struct strict_request *ret)
{
    struct head head;
    bool old = false;
    size_t at = 0;
    *ret = (struct strict_request){.end = STRICT_NOTHING};
    struct line line = line_at(bytes, n, at);
    while (line.next != 0 && line.n == 0) { /* empty lines before a request */
        at = line.next;
        line = line_at(bytes, n, at);
    }
    if (at == n)
        return;
    ret->end = STRICT_UNFINISHED;
    if (line.next == 0)
        return;
    ret->why = take_request_line(bytes, line, ret, &old);
    at = line.next;
    ret->end = ret->why != NULL ? STRICT_DOUBT : take_head(bytes, n, &at, &head, &ret->why);
    if (ret->end != STRICT_WHOLE)
        return;
    ret->why = framing_doubt(&head, old);
    ret->end = ret->why != NULL ? STRICT_DOUBT : take_body(bytes, n, &at, &head);
    ret->why = ret->end == STRICT_DOUBT && ret->why == NULL ? "chunks" : ret->why;
    ret->n = at;
    ret->last = head.close || (old && !head.keep_alive);
}

/* ---- answers ---- */

static bool take_status_line(struct line line, unsigned *ret)
{
    uint64_t status;
    if (line.next == 0 || line.n < 13 || line.at[line.n] != '\r' ||
        memcmp(line.at, "HTTP/1.", 7) != 0 || (line.at[7] != '1' && line.at[7] != '0') ||
        line.at[8] != ' ' || !number_of(line.at + 9, 3, &status) || line.at[12] != ' ' ||
        status < 100 || status > 599)
        return false;
    *ret = (unsigned)status;
    return true;
}

/* The length of a chunked body with its frame; SIZE_MAX: it is not right. */
static size_t chunks_n(const char *bytes, size_t n, size_t at)
{
    size_t from = at;
    return take_chunks(bytes, n, &at) == STRICT_WHOLE ? at - from : SIZE_MAX;
}

void strict_answer(const char *bytes, size_t n, bool to_head, struct strict_answer *ret)
{
    struct head head;
    const char *why;
    struct line line = line_at(bytes, n, 0);
    size_t at = line.next;
    *ret = (struct strict_answer){0};
    if (!take_status_line(line, &ret->status) ||
        take_head(bytes, n, &at, &head, &why) != STRICT_WHOLE || head.lengths > 1 ||
        head.encodings > 1)
        return;
    bool bare = to_head || ret->status < 200 || ret->status == 204 || ret->status == 304;
    ret->closes = !bare && !head.chunked && head.lengths == 0;
    ret->body = at;
    ret->body_n = bare           ? 0
                  : head.chunked ? chunks_n(bytes, n, at)
                  : ret->closes  ? n - at
                                 : (size_t)head.length;
    if (ret->body_n > n - at)
        return;
    ret->chunked = !bare && head.chunked;
    ret->closes = ret->closes || head.close;
    ret->json = head.json;
    ret->gzip = head.gzip;
    ret->n = at + ret->body_n;
}
