/* tstrm, the command-line tool: picks the subcommand. Knows their names and one line about each; their
 * options are their own. Surprising: it shares no code with the daemon but core, so that what it
 * measures is core alone. */
#include "server/tool/tool.h"

#include <stdio.h>
#include <string.h>

struct subcommand {
    const char *name, *about;
    int (*run)(int argc, char **argv);
};

static const struct subcommand subcommands[] = {
    {"evaluate", "forecast data sets whose future is known, and score the answers", tool_evaluate},
    {"pretrain", "train the weights that every series shares", tool_pretrain},
};

#define SUBCOMMANDS (sizeof subcommands / sizeof subcommands[0])

static void print_help(FILE *to)
{
    fputs("usage: tstrm SUBCOMMAND ...\n\n", to);
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        fprintf(to, "  %-12s%s\n", subcommands[i].name, subcommands[i].about);
    fputs("\n  --help, --version\n  tstrm SUBCOMMAND --help says more\n", to);
}

/* What was printed has arrived, or the exit code says that it has not. */
static int printed(int code)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? code : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < SUBCOMMANDS; i++)
        if (strcmp(word, subcommands[i].name) == 0)
            return printed(subcommands[i].run(argc - 1, argv + 1));
    if (strcmp(word, "--version") == 0) {
        printf("tstrm %s\n", TSTRM_VERSION);
        return printed(TOOL_CLEAN);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help(stdout);
        return printed(TOOL_CLEAN);
    }
    if (word[0])
        fprintf(stderr, "tstrm: there is no subcommand %s; see tstrm --help\n", word);
    else
        print_help(stderr);
    return TOOL_USAGE;
}
