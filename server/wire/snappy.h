/* Snappy's block format, decoding only. Knows the published format description (google/snappy,
 * format_description.txt, 2020-10-13); refuses the framed format by name, and to compress.
 * Surprising: a block that claims to be longer than its bytes can make it (64 bytes from 3 at best)
 * is refused from its first bytes, so that a short body cannot make the caller allocate much.
 *
 * A block is its uncompressed size as a varint (up to 2^32 - 1), then literals and copies of what
 * was written before. Every length and offset is checked before a byte moves: never reads outside
 * the input, never reads or writes outside the output.
 *
 * Errors: ERR_TOO_LARGE (a declared size over `max`), ERR_SYNTAX (not a block, with err->place
 * "byte N" of the compressed input, counted from 0), ERR_NO_MEMORY.
 *
 * Cost: the bench `wire` has figures; about a memcpy for literals, some ns for each copy. */
#ifndef SERVER_WIRE_SNAPPY_H
#define SERVER_WIRE_SNAPPY_H

#include "server/wire/wire.h"

#include <stdint.h>

/* The uncompressed size that a block declares, checked against max and against what n bytes can
 * hold. Allocates nothing and looks at the first few bytes only. 0, or -1 with *err. */
WIRE_MUST int snappy_size(const void *bytes, size_t n, size_t max, size_t *ret, struct err *err);

/* Decodes into to[to_n], where to_n is what snappy_size said (another size fails). The input and
 * the output must not overlap. 0, or -1 with *err; what `to` holds is then not defined. */
WIRE_MUST int snappy_decode(const void *bytes, size_t n, void *to, size_t to_n, struct err *err);

/* Both: *ret is malloc'ed (never NULL, even where *ret_n is 0) and the caller's. 0, or -1 with *err
 * and outputs untouched. */
WIRE_MUST int snappy_decode_new(const void *bytes, size_t n, size_t max, char **ret, size_t *ret_n,
                                struct err *err);

#endif
