/* Where the options' values come from. Knows flags, environment, file and their order; refuses to
 * know any single option but --config and the two rules that tie options together. Surprising:
 * everything is read twice, because the first reading of flags and environment is what finds the
 * file that they overrule. */
#include "server/base/config.h"

#include "server/base/config_options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENV_PREFIX "TSTRM_"

static const struct {
    const char *flag;
    enum config_action action;
    const char *help;
} actions[] = {
    {"--help", CONFIG_HELP, "print this and exit"},
    {"--version", CONFIG_VERSION, "print the version and exit"},
    {"--print-config", CONFIG_PRINT, "print every value and where it came from, and exit"},
    {"--check-config", CONFIG_CHECK, "check the configuration and exit"},
    {"--check-store", CONFIG_CHECK_STORE,
     "check the store or backup at --store, which no daemon may have open, and exit"},
    {"--healthcheck", CONFIG_HEALTHCHECK,
     "ask the daemon at --listen whether it is ready, and exit"},
};
#define ACTIONS (sizeof actions / sizeof *actions)

/* ---- flags ---- */

static bool read_action(const char *arg, enum config_action *action)
{
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(arg, actions[i].flag) == 0) {
            *action = actions[i].action;
            return true;
        }
    return false;
}

/* "--name=value", "--name value" or a switch's "--name"; moves *at over what it took. */
static int read_flag(int argc, char *const *argv, int *at, struct config *config, struct err *err)
{
    const char *arg = argv[*at], *name = arg + 2, *equals = strchr(arg, '=');
    size_t name_n = equals ? (size_t)(equals - name) : strlen(name);
    char from[64];
    int row = option_find(name, name_n);

    if (row < 0)
        return err_set(err, ERR_INVALID, "config: unknown flag \"%.80s\", see --help", arg);
    const char *value = equals ? equals + 1 : options[row].kind == OPTION_SWITCH ? "true" : NULL;
    if (!value && ++*at < argc)
        value = argv[*at];
    if (!value)
        return err_set(err, ERR_INVALID, "config: %s needs a value, see --help", arg);
    snprintf(from, sizeof from, "--%s", options[row].name);
    return option_take(row, value, CONFIG_FROM_FLAG, 0, from, config, err);
}

static int read_flags(int argc, char *const *argv, struct config *config, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        if (read_action(argv[i], &config->action))
            continue;
        if (strncmp(argv[i], "--", 2) != 0)
            return err_set(err, ERR_INVALID, "config: unexpected \"%.80s\", see --help", argv[i]);
        if (read_flag(argc, argv, &i, config, err))
            return -1;
    }
    return 0;
}

/* ---- environment ---- */

/* What Kubernetes adds to every container when a service's name begins with "tstrm". */
static bool is_service_link(const char *name)
{
    return strstr(name, "_SERVICE_HOST") || strstr(name, "_PORT");
}

static int read_variable(const char *variable, struct config *config, struct err *err)
{
    const char *equals = strchr(variable, '=');
    char name[64], lower[64];
    size_t n = equals ? (size_t)(equals - variable) : 0;

    if (n == 0 || equals[1] == '\0')
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), variable);
    if (is_service_link(name))
        return 0;
    size_t prefix_n = strlen(ENV_PREFIX), lower_n = 0;
    for (const char *from = name + prefix_n; *from; from++)
        lower[lower_n++] =
            isupper((unsigned char)*from) ? (char)tolower((unsigned char)*from) : *from;
    int row = option_find(lower, lower_n);
    if (row < 0)
        return err_set(err, ERR_INVALID,
                       "config: unknown variable %s in the environment, see --help", name);
    return option_take(row, equals + 1, CONFIG_FROM_ENV, 0, name, config, err);
}

static int read_environment(char *const *env, struct config *config, struct err *err)
{
    for (; env && *env; env++)
        if (strncmp(*env, ENV_PREFIX, strlen(ENV_PREFIX)) == 0 && read_variable(*env, config, err))
            return -1;
    return 0;
}

/* ---- all together ---- */

void config_defaults(struct config *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < options_n; i++)
        if (*options[i].fallback && !option_set(&options[i], options[i].fallback, ret))
            abort(); /* the table contradicts itself */
}

/* "--listen", "TSTRM_LISTEN", "FILE:3" or "default". */
static void format_origin(const struct config *config, size_t row, char *buf, size_t buf_n)
{
    switch (config->origin[row].source) {
    case CONFIG_FROM_DEFAULT:
        snprintf(buf, buf_n, "default");
        break;
    case CONFIG_FROM_FILE:
        snprintf(buf, buf_n, "%.160s:%u", config->config_path, config->origin[row].line);
        break;
    case CONFIG_FROM_ENV: {
        size_t n = (size_t)snprintf(buf, buf_n, ENV_PREFIX "%s", options[row].name);
        for (size_t i = strlen(ENV_PREFIX); i < n && i < buf_n; i++)
            buf[i] = buf[i] == '-' ? '_' : (char)toupper((unsigned char)buf[i]);
        break;
    }
    case CONFIG_FROM_FLAG:
        snprintf(buf, buf_n, "--%s", options[row].name);
        break;
    }
}

static int refuse(const struct config *config, const char *name, const char *why, struct err *err)
{
    size_t row = (size_t)option_find(name, strlen(name));
    char value[OPTION_TEXT_MAX], origin[192];

    option_format(&options[row], config, value);
    format_origin(config, row, origin, sizeof origin);
    return err_set(err, ERR_INVALID, "config: %s = \"%.60s\" (from %.60s): %s", name, value, origin,
                   why);
}

static int check_together(const struct config *config, struct err *err)
{
    bool serves = config->action == CONFIG_RUN || config->action == CONFIG_CHECK;

    if (config->inflight_bytes_max < config->body_bytes_max)
        return refuse(config, "inflight-bytes-max", "expected at least body-bytes-max", err);
    bool keys = config->api_keys_path[0] != '\0', tls = config->tls_cert_path[0] != '\0';
    if (tls != (config->tls_key_path[0] != '\0'))
        return refuse(config, tls ? "tls-cert" : "tls-key",
                      tls ? "it needs --tls-key, the file of its private key"
                          : "it needs --tls-cert, the file of the certificate",
                      err);
    if (serves && !keys && !tls && !config->insecure && !config_host_is_loopback(config->listen_host))
        return refuse(
            config, "listen",
            "not a loopback address, and whoever reaches it may read and write everything: add --api-keys "
            "FILE (and --tls-cert, --tls-key, or else keys can be read on the way), or allow it with "
            "--insecure",
            err);
    return 0;
}

static bool only_asks(int argc, char *const *argv, enum config_action *ret)
{
    for (int i = 1; i < argc; i++)
        if (read_action(argv[i], ret) && (*ret == CONFIG_HELP || *ret == CONFIG_VERSION))
            return true;
    return false;
}

static int load_layers(int argc, char *const *argv, char *const *env, struct config *config,
                       struct err *err)
{
    char path[CONFIG_PATH_MAX + 1];

    if (read_environment(env, config, err) || read_flags(argc, argv, config, err))
        return -1;
    memcpy(path, config->config_path, sizeof path);
    config_defaults(config);
    if ((*path && config_read_file(path, config, err)) || read_environment(env, config, err) ||
        read_flags(argc, argv, config, err))
        return -1;
    return check_together(config, err);
}

int config_load(int argc, char *const *argv, char *const *env, struct config *ret, struct err *err)
{
    struct config config;
    enum config_action action;

    config_defaults(&config);
    if (only_asks(argc, argv, &action))
        config.action = action;
    else if (load_layers(argc, argv, env, &config, err))
        return -1;
    *ret = config;
    return 0;
}

bool config_host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

/* ---- printing ---- */

void config_print_help(FILE *out)
{
    char expected[OPTION_TEXT_MAX];

    fprintf(
        out,
        "Usage: tstrmd [--OPTION VALUE]...\n\n"
        "Values come from flags, then from the environment (TSTRM_LOG_FORMAT for log-format),\n"
        "then from the file named by --config (log-format = json), then from the defaults. SIGHUP\n"
        "and POST /-/reload read them again.\n\n");
    for (size_t i = 0; i < options_n; i++) {
        const char *fallback = *options[i].fallback ? options[i].fallback : "none";
        option_expected(&options[i], expected);
        fprintf(out, "  --%-22s %s\n  %24s %s; default %s%s\n", options[i].name, options[i].help, "",
                expected, fallback, options[i].live ? "; changes while running" : "");
    }
    fputc('\n', out);
    fprintf(out, "  %-24s %s\n  %24s %s\n", "--new-key NAME",
            "make a key and print it, once, and exit; before all others, with --scopes LIST", "",
            "(read,write,admin,metrics; default read) and --api-keys FILE, to add its line to");
    for (size_t i = 0; i < ACTIONS; i++)
        fprintf(out, "  %-24s %s\n", actions[i].flag, actions[i].help);
}

/* Whether a line of a file can hold the value: it is cut at a comment, and blanks around it are
 * nothing. Control characters are taken out, so that no value makes a line of its own. */
static bool file_can_say(char *value)
{
    size_t n = strlen(value);
    bool can = n > 0 && !isspace((unsigned char)value[0]) && value[0] != '#' &&
               !isspace((unsigned char)value[n - 1]);

    for (size_t i = 0; i < n; i++) {
        if (i > 0 && value[i] == '#' && isspace((unsigned char)value[i - 1]))
            can = false;
        if (iscntrl((unsigned char)value[i])) {
            value[i] = '?';
            can = false;
        }
    }
    return can;
}

void config_print(const struct config *config, FILE *out)
{
    char value[OPTION_TEXT_MAX], origin[192];

    for (size_t i = 0; i < options_n; i++) {
        option_format(&options[i], config, value);
        format_origin(config, i, origin, sizeof origin);
        bool comment = !file_can_say(value) || option_names_file(&options[i]);
        fprintf(out, "%s%s = %s # %s\n", comment ? "# " : "", options[i].name, value, origin);
    }
}
