/* What the files of the PromQL parser share: tokens and how errors are placed. Nothing outside them
 * includes it. */
#ifndef SERVER_WIRE_PROMQL_PARTS_H
#define SERVER_WIRE_PROMQL_PARTS_H

#include "server/wire/promql.h"

enum promql_token_kind {
    TOKEN_END,
    TOKEN_WORD, /* a metric, a label, a function or a keyword */
    TOKEN_NUMBER,
    TOKEN_DURATION,
    TOKEN_STRING,
    TOKEN_MARK, /* punctuation and operators, in token.mark */
};

struct promql_token {
    enum promql_token_kind kind;
    size_t at, n;     /* bytes of the text */
    double number;    /* TOKEN_NUMBER */
    int64_t ms;       /* TOKEN_DURATION */
    const char *text; /* TOKEN_STRING: unescaped, in the tree's text */
    char mark[3];     /* TOKEN_MARK */
};

struct promql_lexer {
    const char *text;
    size_t n, at;
    bool in_brackets; /* between [ and ], where a colon stands for itself */
    struct promql *promql;
};

/* Errors with "line:byte: " in front of the words; both return -1. */
int promql_syntax(const struct promql_lexer *lexer, size_t at, struct err *err, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
int promql_unsupported(const struct promql_lexer *lexer, size_t at, struct err *err,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

PROMQL_MUST int promql_next(struct promql_lexer *lexer, struct promql_token *ret, struct err *err);

/* Keeps n bytes and a NUL in the tree's text, which has room for everything that a query holds. */
const char *promql_keep(struct promql *promql, const char *text, size_t n);

/* Fills a matcher, compiling its expression. at: for errors. */
PROMQL_MUST int promql_matcher_init(const struct promql_lexer *lexer, size_t at,
                                    enum promql_match match, const char *name, const char *value,
                                    struct promql_matcher *ret, struct err *err);

/* Whether the matcher does not fit the empty text. */
bool promql_matcher_is_selective(struct promql_matcher *matcher);

#endif
