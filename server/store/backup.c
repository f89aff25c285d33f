/* See backup.h. The copy itself needs no journal and no syncs of SQLite's: until it has its name nobody reads
 * it, and a half one is thrown away. */
#include "server/store/backup.h"

#include "server/base/clock.h"
#include "server/base/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum phase { COPY, SUM, NAME };

struct backup {
    enum phase phase;
    struct db *db;
    char *dir, *path, *hidden; /* path: dir/name; hidden: what it is called until it is whole */
    int fd;                    /* of the hidden file; -1: not there */
    sqlite3 *copy;
    sqlite3_backup *pages;
    uint64_t started_ns, bytes;
    struct sha256 sha;
    uint8_t piece[BACKUP_PIECE_BYTES];
};

/* ---- errors ---- */

static bool is_full(int number)
{
    return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

static int fail_errno(const char *what, const char *path, int number, struct err *err)
{
    enum err_code code = is_full(number) ? ERR_NO_SPACE : number == EIO ? ERR_UNAVAILABLE : ERR_STORAGE;

    return err_set(err, code, "cannot %s %.200s: %s", what, path, strerror(number));
}

/* code is what SQLite said of the copy or of what is copied. Of a write that failed it keeps no errno: then
 * it is still the thread's own. */
static int fail_copy(const struct backup *backup, int code, struct err *err)
{
    int number = (code & 0xff) == SQLITE_FULL ? ENOSPC : (code & 0xff) == SQLITE_IOERR ? errno : 0;

    if ((code & 0xff) == SQLITE_NOMEM)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (is_full(number))
        return fail_errno("write", backup->path, number, err);
    bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    return err_set(err, damaged ? ERR_STORAGE : ERR_UNAVAILABLE, "the copy to %.200s failed: %s",
                   backup->path, sqlite3_errstr(code));
}

/* ---- the beginning ---- */

static int make_names(struct backup *backup, const char *dir, const char *name, struct err *err)
{
    if (asprintf(&backup->path, "%s/%s", dir, name) < 0)
        backup->path = NULL;
    if (asprintf(&backup->hidden, "%s/.%s.%ld.partial", dir, name, (long)getpid()) < 0)
        backup->hidden = NULL;
    backup->dir = strdup(dir);
    if (!backup->dir || !backup->path || !backup->hidden)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    return 0;
}

static int taken(const struct backup *backup, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "%.200s is there already, and a backup replaces nothing",
                   backup->path);
}

/* What a process of this number left behind under the hidden name is half a copy. */
static int make_file(struct backup *backup, struct err *err)
{
    if (access(backup->path, F_OK) == 0)
        return taken(backup, err);
    unlink(backup->hidden);
    backup->fd = open(backup->hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (backup->fd < 0)
        return fail_errno("create", backup->path, errno, err);
    (void)flock(backup->fd, LOCK_EX | LOCK_NB); /* where locks do not work nobody gets one to sweep it */
    return 0;
}

static int open_copy(struct backup *backup, struct err *err)
{
    int code = sqlite3_open_v2(backup->hidden, &backup->copy,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_exec(backup->copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL,
                            NULL);
    if (code != SQLITE_OK)
        return fail_copy(backup, code, err);
    backup->pages = sqlite3_backup_init(backup->copy, "main", backup->db->sqlite, "main");
    if (!backup->pages)
        return fail_copy(backup, sqlite3_errcode(backup->copy), err);
    return 0;
}

int backup_begin(struct db *db, const char *dir, const char *name, struct backup **ret, struct err *err)
{
    struct backup *backup = calloc(1, sizeof(*backup));

    if (!backup)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    backup->db = db;
    backup->fd = -1;
    backup->started_ns = clock_mono_ns();
    sha256_init(&backup->sha);
    if (make_names(backup, dir, name, err) < 0 || make_file(backup, err) < 0 ||
        open_copy(backup, err) < 0) {
        backup_free(backup);
        return -1;
    }
    *ret = backup;
    return 0;
}

/* ---- the steps ---- */

static int close_copy(struct backup *backup)
{
    int code = sqlite3_backup_finish(backup->pages), closed = sqlite3_close(backup->copy);

    backup->pages = NULL;
    backup->copy = NULL;
    return code == SQLITE_OK ? closed : code;
}

static int step_copy(struct backup *backup, struct err *err)
{
    int code = sqlite3_backup_step(backup->pages, BACKUP_PAGES);

    if (code == SQLITE_OK)
        return 1;
    if (code != SQLITE_DONE)
        return fail_copy(backup, code, err);
    code = close_copy(backup);
    if (code != SQLITE_OK)
        return fail_copy(backup, code, err);
    backup->phase = SUM;
    return 1;
}

/* Waiting for the disk piece by piece keeps the sync at the end short. Where the system cannot do that, only
 * that is lost. */
static int step_sum(struct backup *backup, struct err *err)
{
    ssize_t n = pread(backup->fd, backup->piece, sizeof(backup->piece), (off_t)backup->bytes);

    if (n < 0)
        return fail_errno("read", backup->path, errno, err);
    if (n == 0) {
        backup->phase = NAME;
        return 1;
    }
    sha256_add(&backup->sha, backup->piece, (size_t)n);
    sync_file_range(backup->fd, (off_t)backup->bytes, n,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    backup->bytes += (uint64_t)n;
    return 1;
}

static int sync_folder(const struct backup *backup, struct err *err)
{
    int fd = open(backup->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0) {
        fail_errno("sync", backup->dir, errno, err);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

static int step_name(struct backup *backup, struct store_backup *ret, struct err *err)
{
    if (fsync(backup->fd) < 0)
        return fail_errno("sync", backup->path, errno, err);
    if (link(backup->hidden, backup->path) < 0)
        return errno == EEXIST ? taken(backup, err) : fail_errno("name", backup->path, errno, err);
    unlink(backup->hidden);
    close(backup->fd);
    backup->fd = -1;
    if (sync_folder(backup, err) < 0)
        return -1;
    ret->bytes = backup->bytes;
    sha256_end(&backup->sha, ret->sha256);
    ret->ns = clock_mono_ns() - backup->started_ns;
    return 0;
}

int backup_step(struct backup *backup, struct store_backup *ret, struct err *err)
{
    switch (backup->phase) {
    case COPY:
        return step_copy(backup, err);
    case SUM:
        return step_sum(backup, err);
    case NAME:
        break;
    }
    return step_name(backup, ret, err);
}

void backup_free(struct backup *backup)
{
    if (!backup)
        return;
    sqlite3_backup_finish(backup->pages); /* accepts NULL, as the next */
    sqlite3_close(backup->copy);
    if (backup->fd >= 0) {
        close(backup->fd);
        unlink(backup->hidden);
    }
    free(backup->dir);
    free(backup->path);
    free(backup->hidden);
    free(backup);
}

/* ---- what was left behind ---- */

/* .NAME.db.PID.partial */
static bool is_hidden_name(const char *name)
{
    const char *suffix = strstr(name, ".partial"), *digits = suffix;

    if (name[0] != '.' || !suffix || strcmp(suffix, ".partial") != 0)
        return false;
    while (digits > name && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    return digits < suffix && digits - name > 5 && strncmp(digits - 4, ".db.", 4) == 0;
}

/* Whether it was a file that nobody works on, and has gone. */
static bool sweep_one(int dir_fd, const char *name)
{
    struct stat st;
    int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool gone = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
                unlinkat(dir_fd, name, 0) == 0;
    close(fd);
    return gone;
}

size_t backup_sweep(const char *dir)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    size_t n = 0;

    if (!folder)
        return 0;
    while ((entry = readdir(folder)))
        n += is_hidden_name(entry->d_name) && sweep_one(dirfd(folder), entry->d_name);
    closedir(folder);
    return n;
}
