/* The table of options. Knows each option's name, kind, range, default and help, and turns text
 * into values and back; refuses to know where a text came from (config.c). Inside base only. */
#ifndef SERVER_CONFIG_OPTIONS_H
#define SERVER_CONFIG_OPTIONS_H

#include "server/base/config.h"

enum option_kind {
    OPTION_PATH,     /* char[CONFIG_PATH_MAX + 1] */
    OPTION_TEXT,     /* char[CONFIG_TEXT_MAX + 1], may be empty */
    OPTION_LISTEN,   /* listen_host and listen_port */
    OPTION_COUNT,    /* size_t */
    OPTION_BYTES,    /* size_t, written "16MiB" */
    OPTION_DURATION, /* size_t of ms, written "5s" */
    OPTION_CHOICE,   /* an enum, by the position of its word */
    OPTION_SWITCH,   /* bool */
};

struct option {
    const char *name; /* "drain-delay"; in a file also "drain_delay", in the environment
                         TSTRM_DRAIN_DELAY */
    enum option_kind kind;
    size_t offset; /* of the field in struct config */
    const char *fallback;
    size_t min, max;
    const char *const *words; /* of a choice, NULL-terminated */
    const char *help;
    bool live; /* read anew whenever it counts, on the loop: config_adopt may change it while running */
};

extern const struct option options[];
extern const size_t options_n;

/* Long enough for every value and every range in words. */
#define OPTION_TEXT_MAX (CONFIG_PATH_MAX + 64)

/* Whether it is --config, which a file cannot hold. */
bool option_names_file(const struct option *option);

/* Row of a name ('-' and '_' are the same), or -1. */
int option_find(const char *name, size_t name_n);

/* Parses text into its field of *config; false when text is not a value of the option (*config
 * untouched). */
bool option_set(const struct option *option, const char *text, struct config *config);

/* "an integer 0..256": what option_set takes. buf holds OPTION_TEXT_MAX bytes. */
void option_expected(const struct option *option, char *buf);

/* The value as option_set would take it. buf holds OPTION_TEXT_MAX bytes. */
void option_format(const struct option *option, const struct config *config, char *buf);

/* option_set, with the origin recorded. from: how to name the origin in an error ("--workers",
 * "TSTRM_WORKERS", "file:3"). Returns 0, or -1 with ERR_INVALID (*config untouched). */
int option_take(int row, const char *text, enum config_source source, unsigned line,
                const char *from, struct config *config, struct err *err);

/* Applies a file's lines to *config. Returns 0, or -1 with ERR_INVALID naming file and line. */
int config_read_file(const char *path, struct config *config, struct err *err);

#endif
