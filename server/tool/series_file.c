/* Reading a data set. Knows files, lines, and the two rules about frequencies; what a line means is
 * series_line.c's. Surprising: zlib reads plain files as they are, so nothing here asks whether the name
 * ends in .gz. */
#include "server/tool/series_file.h"

#include "server/tool/series_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const struct period {
    const char *freq;
    uint32_t season, season2;
} periods[] = {
    {"H", 24, 168},    {"30T", 48, 336},  {"15T", 96, 672}, {"10T", 144, 1008},
    {"5T", 288, 2016}, {"D", 7, 364},     {"D", 1, 365},
};

uint32_t season2_of(const char *freq, uint32_t season)
{
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        if (season == periods[i].season && strcmp(freq, periods[i].freq) == 0)
            return periods[i].season2;
    return 0;
}

static const struct steps {
    const char *freq;
    uint32_t horizon;
} pool_horizons[] = {
    {"Y", 6},   {"Q", 8},    {"M", 18},   {"W", 13},   {"D", 30},  {"B", 30},
    {"H", 48},  {"30T", 48}, {"15T", 48}, {"10T", 48}, {"5T", 60}, {"1T", 60},
};

uint32_t horizon_of(const char *freq)
{
    for (size_t i = 0; i < sizeof pool_horizons / sizeof pool_horizons[0]; i++)
        if (strcmp(freq, pool_horizons[i].freq) == 0)
            return pool_horizons[i].horizon;
    return 0;
}

static void record_done(struct record *record)
{
    free(record->id);
    free(record->train);
    free(record->test);
}

void record_list_free(struct record_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        record_done(&list->at[i]);
    free(list->at);
    *list = (struct record_list){0};
}

void record_list_thin(struct record_list *list, size_t n)
{
    size_t kept = 0;

    if (n >= list->n)
        return;
    for (size_t i = 0; i < list->n; i++) {
        if (kept < n && i == kept * list->n / n)
            list->at[kept++] = list->at[i];
        else
            record_done(&list->at[i]);
    }
    list->n = kept;
}

struct reader {
    gzFile file;
    char *text;
    size_t room;
};

/* 1: a line, without its end; 0: the file's end; -1: *err. */
static int next_line(struct reader *reader, struct tool_err *err)
{
    size_t have = 0;

    for (;;) {
        if (reader->room - have < 2) {
            size_t room = reader->room ? 2 * reader->room : 1u << 16;
            char *grown = room <= SERIES_LINE_MAX ? realloc(reader->text, room) : NULL;
            if (!grown)
                return tool_fail(err, "a line of more than %zu bytes", have);
            reader->text = grown;
            reader->room = room;
        }
        if (!gzgets(reader->file, reader->text + have, (int)(reader->room - have)))
            return have > 0;
        have += strlen(reader->text + have);
        if (reader->text[have - 1] == '\n') {
            reader->text[have - 1] = '\0';
            return 1;
        }
    }
}

static bool blank(const char *text)
{
    return text[strspn(text, " \t\r")] == '\0';
}

static int read_all(struct reader *reader, const char *path, size_t windows, struct record_list *list,
                    struct tool_err *err)
{
    struct tool_err why;
    size_t number = 0;
    int rc, broken;

    while ((rc = next_line(reader, &why)) == 1) {
        number++;
        if (!blank(reader->text) && series_line_read(reader->text, windows, list, &why))
            return tool_fail(err, "%s:%zu: %s", path, number, why.msg);
    }
    if (rc < 0)
        return tool_fail(err, "%s:%zu: %s", path, number + 1, why.msg);
    const char *reason = gzerror(reader->file, &broken);
    if (broken != Z_OK && broken != Z_STREAM_END)
        return tool_fail(err, "%s: after line %zu: %s", path, number,
                         broken == Z_ERRNO ? strerror(errno) : reason);
    return 0;
}

int series_file_read(const char *path, size_t windows, struct record_list *ret, struct tool_err *err)
{
    struct reader reader = {.file = gzopen(path, "rb")};
    struct record_list list = {0};

    if (!reader.file)
        return tool_fail(err, "%s: %s", path, strerror(errno));
    int rc = read_all(&reader, path, windows, &list, err);
    gzclose(reader.file);
    free(reader.text);
    if (rc)
        record_list_free(&list);
    else
        *ret = list;
    return rc;
}
