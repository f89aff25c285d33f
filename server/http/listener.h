/* A listening socket. Knows host names and addresses; refuses to know what comes over it. Surprising: not
 * left to libmicrohttpd, which can say neither which address failed nor why. Buffers are bounded here, for
 * every connection inherits them: the kernel's own would grow to 4 MiB for one that reads nothing. */
#ifndef SERVER_HTTP_LISTENER_H
#define SERVER_HTTP_LISTENER_H

#include "server/base/err.h"

#include <stdint.h>

/* Binds the first address of host that can be bound; port 0: any free one. Returns 0 with the descriptor
 * (non-blocking, closed on exec) and the port, or -1 with ERR_UNAVAILABLE. */
__attribute__((warn_unused_result)) int listener_open(const char *host, uint16_t port, int *ret_fd,
                                                      uint16_t *ret_port, struct err *err);

#endif
