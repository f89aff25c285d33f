/* What the subcommands of tstrm share: their table's shape, exit codes and errors as values. Knows no
 * subcommand's work. Surprising: it has errors of its own instead of the daemon's, because the tool
 * links core alone and none of the daemon's layers. */
#ifndef SERVER_TOOL_TOOL_H
#define SERVER_TOOL_TOOL_H

enum tool_exit { TOOL_CLEAN = 0, TOOL_FAILED = 1, TOOL_USAGE = 2, TOOL_INTERRUPTED = 130 };

#define TOOL_MESSAGE_MAX 512

struct tool_err {
    char msg[TOOL_MESSAGE_MAX];
};

/* Keeps the message; always -1, so that a failure is one return statement. */
int tool_fail(struct tool_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each gets its own name as argv[0] and ends with a tool_exit. */
int tool_evaluate(int argc, char **argv);
int tool_pretrain(int argc, char **argv);

#endif
