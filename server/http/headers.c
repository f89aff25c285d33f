/* Reading request headers in one pass over them, and the framing rules. See headers.h. */
#include "server/http/headers.h"

#include "server/http/number.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

/* The first of several wins; those that must not come twice are counted. */
static void keep(const char **slot, const char *value)
{
    if (*slot == NULL)
        *slot = value == NULL ? "" : value;
}

static void take_framing(struct headers *headers, const char *name, const char *value)
{
    if (strcasecmp(name, "content-length") == 0) {
        keep(&headers->content_length, value);
        headers->content_length_n++;
    } else if (strcasecmp(name, "transfer-encoding") == 0) {
        keep(&headers->transfer_encoding, value);
        headers->transfer_encoding_n++;
    } else if (strcasecmp(name, "host") == 0) {
        keep(&headers->host, value);
        headers->host_n++;
    } else if (strcasecmp(name, "expect") == 0) {
        headers->expect_continue = value != NULL && strcasecmp(value, "100-continue") == 0;
    }
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!plain && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return n > 0;
}

/* Nothing but a tab of the control characters. */
static bool is_value(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            return false;
    return true;
}

/* What a folded line makes of a header that says where the body ends. */
static bool is_longer(const char *name, size_t n, const char *framing)
{
    size_t framing_n = strlen(framing);
    return n > framing_n && strncasecmp(name, framing, framing_n) == 0;
}

static bool is_malformed(const char *name, size_t name_n, const char *value, size_t value_n)
{
    return !is_token(name, name_n) || (value != NULL && !is_value(value, value_n)) ||
           is_longer(name, name_n, "content-length") || is_longer(name, name_n, "transfer-encoding");
}

static enum MHD_Result take(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n,
                            const char *value, size_t value_n)
{
    struct headers *headers = cls;
    (void)kind;
    head_check_header(&headers->check, name, name_n, value, value_n);
    headers->malformed = headers->malformed || is_malformed(name, name_n, value, value_n);
    if (strcasecmp(name, "accept") == 0)
        keep(&headers->accept, value);
    else if (strcasecmp(name, "accept-encoding") == 0)
        keep(&headers->accept_encoding, value);
    else if (strcasecmp(name, "content-type") == 0)
        keep(&headers->content_type, value);
    else if (strcasecmp(name, "content-encoding") == 0)
        keep(&headers->content_encoding, value);
    else if (strcasecmp(name, "if-none-match") == 0)
        keep(&headers->if_none_match, value);
    else if (strcasecmp(name, "prefer") == 0)
        keep(&headers->prefer, value);
    else if (strcasecmp(name, "traceparent") == 0)
        keep(&headers->traceparent, value);
    else if (strcasecmp(name, "origin") == 0)
        keep(&headers->origin, value);
    else if (strcasecmp(name, "sec-fetch-site") == 0)
        keep(&headers->fetch_site, value);
    else if (strcasecmp(name, "authorization") == 0)
        keep(&headers->authorization, value), headers->authorization_n++;
    else
        take_framing(headers, name, value);
    return MHD_YES;
}

static int check_length(struct headers *headers, struct err *err)
{
    const char *text = headers->content_length;
    size_t n = strspn(text, "0123456789");
    int64_t length;
    if (n == 0 || text[n] != '\0')
        return err_set(err, ERR_SYNTAX, "Content-Length must be a whole number");
    while (text[0] == '0' && text[1] != '\0')
        text++, n--;
    if (number_parse_int(text, n, &length) != NUMBER_OK)
        length = INT64_MAX; /* more than any limit */
    headers->body_bytes = (uint64_t)length;
    headers->has_body = length > 0;
    return 0;
}

static int check_framing(struct headers *headers, bool needs_host, struct err *err)
{
    if (headers->malformed)
        return err_set(err, ERR_SYNTAX,
                       "a header's name must be a token with its colon at once behind it, its value without "
                       "control characters and on one line");
    if (!head_check_end(&headers->check))
        return err_set(err, ERR_SYNTAX,
                       "the request's head holds a NUL, a folded line, a header without a name, or "
                       "blanks where one space belongs");
    if (needs_host && headers->host_n == 0)
        return err_set(err, ERR_SYNTAX, "HTTP/1.1 needs a Host header");
    if (headers->content_length_n > 1 || headers->transfer_encoding_n > 1 || headers->host_n > 1)
        return err_set(err, ERR_SYNTAX,
                       "Content-Length, Transfer-Encoding and Host may each be given once");
    if (headers->content_length_n > 0 && headers->transfer_encoding_n > 0)
        return err_set(err, ERR_SYNTAX,
                       "Content-Length and Transfer-Encoding must not be given together");
    if (headers->content_length_n > 0)
        return check_length(headers, err);
    if (headers->transfer_encoding_n > 0 && strcasecmp(headers->transfer_encoding, "chunked") != 0)
        return err_set(err, ERR_SYNTAX, "the only Transfer-Encoding understood is \"chunked\"");
    headers->has_body = headers->chunked = headers->transfer_encoding_n > 0;
    return 0;
}

int headers_read(struct MHD_Connection *connection, const struct request_line *line, struct headers *ret,
                 struct err *err)
{
    bool needs_host = strcmp(line->version, MHD_HTTP_VERSION_1_0) != 0;
    *ret = (struct headers){0};
    head_check_begin(&ret->check, connection, line);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take, ret);
    return check_framing(ret, needs_host, err);
}
