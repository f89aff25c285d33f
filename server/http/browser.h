/* What a web page of somebody else's may make a browser do here: nothing. Knows the headers by
 * which browsers say for whom they ask; refuses to know paths and keys. Nobody but a browser has to
 * send any of them.
 *
 * Two attacks (both work on daemons that trust their own machine; no answer of ours needs to be
 * readable for the first): a page elsewhere sends a form or a fetch in mode "no-cors" to this
 * address, which writes (cross-site request forgery); and a name that belongs to the attacker is
 * made to point here, after which the browser takes this daemon for the attacker's own site and
 * lets it be read too (DNS rebinding). Surprising: the second is looked for only where the daemon
 * listens on loopback and asks for no key, because elsewhere it has names that only its operator
 * knows, and with keys the attacker has none.
 *
 * Sources: Fetch standard (Origin, Sec-Fetch-Site), RFC 6454 (origins), RFC 9110 sections 7.2
 * (Host) and 15.5.20 (421). */
#ifndef SERVER_HTTP_BROWSER_H
#define SERVER_HTTP_BROWSER_H

#include <stdbool.h>

enum browser_verdict {
    BROWSER_FINE,
    BROWSER_FOREIGN_NAME, /* asks for a host that this daemon is not known by */
    BROWSER_FOREIGN_PAGE, /* a page of another origin wants to change something */
};

struct browser_ask {
    bool changes;     /* the method is not one of GET, HEAD, OPTIONS */
    const char *host; /* header values as they came; NULL: absent */
    const char *origin;
    const char *fetch_site; /* Sec-Fetch-Site */
};

struct browser_rules {
    bool own_names_only; /* whether names that are not this machine's are refused */
    const char *names;   /* those it has besides, between commas; "*": any */
};

/* Own names are addresses, "localhost" and what ends in ".localhost", and names without a dot,
 * which nobody registers. */
enum browser_verdict browser_judge(const struct browser_ask *ask,
                                   const struct browser_rules *rules);

#endif
