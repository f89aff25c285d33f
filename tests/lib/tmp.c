/* Folders and files for tests. */
#include "tests/lib/tmp.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void give_up(const char *what)
{
    perror(what);
    abort();
}

void tmp_make(char *buf)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(buf, TMP_PATH_MAX, "%s/tstrm-test-XXXXXX", base ? base : "/tmp");

    if (n >= TMP_PATH_MAX || !mkdtemp(buf))
        give_up(buf);
}

void tmp_write(const char *folder, const char *name, const char *text)
{
    char path[2 * TMP_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (n >= (int)sizeof path)
        give_up("path too long");
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(path, 0700) && errno != EEXIST)
            give_up(path);
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file))
        give_up(path);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *at)
{
    (void)stat, (void)type, (void)at;
    return remove(path);
}

void tmp_remove(const char *folder)
{
    if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS))
        give_up(folder);
}
