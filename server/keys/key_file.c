/* Lines, and three words in each. See key_file.h. */
#include "server/keys/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct word {
    const char *at;
    size_t n;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Up to four words of a line (one more than there may be), the comment left out. Returns how many. */
static size_t split(const char *line, size_t n, struct word words[4])
{
    size_t count = 0;
    for (size_t at = 0; at < n && count < 4;) {
        if (is_blank(line[at])) {
            at++;
            continue;
        }
        if (line[at] == '#')
            break;
        size_t end = at;
        while (end < n && !is_blank(line[end]))
            end++;
        words[count++] = (struct word){line + at, end - at};
        at = end;
    }
    return count;
}

static int read_words(const struct word *words, const struct key_list *list, struct key *ret, struct err *err)
{
    struct key key = {.number = 0};
    if (key_name_check(words[0].at, words[0].n, err) != 0 ||
        key_scopes_parse(words[1].at, words[1].n, &key.scopes, err) != 0 ||
        key_hash_check(words[2].at, words[2].n, err) != 0)
        return -1;
    memcpy(key.name, words[0].at, words[0].n);
    memcpy(key.hash, words[2].at, words[2].n);
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->keys[i].name, key.name) == 0)
            return err_set(err, ERR_INVALID, "the name %s is taken by a line before; each key has its own",
                           key.name);
    *ret = key;
    return 0;
}

static int read_line(const char *line, size_t n, struct key_list *list, struct err *err)
{
    struct word words[4];
    size_t count = split(line, n, words);
    if (count == 0)
        return 0;
    if (memchr(line, '\0', n) != NULL)
        return err_set(err, ERR_INVALID, "not a text file");
    if (count != 3)
        return err_set(err, ERR_INVALID,
                       "expected name, scopes and hash with blanks between them: grafana read $argon2id$…");
    if (list->n == KEYS_MAX)
        return err_set(err, ERR_INVALID, "more than %d keys", KEYS_MAX);
    if (read_words(words, list, &list->keys[list->n], err) != 0)
        return -1;
    list->n++;
    return 0;
}

int key_list_parse(const char *bytes, size_t n, const char *file, struct key_list **ret, struct err *err)
{
    struct key_list *list = calloc(1, sizeof *list);
    if (list == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    size_t number = 1;
    for (size_t at = 0; at < n; number++) {
        const char *end = memchr(bytes + at, '\n', n - at);
        size_t line_n = end == NULL ? n - at : (size_t)(end - bytes) - at;
        if (read_line(bytes + at, line_n, list, err) != 0) {
            err_wrap(err, "%.100s:%zu", file, number);
            key_redact(err->msg);
            free(list);
            return -1;
        }
        at += line_n + 1;
    }
    *ret = list;
    return 0;
}

/* At most n bytes of the file, or -1. */
static ssize_t read_all(int fd, char *bytes, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, bytes + have, n - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static int load(int fd, char *bytes, const char *path, struct key_list **ret, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_set(err, ERR_INVALID, "%.200s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "%.200s is not a file", path);
    ssize_t n = read_all(fd, bytes, KEY_FILE_BYTES_MAX + 1);
    if (n < 0)
        return err_set(err, ERR_INVALID, "%.200s: %s", path, strerror(errno));
    if ((size_t)n > KEY_FILE_BYTES_MAX)
        return err_set(err, ERR_INVALID, "%.200s is longer than 256 KiB", path);
    if (key_list_parse(bytes, (size_t)n, path, ret, err) != 0)
        return -1;
    (*ret)->open = (st.st_mode & S_IWOTH) != 0;
    return 0;
}

int key_list_load(const char *path, struct key_list **ret, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, ERR_INVALID, "%.200s: %s", path, strerror(errno));
    char *bytes = malloc(KEY_FILE_BYTES_MAX + 1);
    int rc = bytes == NULL ? err_set(err, ERR_NO_MEMORY, "out of memory") : load(fd, bytes, path, ret, err);
    free(bytes);
    close(fd);
    return rc;
}

void key_list_free(struct key_list *list)
{
    free(list);
}
