/* The configuration file. Knows "name = value" lines and comments; refuses to know what is set by
 * whom else. Surprising: a name given twice is an error, because the one that loses would be read
 * by people and ignored by the program. */
#include "server/base/config_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The file's text with its NUL, malloc; NULL with *err. */
static char *load_file(const char *path, struct err *err)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(CONFIG_FILE_MAX + 2) : NULL;
    size_t n = text ? fread(text, 1, CONFIG_FILE_MAX + 1, file) : 0;
    const char *wrong = NULL;

    if (!file || (text && ferror(file)))
        wrong = strerror(errno);
    else if (!text)
        wrong = "out of memory";
    else if (n > CONFIG_FILE_MAX)
        wrong = "longer than 64 KiB";
    else if (memchr(text, '\0', n))
        wrong = "not a text file";
    if (file)
        fclose(file);
    if (wrong) {
        free(text);
        err_set(err, ERR_INVALID, "config: %.160s: %s", path, wrong);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

/* Without the blanks around it; cuts text in place. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

/* A comment begins with a # at the line's start or after a blank. */
static void drop_comment(char *line)
{
    for (char *at = line; *at; at++)
        if (*at == '#' && (at == line || isspace((unsigned char)at[-1]))) {
            *at = '\0';
            return;
        }
}

static int read_line(char *line, unsigned number, struct config *config, const char *path,
                     struct err *err)
{
    char from[96];

    snprintf(from, sizeof from, "%.80s:%u", path, number);
    drop_comment(line);
    line = trim(line);
    if (*line == '\0')
        return 0;
    char *equals = strchr(line, '=');
    if (!equals)
        return err_set(err, ERR_INVALID, "config: %s: expected \"name = value\"", from);
    *equals = '\0';
    char *name = trim(line), *value = trim(equals + 1);
    int row = option_find(name, strlen(name));
    if (row < 0 || option_names_file(&options[row]))
        return err_set(err, ERR_INVALID, "config: %s: unknown option \"%.80s\", see --help", from,
                       name);
    if (config->origin[row].source == CONFIG_FROM_FILE)
        return err_set(err, ERR_INVALID, "config: %s: %s was given in line %u already", from,
                       options[row].name, config->origin[row].line);
    return option_take(row, value, CONFIG_FROM_FILE, number, from, config, err);
}

int config_read_file(const char *path, struct config *config, struct err *err)
{
    char *text = load_file(path, err), *rest = text, *line;
    int rc = 0;

    if (!text)
        return -1;
    for (unsigned number = 1; rc == 0 && (line = strsep(&rest, "\n")); number++)
        rc = read_line(line, number, config, path, err);
    free(text);
    return rc;
}
