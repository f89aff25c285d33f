/* Arguments, a key, a line. Surprising: it runs before and without the configuration, so that a key can
 * be made where nothing else is set up, or is wrong. See new_key.h. */
#include "server/new_key.h"

#include "server/keys/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (KEY_NAME_MAX + KEY_SCOPES_TEXT_MAX + KEY_HASH_MAX + 8)

struct order {
    const char *name, *scopes, *file; /* file: NULL where the line is to be printed */
};

/* "--scopes=read" or "--scopes read"; moves *at over what it took. NULL where the argument is another one. */
static const char *value_of(int argc, char **argv, int *at, const char *flag)
{
    size_t n = strlen(flag);
    const char *arg = argv[*at];

    if (strncmp(arg, flag, n) != 0)
        return NULL;
    if (arg[n] == '=')
        return arg + n + 1;
    return arg[n] == '\0' && *at + 1 < argc ? argv[++*at] : NULL;
}

static int read_order(int argc, char **argv, struct order *ret, struct err *err)
{
    struct order order = {.name = argc > 2 ? argv[2] : "", .scopes = "read"};
    const char *value;
    unsigned scopes;

    for (int i = 3; i < argc; i++) {
        if ((value = value_of(argc, argv, &i, "--scopes")))
            order.scopes = value;
        else if ((value = value_of(argc, argv, &i, "--api-keys")))
            order.file = value;
        else
            return err_set(err, ERR_INVALID,
                           "unexpected \"%.80s\"; expected --new-key NAME [--scopes LIST] [--api-keys FILE]",
                           argv[i]);
    }
    if (key_name_check(order.name, strlen(order.name), err) ||
        key_scopes_parse(order.scopes, strlen(order.scopes), &scopes, err))
        return -1;
    if (strlen(order.scopes) >= KEY_SCOPES_TEXT_MAX)
        return err_set(err, ERR_INVALID, "--scopes names one twice");
    *ret = order;
    return 0;
}

/* Whether the name is free in a file that can be read, or that is not there yet. */
static int check_free(const struct order *order, struct err *err)
{
    struct key_list *list;
    int rc = 0;

    if (access(order->file, F_OK) != 0 && errno == ENOENT)
        return 0;
    if (key_list_load(order->file, &list, err))
        return -1;
    for (size_t i = 0; i < list->n && rc == 0; i++)
        if (strcmp(list->keys[i].name, order->name) == 0)
            rc = err_set(err, ERR_CONFLICT, "%.120s has a key named %s already; delete its line first",
                         order->file, order->name);
    if (rc == 0 && list->n == KEYS_MAX)
        rc = err_set(err, ERR_TOO_LARGE, "%.120s has %d keys, which is the most", order->file, KEYS_MAX);
    key_list_free(list);
    return rc;
}

/* The file may end without a line end. */
static bool ends_within_a_line(const char *path)
{
    char last = '\n';
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && lseek(fd, -1, SEEK_END) >= 0)
        (void)!read(fd, &last, 1);
    if (fd >= 0)
        close(fd);
    return last != '\n';
}

static int append(const char *path, const char *line, struct err *err)
{
    char text[LINE_MAX_BYTES + 2];
    int n = snprintf(text, sizeof text, "%s%s\n", ends_within_a_line(path) ? "\n" : "", line);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0)
        return err_set(err, ERR_INVALID, "%.200s: %s", path, strerror(errno));
    ssize_t written = write(fd, text, (size_t)n);
    bool failed = written != n || fsync(fd) != 0;
    if (failed)
        err_set(err, ERR_STORAGE, "%.200s: %s", path, written < 0 ? strerror(errno) : "not written whole");
    close(fd);
    return failed ? -1 : 0;
}

static int make(const struct order *order, struct err *err)
{
    char key[KEY_TEXT_MAX + 1], hash[KEY_HASH_MAX], line[LINE_MAX_BYTES];

    if ((order->file && check_free(order, err)) || key_text_make(order->name, key, err))
        return -1;
    int rc = key_hash_make(key, strlen(key), hash, err);
    if (rc == 0) {
        snprintf(line, sizeof line, "%s %s %s", order->name, order->scopes, hash);
        rc = order->file ? append(order->file, line, err) : 0;
    }
    if (rc == 0 && (puts(key) < 0 || (!order->file && puts(line) < 0) || fflush(stdout)))
        rc = err_set(err, ERR_STORAGE, "the key could not be printed");
    explicit_bzero(key, sizeof key);
    return rc;
}

enum exit_code new_key(int argc, char **argv)
{
    struct order order = {.name = NULL};
    struct err err;

    setvbuf(stdout, NULL, _IONBF, 0); /* no copy of the key stays behind */
    if (read_order(argc, argv, &order, &err)) {
        fprintf(stderr, "tstrmd: %s\n", err.msg);
        return EXIT_USAGE;
    }
    if (make(&order, &err) == 0)
        return EXIT_CLEAN;
    fprintf(stderr, "tstrmd: %s\n", err.msg);
    return EXIT_FAILED;
}
