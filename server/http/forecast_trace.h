/* The reasoning behind a forecast, step by step, as JSON and in words. Knows what each number of a
 * trace means to a reader; refuses to know how it came about (core/forecast.h). Surprising: the words
 * are made of the numbers beside them and nothing else, so that neither can say what the other does
 * not. */
#ifndef SERVER_HTTP_FORECAST_TRACE_H
#define SERVER_HTTP_FORECAST_TRACE_H

#include "core/forecast.h"
#include "server/http/json_writer.h"

/* A key and a list of numbers, as one field of an open object. */
void writer_numbers(struct writer *writer, const char *key, const double *values, size_t n);

/* The field "trace" of an open object: a list with one object a step. */
void forecast_write_trace(struct writer *writer, const struct trm_forecast *forecast);

#endif
