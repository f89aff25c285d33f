/* The line protocol: what is shown keeps the header's promises, and each line, written again with
 * escapes, reads the same. Errors are one a line, in order. */
#include "server/wire/line_protocol.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERRORS_MAX 4
#define TEXT_MAX ((size_t)1 << 16)

static const struct line_options options = {
    .precision = LINE_MS,
    .now_ms = 5,
    .limits = {.tags_max = 6, .fields_max = 6, .name_bytes_max = 300}};

struct seen {
    size_t point_n, field_n, line;
    bool again; /* the lines are our own */
    char *text; /* what was shown last, written again */
    size_t text_n;
};

static void put(struct seen *seen, const char *text, size_t n)
{
    FUZZ_REQUIRE(seen->text_n + n < TEXT_MAX);
    memcpy(seen->text + seen->text_n, text, n);
    seen->text_n += n;
}

/* A backslash at the end of a name would protect what follows it: such a name cannot be written. */
static bool put_name(struct seen *seen, struct wire_slice name, bool measurement)
{
    FUZZ_REQUIRE(name.n > 0 && name.n <= options.limits.name_bytes_max && wire_slice_is_utf8(name));
    for (size_t i = 0; i < name.n; i++) {
        char c = name.at[i];
        FUZZ_REQUIRE((unsigned char)c >= 0x20 && c != 0x7f);
        if (c == ',' || c == ' ' || (c == '=' && !measurement)) {
            put(seen, "\\", 1);
        }
        put(seen, &c, 1);
    }
    return name.at[name.n - 1] != '\\';
}

static bool write_again(struct seen *seen, const struct line_point *point)
{
    char number[64];
    bool good = put_name(seen, point->measurement, true) && point->measurement.at[0] != '#';
    for (size_t i = 0; i < point->tag_n; i++) {
        FUZZ_REQUIRE(i == 0 || wire_slice_compare(point->tags[i - 1].key, point->tags[i].key) < 0);
        put(seen, ",", 1);
        good = put_name(seen, point->tags[i].key, false) && good;
        put(seen, "=", 1);
        good = put_name(seen, point->tags[i].value, false) && good;
    }
    for (size_t i = 0; i < point->field_n; i++) {
        FUZZ_REQUIRE(isfinite(point->fields[i].value));
        put(seen, i == 0 ? " " : ",", 1);
        good = put_name(seen, point->fields[i].key, false) && good;
        put(seen, number,
            (size_t)snprintf(number, sizeof number, "=%.17g", point->fields[i].value));
    }
    put(seen, number, (size_t)snprintf(number, sizeof number, " %lld\n", (long long)point->t));
    return good;
}

static enum wire_verdict see(void *context, const struct line_point *point, struct err *err);

static size_t read_all(const char *body, size_t n, struct seen *seen, struct line_totals *ret)
{
    const struct line_visitor visitor = {see, seen};
    struct err kept[ERRORS_MAX], err;
    struct wire_errors errors = {kept, ERRORS_MAX, 0};
    size_t line = 0, column;
    FUZZ_REQUIRE(line_read(body, n, &options, &visitor, &errors, ret, &err) == 0);
    for (size_t i = 0; i < errors.n && i < ERRORS_MAX; i++) {
        size_t before = line;
        FUZZ_REQUIRE(sscanf(kept[i].place, "line %zu, column %zu", &line, &column) == 2);
        FUZZ_REQUIRE(line > before && column >= 1 && column <= n + 1);
        FUZZ_REQUIRE(kept[i].item == (long)line - 1 && kept[i].msg[0] != '\0');
    }
    return errors.n;
}

static enum wire_verdict see(void *context, const struct line_point *point, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    FUZZ_REQUIRE(point->line > seen->line && point->field_n >= 1);
    FUZZ_REQUIRE(point->tag_n <= 6 && point->field_n <= 6);
    seen->line = point->line;
    seen->point_n++;
    seen->field_n += point->field_n;
    seen->text_n = 0;
    bool writable = write_again(seen, point);
    if (!seen->again && writable) {
        struct seen other = {.again = true, .text = malloc(TEXT_MAX)};
        struct line_totals totals;
        FUZZ_REQUIRE(other.text != NULL);
        size_t refused = read_all(seen->text, seen->text_n, &other, &totals);
        /* Escapes make names longer, which may take them over their limit. */
        FUZZ_REQUIRE(refused == 0 || seen->text_n > options.limits.name_bytes_max);
        FUZZ_REQUIRE(refused > 0 || (other.text_n == seen->text_n &&
                                     memcmp(other.text, seen->text, other.text_n) == 0));
        free(other.text);
    }
    return WIRE_TAKEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct seen seen = {.text = malloc(TEXT_MAX)};
    struct line_totals totals;
    FUZZ_REQUIRE(seen.text != NULL);
    size_t refused = read_all((const char *)bytes, n, &seen, &totals);
    FUZZ_REQUIRE(totals.lines_taken == seen.point_n && totals.fields_taken == seen.field_n);
    FUZZ_REQUIRE(totals.lines_refused == refused);
    free(seen.text);
    return 0;
}
