/* A shared object for LD_PRELOAD: fails the nth call of a kind on a store's files, in a program that was
 * built
 * without knowing. FAULT_DISK_CALL is CALL:NTH:COUNT:ERRNO, for example pwrite:17:1:5: CALL is pwrite, fsync
 * or
 * pread;
 * COUNT 0: for ever, but only while the file that FAULT_DISK_WHILE names is there. Knows files by the
 * ends of their names (.db, .db-wal); refuses to fail others. Surprising: fsync and fdatasync are one kind.
 * */
#undef _FILE_OFFSET_BITS /* else one of each pair of names stands for the other */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at);
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at);
ssize_t pread(int fd, void *bytes, size_t n, off_t at);
ssize_t pread64(int fd, void *bytes, size_t n, off64_t at);

static atomic_long calls;

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), end_n = strlen(end);

    return n >= end_n && strcmp(text + n - end_n, end) == 0;
}

static bool is_stores(int fd)
{
    char link[64], path[4096];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    return ends_in(path, ".db") || ends_in(path, ".db-wal");
}

/* Whether this call fails; errno says why. */
static bool fails(const char *call, int fd)
{
    const char *text = getenv("FAULT_DISK_CALL"), *while_there = getenv("FAULT_DISK_WHILE");
    char kind[16];
    long nth, count;
    int number;

    if (!text || sscanf(text, "%15[a-z]:%ld:%ld:%d", kind, &nth, &count, &number) != 4)
        return false;
    if (strcmp(kind, call) != 0 || !is_stores(fd))
        return false;
    if (while_there && access(while_there, F_OK) != 0)
        return false;
    long now = atomic_fetch_add(&calls, 1) + 1;
    if (now < nth || (count > 0 && now >= nth + count))
        return false;
    errno = number;
    return true;
}

/* The system's own of this name. */
static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found)
        abort();
    return found;
}

/* An off_t is as wide as an off64_t where this runs. */
static ssize_t write_at(const char *name, int fd, const void *bytes, size_t n, off64_t at)
{
    ssize_t (*call)(int, const void *, size_t, off64_t) = next(name);

    return fails("pwrite", fd) ? -1 : call(fd, bytes, n, at);
}

static ssize_t read_at(const char *name, int fd, void *bytes, size_t n, off64_t at)
{
    ssize_t (*call)(int, void *, size_t, off64_t) = next(name);

    return fails("pread", fd) ? -1 : call(fd, bytes, n, at);
}

static int sync_one(const char *name, int fd)
{
    int (*call)(int) = next(name);

    return fails("fsync", fd) ? -1 : call(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return write_at("pwrite", fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return write_at("pwrite64", fd, bytes, n, at);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    return read_at("pread", fd, bytes, n, at);
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t at)
{
    return read_at("pread64", fd, bytes, n, at);
}

int fsync(int fd)
{
    return sync_one("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_one("fdatasync", fd);
}
