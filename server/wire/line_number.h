/* The numbers of the line protocol. Knows its grammar for them; refuses to know where they stand.
 * Surprising: floats meet libc only where 15 digits and a power of ten up to 22 are not enough, as
 * one exactly rounded operation does the others. Private to line_protocol. */
#ifndef SERVER_WIRE_LINE_NUMBER_H
#define SERVER_WIRE_LINE_NUMBER_H

#include "server/wire/wire.h"

#include <stdint.h>

/* Longest float in bytes. */
#define LINE_FLOAT_MAX 400

enum line_number { LINE_NUMBER_OK, LINE_NUMBER_SYNTAX, LINE_NUMBER_RANGE };

/* -?(digits[.[digits]] | .digits)[(e|E)[+-]digits], all of the slice: correctly rounded and finite.
 * *ret untouched on failure; so below. */
WIRE_MUST enum line_number line_float(struct wire_slice text, double *ret);

/* -?digits within int64. */
WIRE_MUST enum line_number line_int(struct wire_slice text, int64_t *ret);

/* digits within uint64. */
WIRE_MUST enum line_number line_unsigned(struct wire_slice text, uint64_t *ret);

/* t T true True TRUE f F false False FALSE */
WIRE_MUST bool line_boolean(struct wire_slice text, bool *ret);

#endif
