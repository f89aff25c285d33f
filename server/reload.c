/* See reload.h. */
#include "server/reload.h"

#include "server/base/log.h"

#include <stdlib.h>

static void log_changes(const struct config_change *changes, size_t n)
{
    if (n == 0)
        LOG_INFO("configuration is valid and unchanged");
    for (size_t i = 0; i < n; i++) {
        if (changes[i].adopted)
            LOG_INFO("configuration changed", log_text("option", changes[i].option),
                     log_text("from", changes[i].from), log_text("to", changes[i].to));
        else
            LOG_WARN("configuration changed: restart to use it", log_text("option", changes[i].option),
                     log_text("now", changes[i].from), log_text("then", changes[i].to));
    }
}

int reload(struct config *now, const struct reload_steps *steps, struct config_change *ret, size_t *ret_n,
           struct err *err)
{
    struct config *then = malloc(sizeof *then);
    int failed = then ? steps->load(steps->load_ctx, then, err)
                      : err_set(err, ERR_NO_MEMORY, "out of memory");

    if (!failed)
        failed = steps->prepare(steps->ctx, then, err);
    if (failed) {
        LOG_ERROR("configuration is wrong, the old one stays", log_text("error", err->msg));
    } else {
        *ret_n = config_adopt(now, then, ret);
        log_init(now->log_format, now->log_level);
        log_changes(ret, *ret_n);
        steps->adopt(steps->ctx);
    }
    free(then);
    return failed;
}
