/* Selectors: a name, matchers in braces, a range, an offset. See promql.h. */
#include "server/wire/promql_tree.h"

#include <string.h>

static int add_matcher(struct promql_parser *p, struct promql_selector *selector, size_t at,
                       enum promql_match match, const char *name, const char *value)
{
    struct promql *promql = p->lexer.promql;
    if (promql->matcher_n == PROMQL_MATCHERS_MAX)
        return promql_unsupported(&p->lexer, at, p->err, "more than %d label matchers",
                                  PROMQL_MATCHERS_MAX);
    if (promql_matcher_init(&p->lexer, at, match, name, value, &promql->matchers[promql->matcher_n],
                            p->err) != 0)
        return -1;
    promql->matcher_n++;
    selector->matcher_n++;
    return 0;
}

static bool match_of(const struct promql_token *token, enum promql_match *ret)
{
    static const char *const marks[] = {"=", "!=", "=~", "!~"};
    for (size_t i = 0; token->kind == TOKEN_MARK && i < 4; i++)
        if (strcmp(token->mark, marks[i]) == 0) {
            *ret = (enum promql_match)i;
            return true;
        }
    return false;
}

static int add_name(struct promql_parser *p, struct promql_selector *selector, size_t at,
                    const char *name)
{
    if (promql_given(selector, "__name__") != NULL)
        return promql_syntax(&p->lexer, at, p->err, "metric name must not be set twice");
    return add_matcher(p, selector, at, PROMQL_MATCH_EQUAL, "__name__", name);
}

/* label op "value", or a quoted name of a metric that stands alone. */
static int parse_matcher(struct promql_parser *p, struct promql_selector *selector)
{
    struct promql_token name = p->token, op;
    enum promql_match match;
    if (name.kind != TOKEN_WORD && name.kind != TOKEN_STRING)
        return promql_unexpected(p, "label matching", "identifier or \"}\"");
    const char *label = name.kind == TOKEN_STRING
                            ? name.text
                            : promql_keep(p->lexer.promql, p->lexer.text + name.at, name.n);
    if (promql_advance(p) != 0)
        return -1;
    if (name.kind == TOKEN_STRING && (promql_is(p, ",") || promql_is(p, "}")))
        return add_name(p, selector, name.at, label);
    op = p->token;
    if (!match_of(&op, &match))
        return promql_unexpected(p, "label matching", "label matching operator");
    if (promql_advance(p) != 0)
        return -1;
    if (p->token.kind != TOKEN_STRING)
        return promql_unexpected(p, "label matching", "string");
    struct promql_token value = p->token;
    if (match == PROMQL_MATCH_EQUAL && strcmp(label, "__name__") == 0)
        return add_name(p, selector, name.at, value.text) != 0 ? -1 : promql_advance(p);
    return add_matcher(p, selector, value.at, match, label, value.text) != 0 ? -1
                                                                             : promql_advance(p);
}

static int parse_braces(struct promql_parser *p, struct promql_selector *selector)
{
    if (promql_advance(p) != 0)
        return -1;
    while (!promql_is(p, "}")) {
        if (parse_matcher(p, selector) != 0)
            return -1;
        if (promql_is(p, ",")) {
            if (promql_advance(p) != 0)
                return -1;
        } else if (!promql_is(p, "}")) {
            return promql_unexpected(p, "label matching", "\",\" or \"}\"");
        }
    }
    return promql_advance(p);
}

static int check_selective(struct promql_parser *p, const struct promql_selector *selector,
                           size_t at)
{
    for (size_t i = 0; i < selector->matcher_n; i++)
        if (promql_matcher_is_selective(&selector->matchers[i]))
            return 0;
    return promql_syntax(&p->lexer, at, p->err,
                         "vector selector must contain at least one non-empty matcher");
}

/* A duration as such, or as seconds. */
static int parse_duration(struct promql_parser *p, int64_t *ret)
{
    if (p->token.kind == TOKEN_DURATION)
        *ret = p->token.ms;
    else if (p->token.kind == TOKEN_NUMBER && p->token.number >= 0 &&
             p->token.number * 1000 <= (double)PROMQL_DURATION_MAX_MS)
        *ret = (int64_t)(p->token.number * 1000);
    else
        return promql_unexpected(p, "duration", "a duration such as 5m");
    return promql_advance(p);
}

static int parse_range(struct promql_parser *p, struct promql_selector *selector)
{
    size_t at = p->token.at;
    if (promql_advance(p) != 0)
        return -1;
    size_t duration_at = p->token.at;
    if (parse_duration(p, &selector->range_ms) != 0)
        return -1;
    if (promql_is(p, ":"))
        return promql_unsupported(&p->lexer, at, p->err, "a subquery ([range:step])");
    if (selector->range_ms == 0)
        return promql_syntax(&p->lexer, duration_at, p->err, "duration must be greater than 0");
    return promql_expect(p, "]");
}

static int parse_offset(struct promql_parser *p, struct promql_selector *selector)
{
    if (promql_advance(p) != 0)
        return -1;
    bool negative = promql_is(p, "-");
    if ((negative || promql_is(p, "+")) && promql_advance(p) != 0)
        return -1;
    if (parse_duration(p, &selector->offset_ms) != 0)
        return -1;
    if (negative)
        selector->offset_ms = -selector->offset_ms;
    return 0;
}

static int parse_modifiers(struct promql_parser *p, struct promql_selector *selector)
{
    if (promql_is(p, "[") && parse_range(p, selector) != 0)
        return -1;
    if (promql_is_word(p, "offset") && parse_offset(p, selector) != 0)
        return -1;
    if (promql_is(p, "@"))
        return promql_unsupported(&p->lexer, p->token.at, p->err, "the modifier @");
    return 0;
}

struct promql_node *promql_parse_vector(struct promql_parser *p)
{
    struct promql *promql = p->lexer.promql;
    struct promql_selector *selector = &promql->selectors[0];
    struct promql_token first = p->token;
    if (promql->selector != NULL) {
        promql_unsupported(&p->lexer, first.at, p->err,
                           "a second selector (operators between two vectors)");
        return NULL;
    }
    promql->selector = selector;
    selector->matchers = promql->matchers;
    if (first.kind == TOKEN_WORD &&
        (add_name(p, selector, first.at, promql_keep(promql, p->lexer.text + first.at, first.n)) !=
             0 ||
         promql_advance(p) != 0))
        return NULL;
    if ((promql_is(p, "{") && parse_braces(p, selector) != 0) ||
        check_selective(p, selector, first.at) != 0 || parse_modifiers(p, selector) != 0)
        return NULL;
    return promql_add_node(p, PROMQL_SELECTOR,
                           selector->range_ms > 0 ? PROMQL_MATRIX : PROMQL_VECTOR);
}
