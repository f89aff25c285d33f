/* Semicolons outside of quotes, and labels as promql.h wants them. See selector.h. */
#include "server/wire/selector.h"

#include "server/wire/promql.h"

#include <stdlib.h>

struct selector_list {
    char *text; /* malloc */
    struct promql *selectors[SELECTORS_MAX];
    size_t n;
    char room[SERIES_LABELS_MAX][2][SERIES_LABEL_VALUE_MAX + 1]; /* labels being matched */
};

void selector_list_free(struct selector_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->n; i++)
        promql_free(list->selectors[i]);
    free(list->text);
    free(list);
}

const char *selector_list_text(const struct selector_list *list)
{
    return list->text;
}

/* ---- reading ---- */

/* Length of the first selector of a text: up to a semicolon that does not stand in quotes. */
static size_t selector_n(const char *text)
{
    char quote = '\0';
    size_t n = 0;

    for (; text[n] && (quote || text[n] != ';'); n++) {
        char c = text[n];
        if (quote && c == '\\' && quote != '`' && text[n + 1])
            n++;
        else if (quote ? c == quote : c == '"' || c == '\'' || c == '`')
            quote = quote ? '\0' : c;
    }
    return n;
}

static bool is_blank(const char *text, size_t n)
{
    return strspn(text, " \t\r\n") >= n;
}

static int add(struct selector_list *list, const char *text, size_t n, struct err *err)
{
    if (list->n == SELECTORS_MAX)
        return err_set(err, ERR_INVALID, "more than %d selectors", SELECTORS_MAX);
    if (promql_parse_selector(text, n, &list->selectors[list->n], err)) {
        if (err->code == ERR_SYNTAX)
            err->code = ERR_INVALID;
        return err_wrap(err, "selector %zu", list->n + 1);
    }
    list->n++;
    return 0;
}

static int read_list(struct selector_list *list, struct err *err)
{
    for (const char *at = list->text; *at;) {
        size_t n = selector_n(at);
        if (!is_blank(at, n) && add(list, at, n, err))
            return -1;
        at += n + (at[n] == ';');
    }
    return 0;
}

int selector_list_parse(const char *text, struct selector_list **ret, struct err *err)
{
    struct selector_list *list = calloc(1, sizeof *list);

    if (!list || !(list->text = strdup(text))) {
        free(list);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    if (read_list(list, err)) {
        selector_list_free(list);
        return -1;
    }
    *ret = list;
    return 0;
}

/* ---- matching ---- */

static const char *terminated(struct wire_slice slice, char to[SERIES_LABEL_VALUE_MAX + 1])
{
    size_t n = slice.n < SERIES_LABEL_VALUE_MAX ? slice.n : SERIES_LABEL_VALUE_MAX;

    memcpy(to, slice.at, n);
    to[n] = '\0';
    return to;
}

bool selector_list_matches(struct selector_list *list, const struct remote_write_label *labels, size_t n)
{
    struct promql_label terms[SERIES_LABELS_MAX];

    if (list->n == 0)
        return true;
    n = n < SERIES_LABELS_MAX ? n : SERIES_LABELS_MAX;
    for (size_t i = 0; i < n; i++)
        terms[i] = (struct promql_label){.name = terminated(labels[i].name, list->room[i][0]),
                                         .value = terminated(labels[i].value, list->room[i][1])};
    for (size_t i = 0; i < list->n; i++)
        if (promql_selects(list->selectors[i]->selector, terms, n))
            return true;
    return false;
}
