/* UTF-8, strictly. Knows which byte sequences are characters (RFC 3629: nothing overlong, no
 * surrogates, nothing above U+10FFFF); refuses to know what characters mean. Any thread. */
#ifndef SERVER_UTF8_H
#define SERVER_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character that bytes[0..n-1] begins with, n >= 1. Returns its length, 1 to 4, or 0
 * where no valid character begins (*ret untouched). */
size_t utf8_decode(const char *bytes, size_t n, uint32_t *ret);

/* The largest length <= n of bytes that does not end inside a character; bytes that are not UTF-8
 * are cut where they are. */
size_t utf8_cut(const char *bytes, size_t n);

#endif
