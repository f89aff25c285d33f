/* Matchers: what a label's value has to be. Surprising: before libc compiles an expression it is
 * read here, because what POSIX would accept with another meaning than RE2 (\w, a+?, {,3}) must be
 * refused, and because repetitions inside repetitions make libc's automaton grow without a limit of
 * its own. See promql.h. */
#include "server/wire/promql_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 32 /* groups inside each other */
#define REGEX_READ_MAX ((size_t)8192)

struct scan {
    const char *text;
    size_t n, at;
    size_t times, depth;
};

/* Each part returns NULL, or words for what is outside the subset. */

static const char *scan_escape(struct scan *scan)
{
    char c = scan->at + 1 < scan->n ? scan->text[scan->at + 1] : '\0';
    if (isalnum((unsigned char)c) || c == '\0' || strchr("<>'`", c) != NULL)
        return "an escape of a letter, a digit, < or >";
    scan->at += 2;
    return NULL;
}

static const char *scan_class(struct scan *scan)
{
    const char *text = scan->text;
    size_t at = scan->at + 1;
    at += at < scan->n && text[at] == '^';
    at += at < scan->n && text[at] == ']';
    for (; at < scan->n && text[at] != ']'; at++) {
        if (text[at] == '\\')
            return "an escape inside [ ]";
        if (text[at] == '[' && at + 1 < scan->n && text[at + 1] == ':')
            for (at += 2; at + 1 < scan->n && !(text[at] == ':' && text[at + 1] == ']');)
                at++;
    }
    scan->at = at < scan->n ? at + 1 : at;
    return NULL;
}

static const char *scan_repetition(struct scan *scan)
{
    size_t most = 0, number = 0, at = scan->at + 1;
    if (at < scan->n && scan->text[at] == ',')
        return "{ with no number after it";
    for (; at < scan->n && scan->text[at] != '}'; at++) {
        char c = scan->text[at];
        if (c != ',' && (c < '0' || c > '9'))
            return "{ with no number after it";
        number = c == ',' ? 0 : number * 10 + (size_t)(c - '0');
        if (number > PROMQL_REGEX_MAX)
            return "such a large repetition";
        most = number > most ? number : most;
    }
    scan->times *= most > 1 ? most : 1;
    scan->at = at < scan->n ? at + 1 : at;
    return scan->times > PROMQL_REGEX_MAX ? "such large repetitions" : NULL;
}

static const char *scan_one(struct scan *scan)
{
    char c = scan->text[scan->at], next = scan->at + 1 < scan->n ? scan->text[scan->at + 1] : '\0';
    if (c == '\\')
        return scan_escape(scan);
    if (c == '[')
        return scan_class(scan);
    if (c == '(' && next == '?')
        return "(?";
    scan->depth += c == '(';
    scan->depth -= c == ')' && scan->depth > 0;
    if (scan->depth > GROUPS_MAX)
        return "so many groups inside each other";
    const char *wrong = NULL;
    if (c == '{')
        wrong = scan_repetition(scan);
    else
        scan->at++;
    bool repeats = c == '*' || c == '+' || c == '?' || c == '{';
    if (wrong == NULL && repeats && scan->at < scan->n && scan->text[scan->at] != '\0' &&
        strchr("*+?{", scan->text[scan->at]) != NULL)
        return "a repetition right behind a repetition";
    return wrong;
}

static const char *scan_regex(const char *text)
{
    struct scan scan = {.text = text, .n = strlen(text), .times = 1};
    const char *wrong = NULL;
    while (wrong == NULL && scan.at < scan.n)
        wrong = scan_one(&scan);
    if (wrong == NULL && scan.n * scan.times > PROMQL_REGEX_MAX)
        return "such a long regular expression";
    return wrong;
}

static int compile_anchored(const char *value, regex_t *ret)
{
    char anchored[PROMQL_REGEX_MAX + sizeof "^()$"];
    snprintf(anchored, sizeof anchored, "^(%s)$", value);
    return regcomp(ret, anchored, REG_EXTENDED | REG_NOSUB);
}

static int compile(const struct promql_lexer *lexer, size_t at, const char *value, regex_t *ret,
                   struct err *err)
{
    char words[80];
    const char *wrong = scan_regex(value);
    if (wrong != NULL)
        return promql_unsupported(lexer, at, err, "%s in the regular expression \"%.100s\"", wrong,
                                  value);
    int status = compile_anchored(value, ret);
    if (status == REG_ESPACE)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (status == 0)
        return 0;
    regerror(status, ret, words, sizeof words);
    return promql_syntax(lexer, at, err, "error parsing regexp \"%.100s\": %s", value, words);
}

int promql_matcher_init(const struct promql_lexer *lexer, size_t at, enum promql_match match,
                        const char *name, const char *value, struct promql_matcher *ret,
                        struct err *err)
{
    *ret = (struct promql_matcher){.match = match, .name = name, .value = value};
    if (match != PROMQL_MATCH_REGEX && match != PROMQL_MATCH_NOT_REGEX)
        return 0;
    return compile(lexer, at, value, &ret->regex, err);
}

/* libc's automaton grows by up to a state, of some kilobytes, with every byte that it has not seen
 * in that place: now and then it starts anew. */
static bool fits_regex(struct promql_matcher *matcher, const char *value)
{
    regex_t anew;
    matcher->regex_read += strlen(value);
    if (matcher->regex_read > REGEX_READ_MAX && compile_anchored(matcher->value, &anew) == 0) {
        regfree(&matcher->regex);
        matcher->regex = anew;
        matcher->regex_read = 0;
    }
    return regexec(&matcher->regex, value, 0, NULL, 0) == 0;
}

static bool fits(struct promql_matcher *matcher, const char *value)
{
    switch (matcher->match) {
    case PROMQL_MATCH_EQUAL:
        return strcmp(matcher->value, value) == 0;
    case PROMQL_MATCH_UNEQUAL:
        return strcmp(matcher->value, value) != 0;
    case PROMQL_MATCH_REGEX:
        return fits_regex(matcher, value);
    case PROMQL_MATCH_NOT_REGEX:
        return !fits_regex(matcher, value);
    }
    return false;
}

bool promql_matcher_is_selective(struct promql_matcher *matcher)
{
    return !fits(matcher, "");
}

static const char *value_of(const struct promql_label *labels, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(labels[i].name, name) == 0)
            return labels[i].value;
    return "";
}

bool promql_selects(const struct promql_selector *selector, const struct promql_label *labels,
                    size_t n)
{
    for (size_t i = 0; i < selector->matcher_n; i++)
        if (!fits(&selector->matchers[i], value_of(labels, n, selector->matchers[i].name)))
            return false;
    return true;
}

bool promql_selects_value(const struct promql_selector *selector, const char *name,
                          const char *value)
{
    for (size_t i = 0; i < selector->matcher_n; i++)
        if (strcmp(selector->matchers[i].name, name) == 0 && !fits(&selector->matchers[i], value))
            return false;
    return true;
}

const char *promql_given(const struct promql_selector *selector, const char *name)
{
    for (size_t i = 0; i < selector->matcher_n; i++)
        if (selector->matchers[i].match == PROMQL_MATCH_EQUAL &&
            strcmp(selector->matchers[i].name, name) == 0)
            return selector->matchers[i].value;
    return NULL;
}

bool promql_asks_for(const struct promql_selector *selector, const char *name)
{
    for (size_t i = 0; i < selector->matcher_n; i++)
        if (strcmp(selector->matchers[i].name, name) == 0)
            return true;
    return false;
}
