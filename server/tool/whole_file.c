/* Whole files. Knows fsync and rename. Surprising: the folder is synchronised too, since a rename is a change
 * of the folder; where that cannot be done the file still counts as written. */
#include "server/tool/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_fully(int fd, unsigned char *to, size_t n)
{
    for (size_t have = 0; have < n;) {
        ssize_t got = read(fd, to + have, n - have);
        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            return false;
        }
        have += (size_t)got;
    }
    return true;
}

int whole_file_read(const char *path, size_t max, unsigned char **ret, size_t *ret_n,
                    struct tool_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned char *bytes = NULL;
    struct stat about;
    int rc = 0;

    if (fd < 0 || fstat(fd, &about) != 0)
        rc = tool_fail(err, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(about.st_mode) || about.st_size == 0 || (size_t)about.st_size > max)
        rc = tool_fail(err, "%s: not a file of 1 to %zu bytes", path, max);
    else if (!(bytes = malloc((size_t)about.st_size)) || !read_fully(fd, bytes, (size_t)about.st_size))
        rc = tool_fail(err, "%s: cannot read: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (rc) {
        free(bytes);
        return rc;
    }
    *ret = bytes;
    *ret_n = (size_t)about.st_size;
    return 0;
}

static bool write_fully(int fd, const unsigned char *from, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t put = write(fd, from + done, n - done);
        if (put < 0 && errno != EINTR)
            return false;
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

static void sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

int whole_file_write(const char *path, const void *bytes, size_t n, struct tool_err *err)
{
    char *draft = malloc(strlen(path) + sizeof ".tmp");

    if (!draft)
        return tool_fail(err, "%s: out of memory", path);
    sprintf(draft, "%s.tmp", path);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write_fully(fd, bytes, n) && fsync(fd) == 0;
    int broken = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        broken = errno;
    }
    if (ok && rename(draft, path) != 0) {
        ok = false;
        broken = errno;
    }
    if (ok)
        sync_folder_of(path);
    else if (fd >= 0)
        unlink(draft);
    free(draft);
    return ok ? 0 : tool_fail(err, "%s: cannot write: %s", path, strerror(broken));
}
