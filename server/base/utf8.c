/* Strict decoding of one character. */
#include "server/base/utf8.h"

/* Length promised by a first byte, its bits, and the smallest code point that needs that length; 0
 * for what is no first byte. */
static size_t lead(unsigned char byte, uint32_t *ret_bits, uint32_t *ret_least)
{
    if (byte < 0x80) {
        *ret_bits = byte, *ret_least = 0;
        return 1;
    }
    if (byte >= 0xc2 && byte <= 0xdf) {
        *ret_bits = byte & 0x1f, *ret_least = 0x80;
        return 2;
    }
    if (byte >= 0xe0 && byte <= 0xef) {
        *ret_bits = byte & 0x0f, *ret_least = 0x800;
        return 3;
    }
    if (byte >= 0xf0 && byte <= 0xf4) {
        *ret_bits = byte & 0x07, *ret_least = 0x10000;
        return 4;
    }
    return 0;
}

size_t utf8_decode(const char *bytes, size_t n, uint32_t *ret)
{
    uint32_t code, least;
    size_t length = lead((unsigned char)bytes[0], &code, &least);

    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if ((byte & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret = code;
    return length;
}

size_t utf8_cut(const char *bytes, size_t n)
{
    uint32_t bits, least;

    for (size_t back = 1; back <= 3 && back <= n; back++) {
        size_t length = lead((unsigned char)bytes[n - back], &bits, &least);
        if (length > 0)
            return length > back ? n - back : n;
    }
    return n;
}
