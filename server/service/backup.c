/* A backup of the store, under a name that a client may choose. Surprising: a client names a file and never a
 * place: the folder is the operator's word, and the name cannot leave it. */
#include "server/service/parts.h"

#include "core/calendar.h"
#include "server/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".db"

struct backing_up {
    struct service *service;
    char name[BACKUP_NAME_MAX + 1];
    backup_done done;
    void *ctx;
};

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_name(const char *name)
{
    size_t n = strlen(name), end = strlen(SUFFIX);

    if (n <= end || n > BACKUP_NAME_MAX || name[0] == '.' || strcmp(name + n - end, SUFFIX) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_name_byte(name[i]))
            return false;
    return true;
}

/* tstrm-20261124T155251.123Z.db: the time without what a name may not have. */
static void name_after_time(int64_t now_ms, char *ret)
{
    char time[TRM_TIME_TEXT_MAX];
    size_t n = 0;

    trm_time_format(now_ms, time);
    for (const char *at = time; *at; at++)
        if (*at != '-' && *at != ':')
            time[n++] = *at;
    time[n] = '\0';
    snprintf(ret, BACKUP_NAME_MAX + 1, "tstrm-%s" SUFFIX, time);
}

static int choose_name(const char *asked, char *ret, struct err *err)
{
    if (!asked) {
        name_after_time(clock_wall_ms(), ret);
        return 0;
    }
    if (is_name(asked)) {
        memcpy(ret, asked, strlen(asked) + 1);
        return 0;
    }
    err_set(err, ERR_INVALID,
            "\"%.60s\", expected a file name of at most %d letters, digits, \".\", \"-\" and \"_\", not "
            "first a \".\", that ends in \"" SUFFIX "\"",
            asked, BACKUP_NAME_MAX);
    return err_at(err, "/name");
}

static void was_made(void *ctx, struct store_result *result)
{
    struct backing_up *backing_up = ctx;
    bool failed = result->err.code != ERR_NONE;

    backing_up->service->store_n--; /* it says nothing about the store's own file */
    backing_up->done(backing_up->ctx, failed ? &result->err : NULL, backing_up->name, &result->backup);
    free(backing_up);
}

int service_backup(struct service *service, const char *name, backup_done done, void *ctx,
                   struct err *err)
{
    if (check_open(service, err))
        return -1;
    if (service->config->backup_dir[0] == '\0')
        return err_set(err, ERR_CONFLICT,
                       "the daemon was started without a folder for backups: start it with --backup-dir DIR");
    struct backing_up *backing_up = malloc(sizeof *backing_up);
    if (!backing_up)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *backing_up = (struct backing_up){.service = service, .done = done, .ctx = ctx};
    if (choose_name(name, backing_up->name, err) ||
        store_backup(service->store, service->config->backup_dir, backing_up->name, was_made, backing_up,
                     err)) {
        free(backing_up);
        return -1;
    }
    store_began(service);
    return 0;
}
