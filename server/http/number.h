/* Numbers as text. Knows JSON's number grammar and correct rounding both ways; refuses to know what
 * a number means. Surprising: most numbers never meet libc: at most 15 digits times or over a power
 * of ten up to 1e22 is one exactly rounded operation; the rest go to strtod and snprintf, which
 * speak "C" because the program never calls setlocale.
 *
 * Any thread. No allocation. */
#ifndef SERVER_HTTP_NUMBER_H
#define SERVER_HTTP_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Longest number that is read, and room for any number that is written, with its NUL. */
#define NUMBER_TEXT_MAX 64

enum number_status {
    NUMBER_OK,
    NUMBER_SYNTAX,   /* not a JSON number */
    NUMBER_RANGE,    /* a JSON number, but beyond what the type holds */
    NUMBER_FRACTION, /* number_parse_int only: not a whole number */
    NUMBER_LONG,     /* more than NUMBER_TEXT_MAX - 1 bytes */
};

/* Words for a failure, to be put after the name of what was read: "is not a number", … */
const char *number_status_text(enum number_status status);

/* Reads text[n] (need not be NUL-terminated), all of it, in JSON's grammar:
 * -?int(.digits)?(e[+-]?digits)?, no leading zero or plus. The result is correctly rounded and
 * finite. *ret untouched on failure. */
__attribute__((warn_unused_result)) enum number_status number_parse(const char *text, size_t n,
                                                                    double *ret);

/* The same grammar for whole numbers within int64_t: 1500, -3, 15e2, 1.5e3. Exact up to 2^63 in
 * plain digits; forms with a fraction or an exponent up to 2^53 in magnitude. */
__attribute__((warn_unused_result)) enum number_status number_parse_int(const char *text, size_t n,
                                                                        int64_t *ret);

/* The three writers return the length and add a NUL; buf holds NUMBER_TEXT_MAX bytes. The first two
 * write "null" for NaN and infinities. */

/* 9 significant digits, no trailing zeros: what forecasts need. Numbers of at most 9 digits come
 * out as they are. */
size_t number_format(double v, char *buf);

/* Text that reads back as exactly v: the shortest where 15 digits are enough, else 16 or 17. */
size_t number_format_exact(double v, char *buf);

size_t number_format_int(int64_t v, char *buf);

#endif
