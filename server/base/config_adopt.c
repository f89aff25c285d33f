/* One configuration taking over from another while the program runs. Knows which options may change then (the
 * table says); refuses to know what they do. Surprising: values are compared as text, the form in which an
 * operator sees them, so that no kind of option needs a comparison of its own. */
#include "server/base/config_options.h"

#include <stdio.h>
#include <string.h>

static size_t field_bytes(enum option_kind kind)
{
    switch (kind) {
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_DURATION:
        return sizeof(size_t);
    case OPTION_CHOICE:
        return sizeof(unsigned);
    case OPTION_SWITCH:
        return sizeof(bool);
    case OPTION_PATH:
        return CONFIG_PATH_MAX + 1;
    case OPTION_TEXT:
        return CONFIG_TEXT_MAX + 1;
    case OPTION_LISTEN:
        break;
    }
    return 0; /* two fields, and never live */
}

static void adopt(size_t row, struct config *now, const struct config *then)
{
    size_t offset = options[row].offset;

    memcpy((char *)now + offset, (const char *)then + offset, field_bytes(options[row].kind));
    now->origin[row] = then->origin[row];
}

static void cut(char *to, const char *from)
{
    snprintf(to, CONFIG_CHANGE_TEXT_MAX, "%.*s", CONFIG_CHANGE_TEXT_MAX - 1, from);
}

size_t config_adopt(struct config *now, const struct config *then, struct config_change *ret)
{
    char before[OPTION_TEXT_MAX], after[OPTION_TEXT_MAX];
    size_t n = 0;

    for (size_t i = 0; i < options_n; i++) {
        option_format(&options[i], now, before);
        option_format(&options[i], then, after);
        if (strcmp(before, after) == 0)
            continue;
        ret[n] = (struct config_change){.option = options[i].name, .adopted = options[i].live};
        cut(ret[n].from, before);
        cut(ret[n].to, after);
        n++;
        if (options[i].live)
            adopt(i, now, then);
    }
    return n;
}
