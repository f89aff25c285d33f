/* Numbers and times as Prometheus' HTTP API writes and reads them. Knows its forms; refuses to know
 * JSON. Surprising: a value is the shortest text that reads back as the same number, without an
 * exponent from 1e-6 up to 1e21, and times are seconds with at most three decimals. Any thread. */
#ifndef SERVER_WIRE_PROM_NUMBER_H
#define SERVER_WIRE_PROM_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROM_NUMBER_MAX 40

/* "1.5", "NaN", "+Inf", "1e+21". Returns the length; a NUL follows. */
size_t prom_number_format(double v, char buf[PROM_NUMBER_MAX]);

/* The same for a scalar, which Prometheus writes without an exponent whatever its size. */
#define PROM_SCALAR_MAX 352
size_t prom_scalar_format(double v, char buf[PROM_SCALAR_MAX]);

/* UTC ms as seconds: 1435781451.781, 4. */
size_t prom_time_format(int64_t ms, char buf[PROM_NUMBER_MAX]);

/* Float seconds, or RFC 3339, years 1 to 9999. False: neither. */
__attribute__((warn_unused_result)) bool prom_time_parse(const char *text, int64_t *ret_ms);

/* Float seconds, or a duration such as "1m30s"; may be 0 or negative as seconds, as what refuses
 * that says so itself. False: neither, or longer than 100 years. */
__attribute__((warn_unused_result)) bool prom_duration_parse(const char *text, int64_t *ret_ms);

#endif
