/* Slices and kept errors. */
#include "server/wire/wire.h"

#include "server/base/utf8.h"

#include <string.h>

#define SHOWN_BYTES 40

void wire_errors_add(struct wire_errors *errors, const struct err *err)
{
    if (errors->n < errors->max) {
        errors->kept[errors->n] = *err;
    }
    errors->n++;
}

int wire_slice_compare(struct wire_slice a, struct wire_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.at, b.at, n);

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Whether the eight bytes at `at` are ASCII. */
static bool eight_ascii(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool wire_slice_is_utf8(struct wire_slice slice)
{
    size_t i = 0;
    uint32_t code;

    while (i < slice.n) {
        if (slice.n - i >= 8 && eight_ascii(slice.at + i)) {
            i += 8;
            continue;
        }
        bool ascii = (unsigned char)slice.at[i] < 0x80;
        size_t length = ascii ? 1 : utf8_decode(slice.at + i, slice.n - i, &code);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

const char *wire_show(struct wire_slice slice, char buf[WIRE_SHOW_MAX])
{
    size_t n = 0;
    uint32_t code;

    for (size_t i = 0; i < slice.n;) {
        size_t length = utf8_decode(slice.at + i, slice.n - i, &code);
        bool shown = length > 0 && code >= 0x20 && (code < 0x7f || code > 0x9f);
        size_t used = shown ? length : 1;
        if (n + used > SHOWN_BYTES) {
            memcpy(buf + n, "…", strlen("…"));
            n += strlen("…");
            break;
        }
        memcpy(buf + n, shown ? slice.at + i : "?", used);
        n += used;
        i += length > 0 ? length : 1;
    }
    buf[n] = '\0';
    return buf;
}
