/* The program: what was asked for, and the code it ends with. */
#include "server/base/config.h"
#include "server/base/log.h"
#include "server/checkstore.h"
#include "server/daemon.h"
#include "server/healthcheck.h"
#include "server/http/server.h"
#include "server/new_key.h"
#include "server/wire/selector.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct command {
    int argc;
    char **argv;
};

/* What base cannot check: it knows no formats. */
static int check_rules(const struct config *config, struct err *err)
{
    struct selector_list *rules;

    if (selector_list_parse(config->ingest_match, &rules, err)) {
        err_wrap(err, "config: ingest-match");
        return -1;
    }
    selector_list_free(rules);
    return 0;
}

static int load(void *ctx, struct config *ret, struct err *err)
{
    const struct command *command = ctx;

    return config_load(command->argc, command->argv, environ, ret, err) || check_rules(ret, err) ? -1 : 0;
}

/* What was printed has arrived, or the exit code says that it has not. */
static enum exit_code printed(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_CLEAN : EXIT_FAILED;
}

static enum exit_code check_health(const struct config *config)
{
    struct err err;

    if (healthcheck(config, &err) == 0)
        return EXIT_CLEAN;
    fprintf(stderr, "tstrmd: %s\n", err.msg);
    return EXIT_FAILED;
}

static enum exit_code check_file(const struct config *config)
{
    struct err err;

    if (check_store(config->store_path, &err) == 0)
        return printed();
    fflush(stdout); /* before what is said of it */
    fprintf(stderr, "tstrmd: %s\n", err.msg);
    return EXIT_FAILED;
}

/* Left alone, malloc raises both by what a training or a large body frees, up to 32 and 64 MiB, and keeps
 * that much. The second is well above what one forecast needs, which would otherwise fault its pages in anew
 * each time. */
#define OWN_MAPPING_BYTES (1 << 20)
#define KEPT_BYTES (8 << 20)

static void give_memory_back(void)
{
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

static enum exit_code run(struct config *config, struct command *command)
{
    struct daemon_options options = {.config = config, .reload = load, .ctx = command};

    give_memory_back();
    log_init(config->log_format, config->log_level);
    return daemon_run(&options);
}

static enum exit_code act(struct config *config, struct command *command)
{
    struct err err;

    switch (config->action) {
    case CONFIG_RUN:
        return run(config, command);
    case CONFIG_HELP:
        config_print_help(stdout);
        return printed();
    case CONFIG_VERSION:
        printf("tstrmd %s\n", TSTRM_VERSION);
        return printed();
    case CONFIG_PRINT:
        config_print(config, stdout);
        return printed();
    case CONFIG_CHECK:
        if (http_check_files(config, &err)) {
            fprintf(stderr, "tstrmd: %s\n", err.msg);
            return EXIT_USAGE;
        }
        printf("the configuration is valid\n");
        return printed();
    case CONFIG_CHECK_STORE:
        return check_file(config);
    case CONFIG_HEALTHCHECK:
        return check_health(config);
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct config config;
    struct command command = {argc, argv};
    struct err err;

    if (argc > 1 && strcmp(argv[1], "--new-key") == 0)
        return new_key(argc, argv);
    if (load(&command, &config, &err)) {
        fprintf(stderr, "tstrmd: %s\n", err.msg);
        return EXIT_USAGE;
    }
    return act(&config, &command);
}
