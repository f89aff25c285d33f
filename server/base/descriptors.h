/* How many files and sockets this process may have open. Knows the limits of the system (RLIMIT_NOFILE) and
 * what the daemon needs besides its connections; refuses to know who opens them. Surprising: the soft limit
 * of most systems, 1024, is there for programs that use select(); this one does not, and raises it. */
#ifndef SERVER_DESCRIPTORS_H
#define SERVER_DESCRIPTORS_H

#include <stddef.h>

/* For the store's files, the loop, the log, a backup, and what libraries open for a moment. */
#define DESCRIPTORS_RESERVED ((size_t)64)

/* Raises the soft limit to the hard one, where the system lets it. */
void descriptors_raise(void);

/* How many connections may be open at once where `wanted` are asked for: fewer where their descriptors and
 * the reserve do not fit the limit, at least 1. */
size_t descriptors_for_connections(size_t wanted);

#endif
