/* What SIGHUP does: the configuration is read and checked again, and what is different is logged.
 * Nothing is swapped while running: every option is used at the start only, so the log says what a
 * restart would change. */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "server/base/config.h"

void reload_check(const struct config *now,
                  int (*load)(void *ctx, struct config *ret, struct err *err), void *ctx);

#endif
