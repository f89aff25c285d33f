/* Configuration: every source, their order, and what is refused. */
#include "server/base/config.h"

#include "tests/lib/tmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING ((const char *[]){NULL})
#define ARGS(...) ((const char *[]){"tstrmd", ##__VA_ARGS__, NULL})
#define ENV(...) ((const char *[]){__VA_ARGS__, NULL})

static struct config config;
static struct err err;
static char folder[TMP_PATH_MAX], file_path[TMP_PATH_MAX + 16];

/* main's argv and environ are not const, for history's sake; nothing writes to them. */
static int load(const char **argv, const char **env)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    memset(&err, 0, sizeof err);
    return config_load(argc, (char *const *)argv, (char *const *)env, &config, &err);
}

static void use_file(const char *text)
{
    tmp_write(folder, "tstrm.conf", text);
}

static int setup(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    tmp_make(folder);
    snprintf(file_path, sizeof file_path, "%s/tstrm.conf", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmp_remove(folder);
    return 0;
}

static void refused(const char *part)
{
    assert_int_equal(err.code, ERR_INVALID);
    if (!strstr(err.msg, part))
        fail_msg("\"%s\" is not in \"%s\"", part, err.msg);
}

static void without_anything_the_defaults_hold(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS(), NOTHING), 0);
    assert_int_equal(config.action, CONFIG_RUN);
    assert_string_equal(config.listen_host, "127.0.0.1");
    assert_int_equal(config.listen_port, 8080);
    assert_string_equal(config.store_path, "tstrm.db");
    assert_int_equal(config.workers, 0);
    assert_int_equal(config.log_format, LOG_FORMAT_LOGFMT);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
    assert_int_equal(config.drain_delay_ms, 5000);
    assert_int_equal(config.body_bytes_max, 16u << 20);
    assert_int_equal(config.points_per_body_max, 500000);
    assert_false(config.insecure);
}

static void flags_beat_environment_beats_file_beats_defaults(void **state)
{
    (void)state;
    use_file("workers = 2\nseries-max = 20\nlog-level = warn\n");
    assert_int_equal(load(ARGS("--workers", "4", "--config", file_path),
                          ENV("TSTRM_WORKERS=3", "TSTRM_SERIES_MAX=30", "OTHER_WORKERS=9")),
                     0);
    assert_int_equal(config.workers, 4);
    assert_int_equal(config.series_max, 30);
    assert_int_equal(config.log_level, LOG_LEVEL_WARN);
    assert_int_equal(config.connections_max, 1024);
}

static void the_file_may_be_named_by_the_environment(void **state)
{
    char variable[TMP_PATH_MAX + 32];

    (void)state;
    use_file("workers = 7\n");
    snprintf(variable, sizeof variable, "TSTRM_CONFIG=%s", file_path);
    assert_int_equal(load(ARGS(), ENV(variable)), 0);
    assert_int_equal(config.workers, 7);
    assert_string_equal(config.config_path, file_path);
}

static void a_value_may_follow_an_equals_sign(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS("--workers=5", "--store=a=b.db", "--insecure"), NOTHING), 0);
    assert_int_equal(config.workers, 5);
    assert_string_equal(config.store_path, "a=b.db");
    assert_true(config.insecure);
    assert_int_equal(load(ARGS("--insecure=false"), NOTHING), 0);
    assert_false(config.insecure);
}

static void a_file_has_comments_blanks_and_either_kind_of_dash(void **state)
{
    (void)state;
    use_file("# all of it\r\n\n  log_format=json # for machines\r\n\tdrain-delay =  2s\t\n store = "
             "a#b.db");
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), 0);
    assert_int_equal(config.log_format, LOG_FORMAT_JSON);
    assert_int_equal(config.drain_delay_ms, 2000);
    assert_string_equal(config.store_path, "a#b.db");
}

static void sizes_and_durations_have_units(void **state)
{
    static const struct {
        const char *flag, *value;
        size_t offset, wanted; /* 0: refused */
    } cases[] = {
        {"--body-bytes-max", "4096", offsetof(struct config, body_bytes_max), 4096},
        {"--body-bytes-max", "2kib", offsetof(struct config, body_bytes_max), 2048},
        {"--body-bytes-max", "1GiB", offsetof(struct config, body_bytes_max), 1u << 30},
        {"--body-bytes-max", "2GiB", 0, 0},
        {"--body-bytes-max", "1MB", 0, 0},
        {"--body-bytes-max", "18446744073709551615GiB", 0, 0},
        {"--body-bytes-max", "99999999999999999999", 0, 0},
        {"--fit-budget", "1500ms", offsetof(struct config, fit_budget_ms), 1500},
        {"--fit-budget", "2m", offsetof(struct config, fit_budget_ms), 120000},
        {"--fit-budget", "1h", offsetof(struct config, fit_budget_ms), 3600000},
        {"--fit-budget", "5", 0, 0},
        {"--fit-budget", "-5s", 0, 0},
        {"--fit-budget", "s", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = load(ARGS(cases[i].flag, cases[i].value, "--inflight-bytes-max", "4GiB"), NOTHING);
        assert_int_equal(rc, cases[i].wanted ? 0 : -1);
        if (rc == 0)
            assert_int_equal(*(size_t *)((char *)&config + cases[i].offset), cases[i].wanted);
    }
    assert_int_equal(load(ARGS("--fit-budget", "0", "--drain-delay=0"), NOTHING), 0);
    assert_int_equal(config.fit_budget_ms + config.drain_delay_ms, 0);
}

static void a_wrong_value_is_named_with_its_origin_and_range(void **state)
{
    char wanted[TMP_PATH_MAX + 64];

    (void)state;
    assert_int_equal(load(ARGS(), ENV("TSTRM_WORKERS=abc")), -1);
    assert_string_equal(
        err.msg, "config: workers = \"abc\" (from TSTRM_WORKERS): expected an integer 0..256");
    assert_int_equal(load(ARGS("--workers", "257"), NOTHING), -1);
    refused("workers = \"257\" (from --workers): expected an integer 0..256");
    use_file("\nlog-format = xml\n");
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), -1);
    snprintf(wanted, sizeof wanted, "(from %.80s:2): expected logfmt or json", file_path);
    refused(wanted);
    assert_int_equal(load(ARGS("--insecure=yes"), NOTHING), -1);
    refused("expected true or false");
    assert_int_equal(load(ARGS("--body-bytes-max", "1"), NOTHING), -1);
    refused("expected a size 1KiB..1GiB");
    assert_int_equal(load(ARGS("--store", ""), NOTHING), -1);
    refused("expected a path");
}

static void a_wrong_value_is_refused_even_where_it_is_overruled(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS("--workers", "1"), ENV("TSTRM_WORKERS=many")), -1);
    refused("TSTRM_WORKERS");
}

static void unknown_names_are_refused_everywhere(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS("--wrokers", "1"), NOTHING), -1);
    refused("unknown flag \"--wrokers\", see --help");
    assert_int_equal(load(ARGS("-x"), NOTHING), -1);
    refused("\"-x\", see --help");
    assert_int_equal(load(ARGS("serve"), NOTHING), -1);
    refused("unexpected \"serve\", see --help");
    assert_int_equal(load(ARGS("--"), NOTHING), -1);
    assert_int_equal(load(ARGS(), ENV("TSTRM_WORKER=1")), -1);
    refused("unknown variable TSTRM_WORKER in the environment, see --help");
    use_file("workers = 1\n\nthreads = 1\n");
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), -1);
    refused(":3: unknown option \"threads\", see --help");
    use_file("config = other.conf\n");
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), -1);
    refused(":1: unknown option \"config\"");
}

static void variables_made_by_kubernetes_and_empty_ones_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS(), ENV("TSTRM_PORT=tcp://10.0.0.1:80", "TSTRM_SERVICE_HOST=10.0.0.1",
                                      "TSTRM_SERVICE_PORT=80", "TSTRM_PORT_80_TCP_ADDR=10.0.0.1",
                                      "TSTRM_WORKERS=", "TSTRM_STRANGE=")),
                     0);
    assert_int_equal(config.workers, 0);
}

static void a_flag_without_its_value_is_refused(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS("--workers"), NOTHING), -1);
    refused("--workers needs a value");
}

static void a_file_that_is_wrong_is_refused(void **state)
{
    char *large = malloc(CONFIG_FILE_MAX + 2);

    (void)state;
    assert_int_equal(load(ARGS("--config", "/nowhere/tstrm.conf"), NOTHING), -1);
    refused("/nowhere/tstrm.conf: No such file or directory");
    assert_int_equal(load(ARGS("--config", folder), NOTHING), -1);
    use_file("workers 3\n");
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), -1);
    refused(":1: expected \"name = value\"");
    use_file("workers = 3\nworkers = 4\n");
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), -1);
    refused(":2: workers was given in line 1 already");
    memset(large, '\n', CONFIG_FILE_MAX + 1);
    large[CONFIG_FILE_MAX + 1] = '\0';
    use_file(large);
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), -1);
    refused("longer than 64 KiB");
    large[CONFIG_FILE_MAX] = '\0';
    use_file(large);
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), 0);
    free(large);
}

static void a_failed_load_leaves_the_result_untouched(void **state)
{
    struct config before;

    (void)state;
    memset(&config, 'x', sizeof config);
    memcpy(&before, &config, sizeof before);
    assert_int_equal(load(ARGS("--workers", "2", "--wrong"), NOTHING), -1);
    assert_memory_equal(&config, &before, sizeof config);
}

static void addresses_are_host_and_port(void **state)
{
    static const struct {
        const char *text, *host; /* NULL: refused */
        unsigned port;
    } cases[] = {
        {"127.0.0.1:0", "127.0.0.1", 0},
        {"localhost:65535", "localhost", 65535},
        {"[::1]:80", "::1", 80},
        {"[127.0.0.1]:80", "127.0.0.1", 80},
        {"127.0.0.1", NULL, 0},
        {"127.0.0.1:", NULL, 0},
        {"127.0.0.1:65536", NULL, 0},
        {"127.0.0.1:8a", NULL, 0},
        {":8080", NULL, 0},
        {"[]:8080", NULL, 0},
        {"::1:80", NULL, 0},
        {"[::1]", NULL, 0},
        {"8080", NULL, 0},
        {"127.0.0.1: 80", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = load(ARGS("--listen", cases[i].text), NOTHING);
        assert_int_equal(rc, cases[i].host ? 0 : -1);
        if (rc)
            continue;
        assert_string_equal(config.listen_host, cases[i].host);
        assert_int_equal(config.listen_port, cases[i].port);
    }
}

static void only_loopback_is_listened_on_without_keys_tls_or_insecure(void **state)
{
    static const char *const open[] = {"0.0.0.0:80",
                                       "[::]:80",
                                       "10.1.2.3:80",
                                       "example.org:80",
                                       "127.0.0.1.example.org:80",
                                       "[::ffff:10.1.2.3]:80"};

    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        assert_int_equal(load(ARGS("--listen", open[i]), NOTHING), -1);
        refused("not a loopback address");
        assert_int_equal(load(ARGS("--listen", open[i], "--check-config"), NOTHING), -1);
        assert_int_equal(load(ARGS("--listen", open[i], "--insecure"), NOTHING), 0);
        assert_int_equal(load(ARGS("--listen", open[i], "--api-keys", "keys"), NOTHING), 0);
        assert_int_equal(load(ARGS("--listen", open[i], "--tls-cert=c", "--tls-key=k"), NOTHING), 0);
        assert_int_equal(load(ARGS("--listen", open[i], "--healthcheck"), NOTHING), 0);
    }
    assert_int_equal(load(ARGS("--tls-cert", "c"), NOTHING), -1);
    refused("it needs --tls-key");
    assert_int_equal(load(ARGS("--tls-key", "k"), NOTHING), -1);
    refused("it needs --tls-cert");
    assert_true(config_host_is_loopback("127.9.9.9"));
    assert_true(config_host_is_loopback("LocalHost"));
    assert_true(config_host_is_loopback("::1"));
}

static void all_bodies_together_may_not_be_smaller_than_one(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS("--inflight-bytes-max", "1MiB"), NOTHING), -1);
    refused("inflight-bytes-max = \"1MiB\" (from --inflight-bytes-max): expected at least "
            "body-bytes-max");
}

static void actions_are_recognised_and_the_last_one_counts(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS("--print-config"), NOTHING), 0);
    assert_int_equal(config.action, CONFIG_PRINT);
    assert_int_equal(load(ARGS("--print-config", "--check-config"), NOTHING), 0);
    assert_int_equal(config.action, CONFIG_CHECK);
    assert_int_equal(load(ARGS("--check-store"), NOTHING), 0);
    assert_int_equal(config.action, CONFIG_CHECK_STORE);
    assert_int_equal(load(ARGS("--healthcheck"), NOTHING), 0);
    assert_int_equal(config.action, CONFIG_HEALTHCHECK);
}

static void help_and_version_succeed_whatever_else_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS("--wrong", "--help"), ENV("TSTRM_WRONG=1")), 0);
    assert_int_equal(config.action, CONFIG_HELP);
    assert_int_equal(load(ARGS("--version", "wrong"), NOTHING), 0);
    assert_int_equal(config.action, CONFIG_VERSION);
}

/* What print writes, malloc. */
static char *printed(void (*print)(const struct config *config, FILE *out))
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    print(&config, out);
    fclose(out);
    return text;
}

static void print_config_lets_no_value_make_a_line_of_its_own(void **state)
{
    (void)state;
    static const char *const odd[] = {"TSTRM_STORE=/a\nworkers = 9", "TSTRM_STORE=/a #b", "TSTRM_STORE= /a"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(load(ARGS("--workers", "3"), ENV(odd[i])), 0);
        char *text = printed(config_print);
        assert_non_null(strstr(text, "\n# store = "));
        assert_null(strstr(text, "\nworkers = 9"));
        free(text);
    }
}

static void print_config_names_every_value_and_its_origin(void **state)
{
    char wanted[TMP_PATH_MAX + 64];

    (void)state;
    use_file("\nseries-max = 20\n");
    assert_int_equal(load(ARGS("--workers", "4", "--listen", "[::1]:80", "--config", file_path),
                          ENV("TSTRM_DRAIN_DELAY=1500ms")),
                     0);
    char *text = printed(config_print);
    assert_non_null(strstr(text, "listen = [::1]:80 # --listen\n"));
    assert_non_null(strstr(text, "workers = 4 # --workers\n"));
    assert_non_null(strstr(text, "drain-delay = 1500ms # TSTRM_DRAIN_DELAY\n"));
    assert_non_null(strstr(text, "body-bytes-max = 16MiB # default\n"));
    assert_non_null(strstr(text, "log-format = logfmt # default\n"));
    snprintf(wanted, sizeof wanted, "series-max = 20 # %s:2\n", file_path);
    assert_non_null(strstr(text, wanted));
    free(text);
}

static void what_print_config_writes_can_be_read_again(void **state)
{
    struct config first;

    (void)state;
    assert_int_equal(load(ARGS("--workers=4", "--listen=[::]:80", "--insecure", "--store=/var/a.db",
                               "--log-format=json", "--drain-delay=90s", "--body-bytes-max=3KiB",
                               "--forecast-cache-bytes=1000001"),
                          NOTHING),
                     0);
    first = config;
    char *text = printed(config_print);
    use_file(text);
    free(text);
    assert_int_equal(load(ARGS("--config", file_path), NOTHING), 0);
    memcpy(config.config_path, first.config_path, sizeof config.config_path);
    memcpy(config.origin, first.origin, sizeof config.origin);
    assert_memory_equal(&config, &first, sizeof config);
}

static void what_may_change_while_running_is_adopted_and_the_rest_is_told(void **state)
{
    struct config_change changes[CONFIG_OPTIONS_MAX];
    struct config now;

    (void)state;
    assert_int_equal(load(ARGS("--workers=2"), NOTHING), 0);
    now = config;
    use_file("\nlog-level = debug\ndrain-delay = 1500ms\nstore = other.db\n");
    assert_int_equal(load(ARGS("--workers=3", "--config", file_path), NOTHING), 0);
    assert_int_equal(config_adopt(&now, &config, changes), 5);
    assert_string_equal(changes[0].option, "store");
    assert_string_equal(changes[0].from, "tstrm.db");
    assert_string_equal(changes[0].to, "other.db");
    assert_false(changes[0].adopted);
    assert_string_equal(changes[1].option, "config");
    assert_string_equal(changes[2].option, "workers");
    assert_false(changes[2].adopted);
    assert_string_equal(changes[3].option, "log-level");
    assert_true(changes[3].adopted);
    assert_string_equal(changes[4].to, "1500ms");
    assert_int_equal(now.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(now.drain_delay_ms, 1500);
    assert_int_equal(now.workers, 2);
    assert_string_equal(now.store_path, "tstrm.db");
    config = now;
    char *text = printed(config_print); /* with where the value came from */
    assert_non_null(strstr(text, "log-level = debug # "));
    free(text);
}

static void print_help(const struct config *unused, FILE *out)
{
    (void)unused;
    config_print_help(out);
}

static void help_names_every_option_that_print_config_shows(void **state)
{
    (void)state;
    assert_int_equal(load(ARGS(), NOTHING), 0);
    char *help = printed(print_help), *all = printed(config_print), *rest = all, *line;
    size_t named = 0;
    while ((line = strsep(&rest, "\n")) && *line) {
        char flag[64];
        line += *line == '#' ? 2 : 0;
        snprintf(flag, sizeof flag, "--%.*s ", (int)strcspn(line, " "), line);
        assert_non_null(strstr(help, flag));
        named++;
    }
    assert_true(named >= 16);
    assert_non_null(strstr(help, "--healthcheck"));
    free(help);
    free(all);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_anything_the_defaults_hold),
        TEST(flags_beat_environment_beats_file_beats_defaults),
        TEST(the_file_may_be_named_by_the_environment),
        TEST(a_value_may_follow_an_equals_sign),
        TEST(a_file_has_comments_blanks_and_either_kind_of_dash),
        TEST(sizes_and_durations_have_units),
        TEST(a_wrong_value_is_named_with_its_origin_and_range),
        TEST(a_wrong_value_is_refused_even_where_it_is_overruled),
        TEST(unknown_names_are_refused_everywhere),
        TEST(variables_made_by_kubernetes_and_empty_ones_are_ignored),
        TEST(a_flag_without_its_value_is_refused),
        TEST(a_file_that_is_wrong_is_refused),
        TEST(a_failed_load_leaves_the_result_untouched),
        TEST(addresses_are_host_and_port),
        TEST(only_loopback_is_listened_on_without_keys_tls_or_insecure),
        TEST(all_bodies_together_may_not_be_smaller_than_one),
        TEST(actions_are_recognised_and_the_last_one_counts),
        TEST(help_and_version_succeed_whatever_else_is_wrong),
        TEST(print_config_lets_no_value_make_a_line_of_its_own),
        TEST(print_config_names_every_value_and_its_origin),
        TEST(what_print_config_writes_can_be_read_again),
        TEST(what_may_change_while_running_is_adopted_and_the_rest_is_told),
        TEST(help_names_every_option_that_print_config_shows),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
