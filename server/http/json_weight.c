/* One pass, in and out of texts. See json_weight.h. */
#include "server/http/json_weight.h"

/* As jansson 2.14 and glibc's malloc have it on 64 bits: the value, its place in its parent, the first room
 * of a container. */
enum { OBJECT_BYTES = 256, ARRAY_BYTES = 128, KEY_BYTES = 64, VALUE_BYTES = 48, TEXT_BYTES = 32 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void weigh_text(struct json_weight *weight, char c)
{
    weight->bytes++;
    if (weight->escaped)
        weight->escaped = false;
    else if (c == '\\')
        weight->escaped = true;
    else if (c == '"')
        weight->in_text = false;
}

static void weigh_structure(struct json_weight *weight, char c)
{
    switch (c) {
    case '{':
        weight->bytes += OBJECT_BYTES;
        break;
    case '[':
        weight->bytes += ARRAY_BYTES;
        break;
    case ':':
        weight->bytes += KEY_BYTES;
        break;
    case ',':
        weight->bytes += VALUE_BYTES;
        break;
    case '"':
        weight->bytes += TEXT_BYTES;
        weight->in_text = true;
        break;
    default:
        break;
    }
}

int json_weigh(struct json_weight *weight, const char *bytes, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        char c = bytes[i];
        if (weight->in_text) {
            weigh_text(weight, c);
        } else if (is_digit(c)) {
            if (++weight->digits > JSON_NUMBER_MAX)
                return err_set(err, ERR_SYNTAX, "a number of more than %d digits", JSON_NUMBER_MAX);
        } else {
            weight->digits = c == '.' ? weight->digits : 0;
            weigh_structure(weight, c);
        }
    }
    if (weight->bytes > JSON_TREE_BYTES_MAX)
        return err_set(err, ERR_TOO_LARGE,
                       "the body holds too many values: read, they would take more than %zu MiB of memory",
                       JSON_TREE_BYTES_MAX >> 20);
    return 0;
}
