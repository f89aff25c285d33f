/* jansson's memory. Knows every block of a tree that is being read; refuses to know JSON.
 * Surprising: where memory is short the reading is left by a jump out of the allocation and its
 * blocks are freed from a list: jansson itself goes on with a token that lacks a byte, and may read
 * behind its end.
 *
 * All of jansson's blocks in a program that links this are made here, from its start on: they are
 * freed by jansson (json_decref) or by the function that json_get_alloc_funcs names, never by
 * free(). Threads: any; a tree is one thread's at a time. */
#ifndef SERVER_HTTP_JSON_MEMORY_H
#define SERVER_HTTP_JSON_MEMORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* json_loadb; NULL with *ret_no_memory where there is not enough memory (why is then worth
 * nothing). */
json_t *json_memory_load(const char *bytes, size_t n, size_t flags, json_error_t *why,
                         bool *ret_no_memory);

#endif
