/* What a fuzzer's bytes say over a connection. Knows a little language in which a change of a body
 * keeps its length and its coding right, because a fuzzer that has to guess a checksum gets
 * nowhere; refuses to know HTTP beyond the end of a head. Surprising: there is no mutator of our
 * own: the language is made so that any change of any byte is a script again.
 *
 * Bytes stand for themselves, but for a head (up to an empty line) that holds \x01: it is followed
 * by a body, up to \x02 or the end, and \x01 becomes the body's length in digits. A body may begin
 * with \x03 (it is sent as gzip), \x04 (snappy), \x05 (in chunks; without \x01) or \x06 (zstd,
 * where it is built in). */
#ifndef TESTS_FUZZ_HTTP_SCRIPT_H
#define TESTS_FUZZ_HTTP_SCRIPT_H

#include "tests/wire/encode.h"

/* Appends what the script[n] says. */
void http_script(const uint8_t *script, size_t n, struct bytes *ret);

/* bytes as one gzip member (malloc by bytes_add). */
void http_gzip(const uint8_t *from, size_t n, struct bytes *ret);

#endif
