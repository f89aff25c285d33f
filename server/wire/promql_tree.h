/* What the two files that build the tree share. Nothing outside them includes it. */
#ifndef SERVER_WIRE_PROMQL_TREE_H
#define SERVER_WIRE_PROMQL_TREE_H

#include "server/wire/promql_parts.h"

struct promql_parser {
    struct promql_lexer lexer;
    struct promql_token token; /* the one to be read next */
    size_t depth;
    struct err *err;
};

PROMQL_MUST int promql_advance(struct promql_parser *p);
/* Whether the next token is this mark, or this word (in any case of its letters). */
bool promql_is(const struct promql_parser *p, const char *mark);
bool promql_is_word(const struct promql_parser *p, const char *word);
/* Reads the mark, or says that something else stands there. */
PROMQL_MUST int promql_expect(struct promql_parser *p, const char *mark);
/* "unexpected … in …, expected …", at the next token; returns -1. */
int promql_unexpected(struct promql_parser *p, const char *in, const char *expected);
/* NULL (with *err) where there are too many. */
struct promql_node *promql_add_node(struct promql_parser *p, enum promql_kind kind,
                                    enum promql_type type);

/* A selector with what stands behind it; the next token begins it. NULL with *err. */
struct promql_node *promql_parse_vector(struct promql_parser *p);

#endif
