/* Asks a running daemon whether it is ready, as a container's health check does. */
#ifndef SERVER_HEALTHCHECK_H
#define SERVER_HEALTHCHECK_H

#include "server/base/config.h"

/* GET /readyz at the configured address, at most some seconds. Returns 0 when it answers 200, else
 * -1 with *err. */
__attribute__((warn_unused_result)) int healthcheck(const struct config *config, struct err *err);

#endif
