/* Whether a request may do what its row does. Knows where clients show keys, what they are told, and
 * whom a change of the keys concerns; refuses to know how keys are checked (keys/keyring.h).
 * Surprising: the answer never offers Basic, which is understood: a browser that is offered it asks for
 * a password and then sends it along with whatever any page makes it send. Loop's thread. */
#ifndef SERVER_HTTP_GUARD_H
#define SERVER_HTTP_GUARD_H

#include "server/http/request.h"

/* Longest wait for a key's first check; it takes some 20 ms in turn. */
#define GUARD_WAIT_MS 30000

/* Whether the request may go on; sets its client to the key's number. False: it is refused, or waits
 * (then its wait is set) and this is to be called again, unless it has been refused meanwhile. */
bool guard_check(struct request *request);

/* Whether what was allowed is so still. */
bool guard_allows(const struct request *request);

/* Refuses a request that was allowed and is not any more. */
void guard_refuse_revoked(struct request *request);

/* Refuses requests that were allowed, wait for something, and are not allowed any more; ends such
 * streams. After every change of the keys. */
void guard_revoke(struct http *http);

/* The name of the key that was shown, "" where none was. */
const char *guard_name(const struct request *request);

#endif
