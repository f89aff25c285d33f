/* The configuration from a file, the environment and the command line: the first byte chooses which
 * of the three the text is, a line each in the latter two. What is accepted, printed and read as a
 * file is the same configuration again, option by option; what is refused says where. */
#include "server/base/config_options.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINES_MAX 40

/* A file in memory, by its path. */
static int make_file(const void *bytes, size_t n, char path[64])
{
    int fd = memfd_create("config", 0);
    FUZZ_REQUIRE(fd >= 0 && (n == 0 || write(fd, bytes, n) == (ssize_t)n));
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static int read_file(const void *bytes, size_t n, struct config *ret, struct err *err)
{
    char path[64];
    int fd = make_file(bytes, n, path);
    int failed = config_read_file(path, ret, err);
    close(fd);
    return failed;
}

/* Cuts text into lines behind at[from]; returns how many there are then. The last place stays NULL.
 */
static size_t cut(char *text, char **at, size_t from)
{
    char *line;
    while (from < LINES_MAX - 1 && (line = strsep(&text, "\n")) != NULL)
        at[from++] = line;
    at[from] = NULL;
    return from;
}

static int read_text(uint8_t how, const uint8_t *bytes, size_t n, struct config *ret,
                     struct err *err)
{
    char program[] = "tstrmd", *lines[LINES_MAX] = {program, NULL}, *none[] = {NULL};
    if (how % 3 == 0)
        return read_file(bytes, n, ret, err);
    char *text = strndup((const char *)bytes, n);
    FUZZ_REQUIRE(text != NULL);
    size_t count = cut(text, lines, how % 3 == 1 ? 1 : 0);
    int failed = how % 3 == 1 ? config_load((int)count, lines, none, ret, err)
                              : config_load(0, lines, lines, ret, err);
    free(text);
    return failed;
}

/* What a file can hold: no comment, no blanks around it, no control characters. */
static bool sayable(const char *value)
{
    size_t n = strlen(value);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7f ||
            (value[i] == '#' && (i == 0 || value[i - 1] == ' ')))
            return false;
    return n > 0 && value[0] != ' ' && value[n - 1] != ' ';
}

/* Every option's value survives being printed; but where it cannot stand in a file. */
static void check_again(const struct config *config)
{
    char *text = NULL, value[OPTION_TEXT_MAX], again[OPTION_TEXT_MAX];
    size_t n;
    struct config other;
    struct err err = {.code = ERR_NONE};
    FILE *out = open_memstream(&text, &n);
    FUZZ_REQUIRE(out != NULL);
    config_print(config, out);
    fclose(out);
    config_defaults(&other);
    int failed = read_file(text, n, &other, &err);
    if (failed != 0)
        fprintf(stderr, "%s\n%s\n", err.msg, text);
    FUZZ_REQUIRE(failed == 0);
    for (size_t i = 0; i < options_n; i++) {
        option_format(&options[i], config, value);
        option_format(&options[i], &other, again);
        if (option_names_file(&options[i]) || !sayable(value))
            continue;
        if (strcmp(value, again) != 0)
            fprintf(stderr, "%s: \"%s\" is \"%s\" when printed and read\n", options[i].name, value,
                    again);
        FUZZ_REQUIRE(strcmp(value, again) == 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct config config;
    struct err err = {.code = ERR_NONE};
    if (n == 0)
        return 0;
    config_defaults(&config);
    if (memmem(bytes, n, "config", 6) != NULL) /* no file of this machine's */
        return 0;
    if (read_text(bytes[0], bytes + 1, n - 1, &config, &err) != 0) {
        FUZZ_REQUIRE(err.code == ERR_INVALID && strncmp(err.msg, "config: ", 8) == 0);
        return 0;
    }
    check_again(&config);
    return 0;
}
