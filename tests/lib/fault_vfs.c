/* See fault_vfs.h. */
#include "tests/lib/fault_vfs.h"

#include "core/rng.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

/* ---- what a power cut leaves ---- */

enum change_kind { CHANGE_WRITE, CHANGE_TRUNCATE, CHANGE_DELETE };

struct change {
    struct change *next;
    enum change_kind kind;
    size_t at, n; /* truncate: n is the size */
    uint8_t bytes[];
};

/* A file by its path: what is synced, and what came since. */
struct image {
    struct image *next;
    char *path;
    bool there;
    uint8_t *bytes;
    size_t n;
    struct change *first, **end;
};

static struct {
    pthread_mutex_t mutex;
    sqlite3_vfs *real;
    struct fault fault;
    bool armed;
    uint64_t calls[FAULT_OPS], failed;
    bool watching, gone;
    char *dir;
    uint64_t power_nth, power_calls, seed;
    struct image *images;
} all = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void resize(struct image *image, size_t n)
{
    uint8_t *bytes = realloc(image->bytes, n + 1);

    assert(bytes);
    if (n > image->n)
        memset(bytes + image->n, 0, n - image->n);
    image->bytes = bytes;
    image->n = n;
}

static void put(struct image *image, size_t at, const uint8_t *bytes, size_t n)
{
    if (at + n > image->n)
        resize(image, at + n);
    memcpy(image->bytes + at, bytes, n);
    image->there = true;
}

static void clear_changes(struct image *image)
{
    while (image->first) {
        struct change *change = image->first;
        image->first = change->next;
        free(change);
    }
    image->end = &image->first;
}

static void forget_images(void)
{
    while (all.images) {
        struct image *image = all.images;
        all.images = image->next;
        clear_changes(image);
        free(image->path);
        free(image->bytes);
        free(image);
    }
}

static struct image *image_of(const char *path)
{
    for (struct image *image = all.images; image; image = image->next)
        if (strcmp(image->path, path) == 0)
            return image;
    struct image *image = calloc(1, sizeof(*image));
    assert(image);
    image->path = strdup(path);
    image->end = &image->first;
    image->next = all.images;
    all.images = image;
    return image;
}

static void note(struct image *image, enum change_kind kind, size_t at, const void *bytes, size_t n)
{
    size_t room = kind == CHANGE_WRITE ? n : 0;
    struct change *change = malloc(sizeof(*change) + room);

    assert(change);
    *change = (struct change){.kind = kind, .at = at, .n = n};
    if (room)
        memcpy(change->bytes, bytes, room);
    *image->end = change;
    image->end = &change->next;
}

static void apply(struct image *image, const struct change *change)
{
    switch (change->kind) {
    case CHANGE_WRITE:
        put(image, change->at, change->bytes, change->n);
        break;
    case CHANGE_TRUNCATE:
        resize(image, change->n);
        break;
    case CHANGE_DELETE:
        image->there = false;
        resize(image, 0);
        break;
    }
}

static void apply_all(struct image *image)
{
    for (const struct change *change = image->first; change; change = change->next)
        apply(image, change);
    image->there = true;
    clear_changes(image);
}

/* Each sector of each write by itself. */
static void apply_some(struct image *image, struct trm_rng *rng, unsigned percent)
{
    for (const struct change *change = image->first; change; change = change->next) {
        if (change->kind != CHANGE_WRITE) {
            if (trm_rng_below(rng, 100) < percent)
                apply(image, change);
            continue;
        }
        for (size_t at = change->at, end = at + change->n; at < end;) {
            size_t n = SECTOR - at % SECTOR < end - at ? SECTOR - at % SECTOR : end - at;
            if (trm_rng_below(rng, 100) < percent)
                put(image, at, change->bytes + (at - change->at), n);
            at += n;
        }
    }
}

static void leave_files(void)
{
    static const unsigned percents[] = {0, 10, 50, 90, 100};
    struct trm_rng rng;
    char path[4200];

    trm_rng_seed(&rng, all.seed);
    for (struct image *image = all.images; image; image = image->next) {
        apply_some(image, &rng, percents[trm_rng_below(&rng, 5)]);
        if (!image->there)
            continue;
        const char *name = strrchr(image->path, '/');
        snprintf(path, sizeof(path), "%s/%s", all.dir, name ? name + 1 : image->path);
        FILE *file = fopen(path, "wbe");
        assert(file);
        size_t written = fwrite(image->bytes, 1, image->n, file);
        assert(written == image->n);
        fclose(file);
    }
}

/* With the lock held. Whether the power is there for one more change. */
static bool power(void)
{
    if (!all.watching)
        return true;
    if (all.gone)
        return false;
    if (++all.power_calls != all.power_nth)
        return true;
    all.gone = true;
    leave_files();
    return false;
}

/* ---- faults ---- */

/* With the lock held: SQLITE_OK, or how this call fails. */
static int judge(enum fault_op op)
{
    uint64_t call = ++all.calls[op];

    if (all.gone)
        return SQLITE_IOERR;
    if (!all.armed || op != all.fault.op || call < all.fault.nth ||
        (call > all.fault.nth && !all.fault.for_ever))
        return SQLITE_OK;
    all.failed++;
    return all.fault.code;
}

static int judge_locked(enum fault_op op)
{
    pthread_mutex_lock(&all.mutex);
    int code = judge(op);
    pthread_mutex_unlock(&all.mutex);
    return code;
}

/* ---- a file ---- */

struct file {
    sqlite3_file base;
    struct image *image; /* NULL: not watched */
    sqlite3_file *real;  /* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *base)
{
    return ((struct file *)base)->real;
}

static int file_close(sqlite3_file *base)
{
    return real_of(base)->pMethods->xClose(real_of(base));
}

static int file_read(sqlite3_file *base, void *bytes, int n, sqlite3_int64 at)
{
    int code = judge_locked(FAULT_READ);

    return code == SQLITE_OK ? real_of(base)->pMethods->xRead(real_of(base), bytes, n, at) : code;
}

/* A write that fails may have moved a part. */
static int file_write(sqlite3_file *base, const void *bytes, int n, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;

    pthread_mutex_lock(&all.mutex);
    int code = judge(FAULT_WRITE), moved = n;
    if (code != SQLITE_OK)
        moved = n < (int)all.fault.short_n ? n : (int)all.fault.short_n;
    if (file->image && moved > 0)
        note(file->image, CHANGE_WRITE, (size_t)at, bytes, (size_t)moved);
    if (!power()) {
        code = SQLITE_IOERR_WRITE;
        moved = 0;
    }
    pthread_mutex_unlock(&all.mutex);
    if (moved == 0)
        return code;
    int written = file->real->pMethods->xWrite(file->real, bytes, moved, at);
    return code == SQLITE_OK ? written : code;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 n)
{
    struct file *file = (struct file *)base;

    pthread_mutex_lock(&all.mutex);
    int code = judge(FAULT_TRUNCATE);
    if (code == SQLITE_OK && file->image)
        note(file->image, CHANGE_TRUNCATE, 0, NULL, (size_t)n);
    if (!power())
        code = SQLITE_IOERR_TRUNCATE;
    pthread_mutex_unlock(&all.mutex);
    return code == SQLITE_OK ? file->real->pMethods->xTruncate(file->real, n) : code;
}

/* The power may go before what was to be synced is: then some of it is there. */
static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = (struct file *)base;

    (void)flags;
    pthread_mutex_lock(&all.mutex);
    int code = judge(FAULT_SYNC);
    if (!power())
        code = SQLITE_IOERR_FSYNC;
    if (code == SQLITE_OK && file->image)
        apply_all(file->image);
    pthread_mutex_unlock(&all.mutex);
    return code;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    return real_of(base)->pMethods->xFileSize(real_of(base), ret);
}

static int file_lock(sqlite3_file *base, int lock)
{
    return real_of(base)->pMethods->xLock(real_of(base), lock);
}

static int file_unlock(sqlite3_file *base, int lock)
{
    return real_of(base)->pMethods->xUnlock(real_of(base), lock);
}

static int file_reserved(sqlite3_file *base, int *ret)
{
    return real_of(base)->pMethods->xCheckReservedLock(real_of(base), ret);
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE) /* would write past us */
        return SQLITE_OK;
    return real_of(base)->pMethods->xFileControl(real_of(base), op, arg);
}

static int file_sector(sqlite3_file *base)
{
    return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int file_characteristics(sqlite3_file *base)
{
    return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}

static int file_shm_map(sqlite3_file *base, int page, int n, int extend, void volatile **ret)
{
    int code = judge_locked(FAULT_SHM);

    return code == SQLITE_OK ? real_of(base)->pMethods->xShmMap(real_of(base), page, n, extend, ret) : code;
}

static int file_shm_lock(sqlite3_file *base, int at, int n, int flags)
{
    int code = flags & SQLITE_SHM_UNLOCK ? SQLITE_OK : judge_locked(FAULT_SHM);

    return code == SQLITE_OK ? real_of(base)->pMethods->xShmLock(real_of(base), at, n, flags) : code;
}

static void file_shm_barrier(sqlite3_file *base)
{
    real_of(base)->pMethods->xShmBarrier(real_of(base));
}

static int file_shm_unmap(sqlite3_file *base, int delete)
{
    return real_of(base)->pMethods->xShmUnmap(real_of(base), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
    struct file *file = (struct file *)base;
    int code = judge_locked(FAULT_OPEN);

    (void)vfs;
    file->base.pMethods = NULL;
    if (code != SQLITE_OK)
        return code;
    file->real = (sqlite3_file *)(file + 1);
    file->image = NULL;
    code = all.real->xOpen(all.real, path, file->real, flags, ret_flags);
    if (!file->real->pMethods)
        return code;
    file->base.pMethods = &methods;
    if (code == SQLITE_OK && path && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) {
        pthread_mutex_lock(&all.mutex);
        file->image = all.watching ? image_of(path) : NULL;
        pthread_mutex_unlock(&all.mutex);
    }
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    (void)vfs;
    pthread_mutex_lock(&all.mutex);
    int code = judge(FAULT_DELETE);
    if (!power())
        code = SQLITE_IOERR_DELETE;
    if (code == SQLITE_OK && all.watching) {
        note(image_of(path), CHANGE_DELETE, 0, NULL, 0);
        if (sync_dir) {
            apply_all(image_of(path));
            image_of(path)->there = false;
        }
    }
    pthread_mutex_unlock(&all.mutex);
    return code == SQLITE_OK ? all.real->xDelete(all.real, path, sync_dir) : code;
}

void fault_vfs_install(void)
{
    static sqlite3_vfs mine;

    if (all.real)
        return;
    all.real = sqlite3_vfs_find(NULL);
    mine = *all.real; /* the rest goes straight through: the system's functions look at no state of theirs */
    mine.zName = "fault";
    mine.szOsFile = (int)sizeof(struct file) + all.real->szOsFile;
    mine.xOpen = vfs_open;
    mine.xDelete = vfs_delete;
    sqlite3_vfs_register(&mine, 1);
}

void fault_set(const struct fault *fault)
{
    pthread_mutex_lock(&all.mutex);
    all.armed = fault != NULL;
    if (fault)
        all.fault = *fault;
    memset(all.calls, 0, sizeof(all.calls));
    all.failed = 0;
    pthread_mutex_unlock(&all.mutex);
}

uint64_t fault_calls(enum fault_op op)
{
    pthread_mutex_lock(&all.mutex);
    uint64_t n = all.calls[op];
    pthread_mutex_unlock(&all.mutex);
    return n;
}

uint64_t fault_failed(void)
{
    pthread_mutex_lock(&all.mutex);
    uint64_t n = all.failed;
    pthread_mutex_unlock(&all.mutex);
    return n;
}

void fault_power(const char *dir, uint64_t nth, uint64_t seed)
{
    pthread_mutex_lock(&all.mutex);
    forget_images();
    free(all.dir);
    all.dir = dir ? strdup(dir) : NULL;
    all.watching = dir != NULL;
    all.gone = false;
    all.power_nth = nth;
    all.power_calls = 0;
    all.seed = seed;
    pthread_mutex_unlock(&all.mutex);
}

uint64_t fault_power_calls(void)
{
    pthread_mutex_lock(&all.mutex);
    uint64_t n = all.power_calls;
    pthread_mutex_unlock(&all.mutex);
    return n;
}

bool fault_power_gone(void)
{
    pthread_mutex_lock(&all.mutex);
    bool gone = all.gone;
    pthread_mutex_unlock(&all.mutex);
    return gone;
}
