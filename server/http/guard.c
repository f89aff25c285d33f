/* From an Authorization header to a yes, a wait, a 401 or a 403. See guard.h. */
#include "server/http/guard.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/http/client.h"
#include "server/http/events.h"
#include "server/keys/keyring.h"

#include <string.h>

/* Between two lines of the log about wrong keys. */
#define LOG_EVERY_NS UINT64_C(10000000000)

#define CHALLENGE "Bearer realm=\"tstrm\""
#define HOW "Authorization: Bearer tstrm_NAME_…"

static bool unauthorized(struct request *request, enum counter counter, const char *challenge,
                         const char *why)
{
    counters_add(request->http->counters, counter, 1);
    request->challenge = challenge;
    request_refuse_kind(request, PROBLEM_UNAUTHORIZED, "", "%s", why);
    return false;
}

static void log_wrong(struct http *http)
{
    uint64_t now_ns = clock_mono_ns();
    if (http->wrong_logged_ns != 0 && now_ns - http->wrong_logged_ns < LOG_EVERY_NS)
        return;
    http->wrong_logged_ns = now_ns;
    LOG_WARN("wrong keys are being shown",
             log_uint("so_far", counters_get(http->counters, COUNTER_KEY_WRONG)));
}

static bool wrong_key(struct request *request)
{
    unauthorized(request, COUNTER_KEY_WRONG, CHALLENGE ", error=\"invalid_token\"",
                       "the key is not known here; expected " HOW " with a key of the file of --api-keys");
    log_wrong(request->http);
    return false;
}

static const char *challenge_for(unsigned scope)
{
    return scope == KEY_SCOPE_ADMIN   ? CHALLENGE ", error=\"insufficient_scope\", scope=\"admin\""
           : scope == KEY_SCOPE_WRITE ? CHALLENGE ", error=\"insufficient_scope\", scope=\"write\""
           : scope == KEY_SCOPE_READ  ? CHALLENGE ", error=\"insufficient_scope\", scope=\"read\""
                                      : CHALLENGE ", error=\"insufficient_scope\", scope=\"metrics\"";
}

static bool check_scope(struct request *request)
{
    const struct keyring *keyring = request->http->keyring;
    unsigned needed = request->route->scope, has = keyring_scopes(keyring, request->client);
    if ((has & needed) != 0)
        return true;
    counters_add(request->http->counters, COUNTER_KEY_SCOPE, 1);
    request->challenge = challenge_for(needed);
    request_refuse_kind(request, PROBLEM_FORBIDDEN, "",
                        "this needs a key with the scope %s; the key \"%s\" has %s", key_scope_name(needed),
                        keyring_name(keyring, request->client), key_scope_name(has));
    return false;
}

/* ---- a key that is not known yet ---- */

static void expire(struct wait *wait)
{
    request_refuse_kind(wait->request, PROBLEM_UNAVAILABLE, "",
                        "the key could not be checked in time; send the request again");
    (void)wait_detach(wait);
}

/* A right key is known now, and the request looks again when its turn comes. */
static void on_checked(void *ctx, enum key_verdict verdict)
{
    struct request *request = wait_end(ctx);
    if (request == NULL || verdict == KEY_RIGHT)
        return;
    if (verdict == KEY_WRONG)
        (void)wrong_key(request);
    else
        request_refuse_kind(request, PROBLEM_UNAVAILABLE, "",
                            "the key could not be checked; send the request again");
}

static bool begin_check(struct request *request, const struct shown_key *shown)
{
    unsigned retry_s;
    struct wait *wait = wait_new(request, GUARD_WAIT_MS);
    if (wait == NULL)
        return false;
    wait->expire = expire;
    if (keyring_check(request->http->keyring, shown, request->client, on_checked, wait, &retry_s) == 0)
        return false;
    (void)wait_end(wait);
    counters_add(request->http->counters, COUNTER_KEY_BUSY, 1);
    request->retry_after_s = retry_s;
    request_refuse_kind(request, PROBLEM_BUSY, "",
                        "too many keys wait to be checked, or too many wrong ones came from this address; "
                        "send the request again in %u s", retry_s);
    return false;
}

/* ---- a request ---- */

static bool check_shown(struct request *request, const struct shown_key *shown)
{
    uint64_t number;
    switch (keyring_look(request->http->keyring, shown, &number)) {
    case KEY_RIGHT:
        request->client = number;
        return check_scope(request);
    case KEY_UNCHECKED:
        return begin_check(request, shown);
    default:
        return wrong_key(request);
    }
}

/* Targets stand in the logs of every proxy. */
static bool shows_in_query(struct request *request)
{
    static const char *const names[] = {"p", "u", "access_token", "token", "api_key"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (request_param(request, names[i]) == NULL)
            continue;
        counters_add(request->http->counters, COUNTER_KEY_MISSING, 1);
        request->challenge = CHALLENGE;
        request_refuse_kind(request, PROBLEM_UNAUTHORIZED, names[i],
                            "keys are not taken from the query, which logs keep: send " HOW
                            ", or the key as password of Basic");
        return true;
    }
    return false;
}

static bool needs_none(const struct request *request)
{
    const struct keyring *keyring = request->http->keyring;
    return keyring == NULL || !keyring_on(keyring) || request->route->scope == KEY_SCOPE_OPEN;
}

bool guard_check(struct request *request)
{
    const struct headers *headers = &request->headers;
    struct shown_key shown;
    if (needs_none(request))
        return true;
    if (shows_in_query(request))
        return false;
    if (headers->authorization == NULL)
        return unauthorized(request, COUNTER_KEY_MISSING, CHALLENGE, "this needs a key: " HOW);
    if (headers->authorization_n > 1) {
        request_refuse_kind(request, PROBLEM_SYNTAX, "", "Authorization may be given once");
        return false;
    }
    if (!authorization_read(headers->authorization, &shown))
        return wrong_key(request);
    bool allowed = check_shown(request, &shown);
    explicit_bzero(&shown, sizeof shown);
    return allowed;
}

/* ---- afterwards ---- */

static bool is_key(uint64_t client)
{
    return client != CLIENT_NOBODY && client < CLIENT_ADDRESS;
}

bool guard_allows(const struct request *request)
{
    return request->route == NULL || needs_none(request) ||
           (is_key(request->client) &&
            (keyring_scopes(request->http->keyring, request->client) & request->route->scope) != 0);
}

const char *guard_name(const struct request *request)
{
    const char *name = !is_key(request->client) || request->http->keyring == NULL
                           ? NULL
                           : keyring_name(request->http->keyring, request->client);
    return name == NULL ? "" : name;
}

void guard_refuse_revoked(struct request *request)
{
    (void)unauthorized(request, COUNTER_KEY_WRONG, CHALLENGE ", error=\"invalid_token\"",
                 "the keys have changed meanwhile, and the one shown may not do this any more; what was "
                 "asked for may have taken effect");
}

void guard_revoke(struct http *http)
{
    struct wait *next;
    for (struct wait *wait = http->waits.first; wait != NULL; wait = next) {
        struct request *request = wait->request;
        next = wait->next;
        if (request->stage != REQUEST_HANDLED || guard_allows(request))
            continue;
        guard_refuse_revoked(request);
        (void)wait_detach(wait);
    }
    event_streams_revoke(&http->events, guard_allows);
}
