/* Two configurations are compared as they are printed, line by line. */
#include "server/reload.h"

#include "server/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The configuration as text (malloc), or NULL when out of memory. */
static char *printed(const struct config *config)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return NULL;
    config_print(config, out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static size_t log_differences(const char *before, const char *after)
{
    size_t n = 0;

    while (*before && *after) {
        size_t before_n = strcspn(before, "\n"), after_n = strcspn(after, "\n");
        if (before_n != after_n || memcmp(before, after, after_n) != 0) {
            LOG_WARN("configuration changed: restart to use it",
                     log_text_n("now", before, before_n), log_text_n("then", after, after_n));
            n++;
        }
        before += before_n + (before[before_n] == '\n');
        after += after_n + (after[after_n] == '\n');
    }
    return n;
}

static void compare(const struct config *now, const struct config *then)
{
    char *before = printed(now), *after = printed(then);

    if (!before || !after)
        LOG_ERROR("configuration not compared", log_text("error", "out of memory"));
    else if (log_differences(before, after) == 0)
        LOG_INFO("configuration is valid and unchanged");
    free(before);
    free(after);
}

void reload_check(const struct config *now,
                  int (*load)(void *ctx, struct config *ret, struct err *err), void *ctx)
{
    struct config *then = malloc(sizeof *then);
    struct err err = {.msg = "out of memory"};

    if (!then || load(ctx, then, &err))
        LOG_ERROR("configuration is wrong, the old one stays", log_text("error", err.msg));
    else
        compare(now, then);
    free(then);
}
