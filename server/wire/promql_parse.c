/* The recursive descent: operators by climbing precedences, calls, parentheses. Surprising: a sign
 * binds less tightly than a power and as tightly as a product: -2^2 is -4. See promql.h. */
#include "server/wire/promql_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* From loose to tight. */
enum { LEVEL_OR = 1, LEVEL_AND, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_POWER };

static const struct {
    const char *mark;
    enum promql_op op;
    int level;
} operators[] = {
    {"==", PROMQL_EQ, LEVEL_COMPARE}, {"!=", PROMQL_NE, LEVEL_COMPARE},
    {"<", PROMQL_LT, LEVEL_COMPARE},  {">", PROMQL_GT, LEVEL_COMPARE},
    {"<=", PROMQL_LE, LEVEL_COMPARE}, {">=", PROMQL_GE, LEVEL_COMPARE},
    {"+", PROMQL_ADD, LEVEL_SUM},     {"-", PROMQL_SUB, LEVEL_SUM},
    {"*", PROMQL_MUL, LEVEL_PRODUCT}, {"/", PROMQL_DIV, LEVEL_PRODUCT},
    {"%", PROMQL_MOD, LEVEL_PRODUCT}, {"^", PROMQL_POW, LEVEL_POWER},
};
#define OPERATORS (sizeof operators / sizeof *operators)

static const struct {
    const char *name;
    enum promql_over over;
} functions[] = {
    {"max_over_time", PROMQL_OVER_MAX},     {"min_over_time", PROMQL_OVER_MIN},
    {"avg_over_time", PROMQL_OVER_AVG},     {"sum_over_time", PROMQL_OVER_SUM},
    {"count_over_time", PROMQL_OVER_COUNT}, {"last_over_time", PROMQL_OVER_LAST},
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

/* Words that PromQL has and the subset has not. */
static const char *const aggregations[] = {
    "sum",    "avg",  "count",   "min",          "max",      "group",  "stddev",
    "stdvar", "topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"};
static const char *const set_operators[] = {"and", "or", "unless", "atan2"};
static const char *const matchings[] = {"on", "ignoring", "group_left", "group_right"};

static bool is_one_of(const struct promql_parser *p, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (promql_is_word(p, words[i]))
            return true;
    return false;
}
#define IS_ONE_OF(p, words) is_one_of((p), (words), sizeof(words) / sizeof *(words))

int promql_advance(struct promql_parser *p)
{
    return promql_next(&p->lexer, &p->token, p->err);
}

bool promql_is(const struct promql_parser *p, const char *mark)
{
    return p->token.kind == TOKEN_MARK && strcmp(p->token.mark, mark) == 0;
}

bool promql_is_word(const struct promql_parser *p, const char *word)
{
    return p->token.kind == TOKEN_WORD && strlen(word) == p->token.n &&
           strncasecmp(p->lexer.text + p->token.at, word, p->token.n) == 0;
}

int promql_unexpected(struct promql_parser *p, const char *in, const char *expected)
{
    const struct promql_token *token = &p->token;
    if (token->kind == TOKEN_END)
        return promql_syntax(&p->lexer, token->at, p->err,
                             "unexpected end of input in %s, expected %s", in, expected);
    return promql_syntax(&p->lexer, token->at, p->err, "unexpected \"%.*s\" in %s, expected %s",
                         (int)(token->n < 60 ? token->n : 60), p->lexer.text + token->at, in,
                         expected);
}

int promql_expect(struct promql_parser *p, const char *mark)
{
    char wanted[8] = {'"', mark[0], '"'};
    return promql_is(p, mark) ? promql_advance(p) : promql_unexpected(p, "expression", wanted);
}

struct promql_node *promql_add_node(struct promql_parser *p, enum promql_kind kind,
                                    enum promql_type type)
{
    struct promql *promql = p->lexer.promql;
    if (promql->node_n == PROMQL_NODES_MAX) {
        promql_unsupported(&p->lexer, p->token.at, p->err, "more than %d numbers and operators",
                           PROMQL_NODES_MAX);
        return NULL;
    }
    struct promql_node *node = &promql->nodes[promql->node_n++];
    *node = (struct promql_node){.kind = kind, .type = type};
    return node;
}

static struct promql_node *parse_expression(struct promql_parser *p, int level);

static struct promql_node *parse_parentheses(struct promql_parser *p)
{
    if (promql_advance(p) != 0)
        return NULL;
    struct promql_node *inner = parse_expression(p, LEVEL_OR);
    if (inner == NULL || promql_expect(p, ")") != 0)
        return NULL;
    return inner;
}

static const char *type_name(enum promql_type type)
{
    return type == PROMQL_SCALAR   ? "scalar"
           : type == PROMQL_VECTOR ? "instant vector"
                                   : "range vector";
}

/* The next token is the parenthesis behind the function's name. */
static struct promql_node *parse_call(struct promql_parser *p, size_t function)
{
    size_t at = p->token.at;
    struct promql_node *operand = parse_parentheses(p);
    if (operand == NULL)
        return NULL;
    if (operand->type != PROMQL_MATRIX) {
        promql_syntax(&p->lexer, at, p->err,
                      "expected type range vector in call to function \"%s\", got %s",
                      functions[function].name, type_name(operand->type));
        return NULL;
    }
    struct promql_node *node = promql_add_node(p, PROMQL_OVER_TIME, PROMQL_VECTOR);
    if (node != NULL) {
        node->over = functions[function].over;
        node->left = operand;
    }
    return node;
}

static bool is_call_ahead(struct promql_parser *p)
{
    struct promql_lexer ahead = p->lexer;
    struct promql_token token;
    struct err ignored;
    size_t used = ahead.promql->text_used;
    bool call = promql_next(&ahead, &token, &ignored) == 0 && token.kind == TOKEN_MARK &&
                strcmp(token.mark, "(") == 0;
    ahead.promql->text_used = used;
    return call;
}

/* A metric, or a call. */
static struct promql_node *parse_word(struct promql_parser *p)
{
    bool call = is_call_ahead(p);
    for (size_t i = 0; call && i < FUNCTIONS; i++)
        if (promql_is_word(p, functions[i].name))
            return promql_advance(p) == 0 ? parse_call(p, i) : NULL;
    if (call || IS_ONE_OF(p, aggregations)) {
        promql_unsupported(
            &p->lexer, p->token.at, p->err,
            "%s \"%.*s\"; there are max_, min_, avg_, sum_, count_ and last_over_time",
            IS_ONE_OF(p, aggregations) ? "the aggregation" : "the function",
            (int)(p->token.n < 60 ? p->token.n : 60), p->lexer.text + p->token.at);
        return NULL;
    }
    return promql_parse_vector(p);
}

static struct promql_node *parse_number(struct promql_parser *p)
{
    struct promql_node *node = promql_add_node(p, PROMQL_NUMBER, PROMQL_SCALAR);
    if (node == NULL)
        return NULL;
    node->number = p->token.number;
    return promql_advance(p) == 0 ? node : NULL;
}

static struct promql_node *parse_sign(struct promql_parser *p)
{
    bool negative = promql_is(p, "-");
    size_t at = p->token.at;
    if (promql_advance(p) != 0)
        return NULL;
    struct promql_node *operand = parse_expression(p, LEVEL_POWER);
    if (operand == NULL)
        return NULL;
    if (operand->type == PROMQL_MATRIX) {
        promql_syntax(&p->lexer, at, p->err,
                      "unary expression only allowed on expressions of type scalar or instant "
                      "vector, got range vector");
        return NULL;
    }
    struct promql_node *node =
        negative ? promql_add_node(p, PROMQL_NEGATE, operand->type) : operand;
    if (node != NULL && negative)
        node->left = operand;
    return node;
}

static struct promql_node *parse_atom(struct promql_parser *p)
{
    switch (p->token.kind) {
    case TOKEN_NUMBER:
        return parse_number(p);
    case TOKEN_WORD:
        return parse_word(p);
    case TOKEN_STRING:
        promql_unsupported(&p->lexer, p->token.at, p->err, "a text as an expression");
        return NULL;
    case TOKEN_MARK:
        if (promql_is(p, "("))
            return parse_parentheses(p);
        if (promql_is(p, "+") || promql_is(p, "-"))
            return parse_sign(p);
        if (promql_is(p, "{"))
            return promql_parse_vector(p);
        break;
    case TOKEN_DURATION:
    case TOKEN_END:
        break;
    }
    promql_unexpected(p, "expression", "a number, a selector or a call");
    return NULL;
}

/* What stands behind an operand where no more modifiers may: names the part that is not in the
 * subset. */
static int check_behind(struct promql_parser *p, const struct promql_node *operand)
{
    const struct promql_token *token = &p->token;
    if (IS_ONE_OF(p, set_operators))
        return promql_unsupported(&p->lexer, token->at, p->err, "the operator \"%.*s\"",
                                  (int)token->n, p->lexer.text + token->at);
    if (promql_is(p, "[") && operand->kind != PROMQL_SELECTOR)
        return promql_unsupported(&p->lexer, token->at, p->err, "a subquery ([range:step])");
    return 0;
}

static int check_types(struct promql_parser *p, size_t at, const struct promql_node *node)
{
    if (node->left->type == PROMQL_MATRIX || node->right->type == PROMQL_MATRIX)
        return promql_syntax(&p->lexer, at, p->err,
                             "binary expression must contain only scalar and instant vector types");
    bool scalars = node->left->type == PROMQL_SCALAR && node->right->type == PROMQL_SCALAR;
    if (scalars && node->op >= PROMQL_EQ && !node->as_bool)
        return promql_syntax(&p->lexer, at, p->err,
                             "comparisons between scalars must use BOOL modifier");
    return 0;
}

static int parse_bool(struct promql_parser *p, size_t found, bool *ret)
{
    *ret = promql_is_word(p, "bool");
    if (*ret && operators[found].level != LEVEL_COMPARE)
        return promql_syntax(&p->lexer, p->token.at, p->err,
                             "bool modifier can only be used on comparison operators");
    if (*ret && promql_advance(p) != 0)
        return -1;
    if (IS_ONE_OF(p, matchings))
        return promql_unsupported(&p->lexer, p->token.at, p->err, "vector matching (\"%.*s\")",
                                  (int)p->token.n, p->lexer.text + p->token.at);
    return 0;
}

static struct promql_node *parse_right(struct promql_parser *p, size_t found,
                                       struct promql_node *left)
{
    size_t at = p->token.at;
    int level = operators[found].level;
    bool as_bool;
    if (promql_advance(p) != 0 || parse_bool(p, found, &as_bool) != 0)
        return NULL;
    struct promql_node *right = parse_expression(p, level == LEVEL_POWER ? level : level + 1);
    if (right == NULL)
        return NULL;
    enum promql_type type =
        left->type == PROMQL_SCALAR && right->type == PROMQL_SCALAR ? PROMQL_SCALAR : PROMQL_VECTOR;
    struct promql_node *node = promql_add_node(p, PROMQL_BINARY, type);
    if (node == NULL)
        return NULL;
    node->op = operators[found].op;
    node->as_bool = as_bool;
    node->left = left;
    node->right = right;
    return check_types(p, at, node) == 0 ? node : NULL;
}

static bool find_operator(const struct promql_parser *p, int level, size_t *ret)
{
    for (size_t i = 0; i < OPERATORS; i++)
        if (promql_is(p, operators[i].mark) && operators[i].level >= level) {
            *ret = i;
            return true;
        }
    return false;
}

static struct promql_node *parse_operators(struct promql_parser *p, int level)
{
    size_t found;
    struct promql_node *left = parse_atom(p);
    while (left != NULL) {
        if (check_behind(p, left) != 0)
            return NULL;
        if (!find_operator(p, level, &found))
            return left;
        left = parse_right(p, found, left);
    }
    return NULL;
}

static struct promql_node *parse_expression(struct promql_parser *p, int level)
{
    if (p->depth == PROMQL_DEPTH_MAX) {
        promql_unsupported(&p->lexer, p->token.at, p->err, "more than %d levels of nesting",
                           PROMQL_DEPTH_MAX);
        return NULL;
    }
    p->depth++;
    struct promql_node *node = parse_operators(p, level);
    p->depth--;
    return node;
}

static int parse_all(struct promql *promql, const char *text, size_t n, struct err *err)
{
    struct promql_parser p = {.lexer = {.text = text, .n = n, .promql = promql}, .err = err};
    if (promql_advance(&p) != 0)
        return -1;
    if (p.token.kind == TOKEN_END)
        return promql_syntax(&p.lexer, p.token.at, err, "no expression found in input");
    promql->root = parse_expression(&p, LEVEL_OR);
    if (promql->root == NULL)
        return -1;
    return p.token.kind == TOKEN_END
               ? 0
               : promql_unexpected(&p, "expression", "an operator or the end");
}

int promql_parse(const char *text, size_t n, struct promql **ret, struct err *err)
{
    if (n > PROMQL_TEXT_MAX)
        return err_set(err, ERR_INVALID, "the query has %zu bytes, at most %d are read", n,
                       PROMQL_TEXT_MAX);
    struct promql *promql = calloc(1, sizeof *promql);
    char *kept = malloc(2 * n + 64); /* unescaped texts, names with their NULs, "__name__" */
    if (promql == NULL || kept == NULL) {
        free(promql);
        free(kept);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    promql->text = kept;
    if (parse_all(promql, text, n, err) != 0) {
        promql_free(promql);
        return -1;
    }
    *ret = promql;
    return 0;
}

int promql_parse_selector(const char *text, size_t n, struct promql **ret, struct err *err)
{
    struct promql *promql;
    if (promql_parse(text, n, &promql, err) != 0)
        return -1;
    if (promql->root->kind == PROMQL_SELECTOR && promql->root->type == PROMQL_VECTOR &&
        promql->selector->offset_ms == 0) {
        *ret = promql;
        return 0;
    }
    promql_free(promql);
    return err_set(err, ERR_SYNTAX,
                   "1:1: parse error: expected a series selector such as up{job=\"a\"}");
}

void promql_free(struct promql *promql)
{
    if (promql == NULL)
        return;
    for (size_t i = 0; i < promql->matcher_n; i++)
        if (promql->matchers[i].match >= PROMQL_MATCH_REGEX)
            regfree(&promql->matchers[i].regex);
    free(promql->text);
    free(promql);
}
