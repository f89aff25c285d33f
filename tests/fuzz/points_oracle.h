/* What a body of points means according to jansson: the other opinion for the hand-written reader.
 */
#ifndef TESTS_FUZZ_POINTS_ORACLE_H
#define TESTS_FUZZ_POINTS_ORACLE_H

#include "server/base/series.h"
#include "server/http/points_reader.h"

/* Reads a JSON body, or one line of NDJSON. Returns whether it is to be accepted; then *ret
 * (malloc, the caller's) holds the points. */
bool points_oracle_json(const char *body, size_t n, struct point **ret, size_t *ret_n);
bool points_oracle_line(const char *line, size_t n, struct point *ret);

/* Same time, same value to the bit, or both missing. */
bool points_same(const struct point *a, const struct point *b);

/* Feeds the reader in pieces of `piece` bytes (0: whole). Returns 0 with the points, or -1 with
 * *err. */
int oracle_read(enum points_format format, const char *body, size_t n, size_t piece,
                struct point **ret, size_t *ret_n, struct err *err);

/* Reads the body whole and in pieces of 1, 3 and 7 bytes and aborts where the outcomes differ, in
 * points, words or place. Returns as oracle_read. */
int oracle_read_all_ways(enum points_format format, const char *body, size_t n, struct point **ret,
                         size_t *ret_n, struct err *err);

/* Whether a refusal is the reader's own bound on the length of a token, which jansson does not
 * have. */
bool points_refused_for_length(const struct err *err);

#endif
