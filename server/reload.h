/* What SIGHUP and POST /-/reload do: the configuration is read and checked again; what may change while
 * running changes at once, and what is different otherwise is told: a restart would use it. The files
 * that options name (keys, certificate) are read again too, and all of it changes or nothing. Refuses
 * to know what an option does, but for the log's two. */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "server/base/config.h"

/* Returns 0 with every option that is different now (ret[CONFIG_OPTIONS_MAX]), each logged; or -1 with *err
 * (what config_load says), logged, and nothing has changed. On the loop's thread. */
struct reload_steps {
    int (*load)(void *ctx, struct config *ret, struct err *err);
    int (*prepare)(void *ctx, const struct config *then, struct err *err); /* reads the files it names */
    void (*adopt)(void *ctx);                                              /* what prepare has read */
    void *load_ctx, *ctx;
};
int reload(struct config *now, const struct reload_steps *steps, struct config_change *ret, size_t *ret_n,
           struct err *err);

#endif
