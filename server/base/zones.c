/* Reading zone files. Surprising: names are checked letter by letter before the file system sees them, so
 * that no name can lead out of the folder; links inside it are followed, as the database has them. */
#include "server/base/zones.h"

#include "server/base/series.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_FOLDER "/usr/share/zoneinfo"
#define PATH_BYTES_MAX 4096

struct named_zone {
    char name[SERIES_ZONE_MAX + 1];
    struct trm_zone *zone;
};

struct zones {
    char *folder;
    pthread_mutex_t lock;    /* of what follows; nobody holds it for longer than it takes to read a file */
    struct named_zone *list; /* [n], in the order in which they were asked for */
    size_t n, capacity;
};

bool zone_is_utc(const char *name)
{
    return *name == '\0' || strcmp(name, "UTC") == 0;
}

const char *zone_shown(const char *name)
{
    return *name ? name : "UTC";
}

struct zones *zones_new(const char *folder)
{
    const char *wanted = folder ? folder : getenv("TZDIR");
    struct zones *zones = calloc(1, sizeof *zones);

    if (!zones)
        return NULL;
    zones->folder = strdup(wanted && *wanted ? wanted : DEFAULT_FOLDER);
    if (!zones->folder) {
        free(zones);
        return NULL;
    }
    pthread_mutex_init(&zones->lock, NULL); /* never fails with default attributes */
    return zones;
}

void zones_free(struct zones *zones)
{
    if (!zones)
        return;
    for (size_t i = 0; i < zones->n; i++)
        trm_zone_free(zones->list[i].zone);
    free(zones->list);
    pthread_mutex_destroy(&zones->lock);
    free(zones->folder);
    free(zones);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Parts with slashes between; each begins with a letter and goes on with letters, digits, _ + and -. */
static int check_name(const char *name, struct err *err)
{
    bool first = true;

    if (strlen(name) > SERIES_ZONE_MAX)
        return err_set(err, ERR_INVALID, "a time zone's name has at most %d bytes", SERIES_ZONE_MAX);
    for (const char *c = name; *c; c++) {
        bool later = (*c >= '0' && *c <= '9') || *c == '_' || *c == '+' || *c == '-' || *c == '/';
        if (!is_letter(*c) && (first || !later))
            return err_set(err, ERR_INVALID,
                           "\"%.63s\" is no name of a time zone, expected an IANA name like Europe/Berlin",
                           name);
        first = *c == '/';
    }
    if (first)
        return err_set(err, ERR_INVALID,
                       "\"%.63s\" ends in /, expected the whole IANA name like Europe/Berlin", name);
    return 0;
}

static int err_unknown(struct err *err, const struct zones *zones, const char *name)
{
    struct stat info;

    if (stat(zones->folder, &info) || !S_ISDIR(info.st_mode))
        return err_set(err, ERR_INVALID,
                       "no time zone is known, because this machine has no folder %.120s: install the "
                       "package tzdata there",
                       zones->folder);
    return err_set(err, ERR_INVALID,
                   "no time zone \"%s\" in %.120s: expected an IANA name like Europe/Berlin, and the package "
                   "tzdata installed there (for some old names tzdata-legacy)",
                   name, zones->folder);
}

static int err_no_zone(struct err *err, const char *name, const char *why)
{
    return err_set(err, ERR_INVALID, "the file of the time zone \"%s\" cannot be used: %s", name, why);
}

/* A file's bytes into buf, which holds TRM_ZONE_BYTES_MAX. */
static int read_bytes(int fd, const char *name, unsigned char *buf, size_t *ret_n, struct err *err)
{
    struct stat info;
    size_t n = 0;
    ssize_t got = 1;

    if (fstat(fd, &info) || !S_ISREG(info.st_mode))
        return err_no_zone(err, name, "it is no regular file");
    if (info.st_size > (off_t)TRM_ZONE_BYTES_MAX)
        return err_no_zone(err, name, "it is larger than 64 KiB");
    while (got > 0 && n < TRM_ZONE_BYTES_MAX) {
        got = read(fd, buf + n, TRM_ZONE_BYTES_MAX - n);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got < 0)
            return err_no_zone(err, name, strerror(errno));
        else
            n += (size_t)got;
    }
    *ret_n = n;
    return 0;
}

static int open_file(const struct zones *zones, const char *name, struct err *err)
{
    char path[PATH_BYTES_MAX];
    int wrote = snprintf(path, sizeof path, "%s/%s", zones->folder, name);

    if (wrote < 0 || (size_t)wrote >= sizeof path)
        return err_set(err, ERR_INVALID, "the folder of time zones has too long a name");
    /* What is no regular file must not block before that is seen. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        return fd;
    return errno == ENOENT || errno == ENOTDIR ? err_unknown(err, zones, name)
                                               : err_no_zone(err, name, strerror(errno));
}

static int decode(const unsigned char *bytes, size_t n, const char *name, struct trm_zone **ret,
                  struct err *err)
{
    enum trm_status status = trm_zone_decode(bytes, n, ret);

    if (status == TRM_OK)
        return 0;
    if (status == TRM_ENOMEM)
        return err_from_status(err, status);
    return err_no_zone(err, name,
                       status == TRM_EVERSION ? "it counts leap seconds, or has an unknown version"
                                              : "its bytes are no time zone");
}

static int load(const struct zones *zones, const char *name, struct trm_zone **ret, struct err *err)
{
    size_t n = 0;
    int fd = open_file(zones, name, err);

    if (fd < 0)
        return -1;
    unsigned char *bytes = malloc(TRM_ZONE_BYTES_MAX);
    int rc = bytes ? read_bytes(fd, name, bytes, &n, err) : err_set(err, ERR_NO_MEMORY, "out of memory");
    close(fd);
    if (rc == 0)
        rc = decode(bytes, n, name, ret, err);
    free(bytes);
    return rc;
}

static int make_room(struct zones *zones, struct err *err)
{
    if (zones->n < zones->capacity)
        return 0;
    if (zones->n == ZONES_MAX)
        return err_set(err, ERR_BUSY, "%d time zones are in use, which is the most", ZONES_MAX);
    size_t capacity = zones->capacity ? 2 * zones->capacity : 8;
    struct named_zone *list = realloc(zones->list, capacity * sizeof *list);
    if (!list)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    zones->list = list;
    zones->capacity = capacity;
    return 0;
}

static int find(struct zones *zones, const char *name, const struct trm_zone **ret, struct err *err)
{
    struct trm_zone *zone;

    for (size_t i = 0; i < zones->n; i++)
        if (strcmp(zones->list[i].name, name) == 0) {
            *ret = zones->list[i].zone;
            return 0;
        }
    if (check_name(name, err) || make_room(zones, err) || load(zones, name, &zone, err))
        return -1;
    struct named_zone *added = &zones->list[zones->n++];
    *added = (struct named_zone){.zone = zone};
    memcpy(added->name, name, strlen(name) + 1);
    *ret = zone;
    return 0;
}

int zones_find(struct zones *zones, const char *name, const struct trm_zone **ret, struct err *err)
{
    if (zone_is_utc(name)) {
        *ret = NULL;
        return 0;
    }
    pthread_mutex_lock(&zones->lock);
    int rc = find(zones, name, ret, err);
    pthread_mutex_unlock(&zones->lock);
    return rc;
}
