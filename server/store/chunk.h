/* Up to 512 points as bytes. Knows one format; refuses to know where the bytes are kept. Surprising: times
 * of an even step cost eight bytes for the whole chunk and values eight each, without compression: at
 * about nine bytes a point the page's own overhead is what is left to gain.
 *
 * Format, little endian:
 *   0  u8   version, 2
 *   1  u8   times: 0 even, 1 uneven
 *   2  u16  n, 1..512
 *   4  i64  first time
 *   12      even: u64 step (0 when n is 1); uneven: n - 1 differences >= 1, each LEB128 of u64
 *   ..      n times f64 (a missing value is the quiet NaN 0x7ff8000000000000)
 *   ..      u32 CRC-32C of every byte before it and, behind them, of the i64 key of the series; so a chunk
 *           that damage elsewhere has moved to another series is told, too. Version 1: without the key. */
#ifndef SERVER_STORE_CHUNK_H
#define SERVER_STORE_CHUNK_H

#include "server/base/series.h"

#define CHUNK_POINTS ((size_t)512)
#define CHUNK_BYTES_MAX (12 + 10 * (CHUNK_POINTS - 1) + 8 * CHUNK_POINTS + 4)

/* Encodes 1..CHUNK_POINTS points of strictly increasing time into buf[CHUNK_BYTES_MAX]; returns the
 * bytes used. */
size_t chunk_encode(int64_t series, const struct point *points, size_t n, uint8_t *buf);

/* Decodes into points[CHUNK_POINTS]. Returns TRM_OK, TRM_EVERSION or TRM_ECORRUPT (outputs untouched by
 * the checks of size and checksum; points may be partly written when an inner field is wrong). Never
 * reads outside bytes[bytes_n]. */
TRM_MUST_CHECK enum trm_status chunk_decode(int64_t series, const uint8_t *bytes, size_t bytes_n,
                                            struct point *points, size_t *ret_n);

#endif
