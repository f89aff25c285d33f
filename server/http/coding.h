/* Content codings: how bytes are packed on the wire. Knows their names, which of them this build unfolds,
 * and the grammar of Accept-Encoding; refuses to know how packing works (inflater.h, deflater.h).
 * Surprising: zstd is understood in requests and never answered with: every client that asks for it takes
 * gzip too, and one packed copy of an answer is enough to keep. */
#ifndef SERVER_HTTP_CODING_H
#define SERVER_HTTP_CODING_H

#include <stdbool.h>

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_ZSTD };

/* "identity", "gzip", "zstd". */
const char *coding_name(enum coding coding);

/* By a Content-Encoding header (NULL: identity). False where it names anything that this build does not
 * unfold, several codings one over the other included; *ret untouched then. */
bool coding_of_content(const char *content_encoding, enum coding *ret);

/* What this build unfolds, as an Accept-Encoding header's value: "gzip, zstd". */
const char *coding_understood(void);

/* Whether an answer should be packed as gzip, by an Accept-Encoding header (NULL: no). It is where gzip
 * (or x-gzip, or * in their absence) has a q above 0 and not below identity's own. A q that is none counts
 * as 0, for plain bytes are never wrong. RFC 9110, 12.5.3. */
bool coding_wants_gzip(const char *accept_encoding);

#endif
