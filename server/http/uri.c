/* A request target cut at its separators first and decoded piece by piece afterwards, all in place: a
 * decoded piece is never longer than it was. See uri.h. */
#include "server/http/uri.h"

#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes a NUL-terminated piece in place. A zero byte is refused: everybody behind this reads C strings,
 * and "a%00b" must not be taken for "a". */
static int decode(char *text, struct err *err)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex(in[1]), low = high < 0 ? -1 : hex(in[2]);
        if (low < 0)
            return err_set(err, ERR_SYNTAX,
                           "\"%%\" in the request target must be followed by two hexadecimal digits");
        if (high == 0 && low == 0)
            return err_set(err, ERR_SYNTAX, "the request target must not contain %%00");
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = '\0';
    return 0;
}

/* The path behind "http://host"; NULL where text is no absolute form. */
static char *after_authority(char *text)
{
    size_t skip = 0;
    if (strncasecmp(text, "http://", 7) == 0)
        skip = 7;
    else if (strncasecmp(text, "https://", 8) == 0)
        skip = 8;
    return skip == 0 ? NULL : text + skip + strcspn(text + skip, "/?");
}

static int parse_path(char *path, struct uri *uri, struct err *err)
{
    char *rest = path;
    while (rest != NULL) {
        char *piece = strsep(&rest, "/");
        if (decode(piece, err) != 0)
            return -1;
        if (uri->segment_n < URI_SEGMENTS_MAX)
            uri->segment[uri->segment_n] = piece;
        if (uri->segment_n <= URI_SEGMENTS_MAX)
            uri->segment_n++;
    }
    return 0;
}

int uri_parse_query(char *query, struct uri *uri, struct err *err)
{
    char *rest = query;
    while (rest != NULL) {
        char *value = strsep(&rest, "&");
        char *name = strsep(&value, "=");
        if (*name == '\0' && value == NULL)
            continue; /* "a=1&&b=2" */
        if (decode(name, err) != 0 || (value != NULL && decode(value, err) != 0))
            return -1;
        if (uri->param_n == URI_PARAMS_MAX)
            return err_set(err, ERR_TOO_LARGE, "more than %d query parameters", URI_PARAMS_MAX);
        uri->param[uri->param_n++] = (struct uri_param){name, value == NULL ? "" : value};
    }
    return 0;
}

bool uri_has_blank(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return true;
    return false;
}

int uri_parse_path(char *text, struct uri *ret, char **ret_query, struct err *err)
{
    struct uri uri = {0};
    if (strcmp(text, "*") == 0) {
        *ret = (struct uri){.asterisk = true};
        *ret_query = NULL;
        return 0;
    }
    char *path = *text == '/' ? text : after_authority(text);
    if (path == NULL)
        return err_set(err, ERR_SYNTAX, "the request target must begin with \"/\"");
    path[strcspn(path, "#")] = '\0';
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    if (*path == '/')
        path++;
    if (parse_path(path, &uri, err) != 0)
        return -1;
    *ret = uri;
    *ret_query = query;
    return 0;
}
