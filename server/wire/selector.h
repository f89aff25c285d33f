/* Which metrics are meant: a list of PromQL's selectors, {__name__=~"node_.*",job="x"};up, between
 * semicolons. Knows how a list is cut up; refuses to know selectors (promql.h) and where labels come from.
 * Surprising: as in a query, at least one matcher of each must not match the empty text: everything but some
 * is written {__name__!~"go_.*",__name__!=""}. */
#ifndef SERVER_WIRE_SELECTOR_H
#define SERVER_WIRE_SELECTOR_H

#include "server/wire/remote_write.h"

#define SELECTORS_MAX 64

struct selector_list;

/* text: NUL-terminated; blank: a list of no selectors, which matches everything. Returns 0, or -1 with
 * ERR_INVALID ("selector 2: 1:5: …", line and byte within it) or ERR_NO_MEMORY. */
WIRE_MUST int selector_list_parse(const char *text, struct selector_list **ret, struct err *err);
/* The text that it was read from. */
const char *selector_list_text(const struct selector_list *list);
/* Accepts NULL. */
void selector_list_free(struct selector_list *list);

/* Whether any selector matches. labels[n], n <= SERIES_LABELS_MAX: sorted by name, no name twice, __name__
 * among them; of names and values of more than SERIES_LABEL_VALUE_MAX bytes, and up to a NUL, that much is
 * looked at. One thread at a time for each list. Cost: some ns a matcher, some hundred to thousands of ns a
 * regular expression. */
bool selector_list_matches(struct selector_list *list, const struct remote_write_label *labels, size_t n);

#endif
