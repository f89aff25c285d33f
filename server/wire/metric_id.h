/* What a series of another system is called here. Knows how a label set becomes a text; refuses to know
 * protocols. Surprising: the name is a function of the labels alone, so that it is the same after a restart,
 * on another machine and for another sender, and whoever has the labels can work it out.
 *
 * The canonical text is the metric's name, then, where there are other labels, those in braces, sorted by
 * the bytes of their names:
 *
 *     node_load1
 *     node_cpu_seconds_total{cpu="0",instance="a:9100",mode="idle"}
 *     {"cpu.used",host="a"}        the name is not one of [a-zA-Z_:][a-zA-Z0-9_:]*
 *
 * A label's name that is not one of [a-zA-Z_][a-zA-Z0-9_]* stands in quotes; in quotes, backslash, quote and
 * line end are written \\, \" and \n. That text is the id where it has at most SERIES_ID_MAX bytes and no
 * other control character. Else the id is what of the metric's name fits in 160 bytes (control characters
 * as _), a ~, and the first 32 hexadecimal digits of the SHA-256 of the canonical text. */
#ifndef SERVER_WIRE_METRIC_ID_H
#define SERVER_WIRE_METRIC_ID_H

#include "server/base/series.h"
#include "server/wire/remote_write.h"

/* labels[n]: sorted by name, each name once, __name__ among them. Returns the id's length; a NUL follows. */
size_t metric_id(const struct remote_write_label *labels, size_t n, char ret[SERIES_ID_MAX + 1]);

/* Whether it is one of [a-zA-Z_][a-zA-Z0-9_]*, or with a colon too where one is allowed. */
bool metric_name_is_plain(struct wire_slice name, bool colon);

#endif
