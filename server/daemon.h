/* The daemon's life: everything is made, wired together, run, and stopped in order. Knows all
 * layers; refuses to do anything that one of them does. */
#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

#include "server/base/config.h"

/* Exit codes of the program. */
enum exit_code {
    EXIT_CLEAN = 0,
    EXIT_FAILED = 1, /* it could not start, or not stop in order */
    EXIT_USAGE = 2,  /* the command line or the configuration is wrong */
};

/* Reads the configuration again when asked to (SIGHUP, POST /-/reload). Returns 0 or -1 with *err. */
struct daemon_options {
    struct config *config; /* changes with a reload */
    int (*reload)(void *ctx, struct config *ret, struct err *err);
    void *ctx;
};

/* Runs until a signal ends it. */
enum exit_code daemon_run(const struct daemon_options *options);

#endif
