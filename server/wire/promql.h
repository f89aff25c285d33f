/* A query of PromQL (the subset here) as a tree. Knows the grammar, precedence and types; refuses
 * to know where series come from (promql_eval.h takes them) and HTTP. Surprising: a tree holds at
 * most one selector, because an operator between two vectors is outside the subset; so whoever
 * answers a query gathers one set of series, and scalars are constants.
 *
 * The subset: numbers; + - * / % ^, unary + and -, parentheses; selectors with = != =~ !~, a range
 * and an offset of either sign; comparisons with a scalar, with and without bool; arithmetic of a
 * vector with a scalar; max_, min_, avg_, sum_, count_ and last_over_time. Anything else of PromQL
 * is ERR_INVALID and names the part and its position ("1:5": line and byte); what is no PromQL is
 * ERR_SYNTAX, in the same form.
 *
 * Regular expressions are POSIX extended ones, anchored at both ends (^(…)$). Of RE2 that leaves
 * out (?:…),
 * (?i), \d \w \s \b, \pL, lazy repetition (*?) and escapes such as \n and \x41: they are
 * ERR_INVALID, never read as something else. Any thread; one at a time for each tree. */
#ifndef SERVER_WIRE_PROMQL_H
#define SERVER_WIRE_PROMQL_H

#include "server/base/err.h"

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROMQL_MUST __attribute__((warn_unused_result))

#define PROMQL_TEXT_MAX 16384 /* bytes of a query */
#define PROMQL_DEPTH_MAX 64   /* parentheses, signs and powers inside each other */
#define PROMQL_NODES_MAX 256
#define PROMQL_MATCHERS_MAX 32
#define PROMQL_REGEX_MAX 8192 /* bytes of an expression times the repetitions that it names */
#define PROMQL_DURATION_MAX_MS INT64_C(3153600000000) /* 100 years */

enum promql_type { PROMQL_SCALAR, PROMQL_VECTOR, PROMQL_MATRIX };
enum promql_kind { PROMQL_NUMBER, PROMQL_SELECTOR, PROMQL_OVER_TIME, PROMQL_NEGATE, PROMQL_BINARY };
enum promql_op {
    PROMQL_ADD,
    PROMQL_SUB,
    PROMQL_MUL,
    PROMQL_DIV,
    PROMQL_MOD,
    PROMQL_POW,
    PROMQL_EQ,
    PROMQL_NE,
    PROMQL_LT,
    PROMQL_GT,
    PROMQL_LE,
    PROMQL_GE, /* comparisons, from EQ on */
};
enum promql_over {
    PROMQL_OVER_MAX,
    PROMQL_OVER_MIN,
    PROMQL_OVER_AVG,
    PROMQL_OVER_SUM,
    PROMQL_OVER_COUNT,
    PROMQL_OVER_LAST,
};

enum promql_match {
    PROMQL_MATCH_EQUAL,
    PROMQL_MATCH_UNEQUAL,
    PROMQL_MATCH_REGEX,
    PROMQL_MATCH_NOT_REGEX
};

struct promql_matcher {
    enum promql_match match;
    const char *name, *value;
    regex_t regex;     /* compiled for the two that need it */
    size_t regex_read; /* bytes that it was held against since then */
};

struct promql_selector {
    struct promql_matcher *matchers;
    size_t matcher_n;
    int64_t range_ms;  /* 0: an instant selector */
    int64_t offset_ms; /* positive: into the past */
};

struct promql_node {
    enum promql_kind kind;
    enum promql_type type;
    double number;         /* PROMQL_NUMBER */
    enum promql_over over; /* PROMQL_OVER_TIME; its operand is left */
    enum promql_op op;     /* PROMQL_BINARY */
    bool as_bool;
    struct promql_node *left, *right;
};

struct promql {
    struct promql_node *root;
    struct promql_selector *selector; /* the only one, or NULL */
    /* The rest belongs to the parser. */
    struct promql_node nodes[PROMQL_NODES_MAX];
    size_t node_n;
    struct promql_selector selectors[1];
    struct promql_matcher matchers[PROMQL_MATCHERS_MAX];
    size_t matcher_n;
    size_t text_used;
    char *text; /* what names and values point into */
};

/* Reads text[n]. Returns 0 and a tree that the caller frees, or -1 with ERR_SYNTAX, ERR_INVALID or
 * ERR_NO_MEMORY. */
PROMQL_MUST int promql_parse(const char *text, size_t n, struct promql **ret, struct err *err);

/* The same for a selector that stands alone, without range and offset: what match[] holds. */
PROMQL_MUST int promql_parse_selector(const char *text, size_t n, struct promql **ret,
                                      struct err *err);

/* Accepts NULL. */
void promql_free(struct promql *promql);

struct promql_label {
    const char *name, *value;
};

/* Whether labels (sorted by name; an absent one counts as "") fit every matcher. */
bool promql_selects(const struct promql_selector *selector, const struct promql_label *labels,
                    size_t n);

/* Whether value fits every matcher on the label name. */
bool promql_selects_value(const struct promql_selector *selector, const char *name,
                          const char *value);

/* The value that an = matcher on the label gives, or NULL. */
const char *promql_given(const struct promql_selector *selector, const char *name);

/* Whether any matcher looks at the label. */
bool promql_asks_for(const struct promql_selector *selector, const char *name);

/* "5m", "1h30m", units ms s m h d w y in this order from large to small, each once. Above 0 and at
 * most PROMQL_DURATION_MAX_MS ("0" with a unit is 0). False: not a duration. */
PROMQL_MUST bool promql_duration_parse(const char *text, size_t n, int64_t *ret_ms);

#endif
