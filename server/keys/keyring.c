/* Known keys, known wrong ones, checks under way. See keyring.h. */
#include "server/keys/keyring.h"

#include "server/base/clock.h"
#include "server/base/sha256.h"
#include "server/keys/checker.h"
#include "server/keys/pauses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SECRET_BYTES 32

/* What a key that belongs to nobody is held against where there are no keys at all: the costs of a new
 * one, and a hash that was never made from anything. */
static const char nobodys_hash[] = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhvbWU$"
                                   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

struct digest {
    char hex[SHA256_HEX_MAX]; /* "": of nothing */
};

struct waiter {
    void (*done)(void *ctx, enum key_verdict verdict);
    void *ctx;
};

/* One key being checked, for everybody who has shown it. */
struct pending {
    struct check check;
    struct pending *next;
    struct keyring *keyring;
    struct digest digest;
    uint64_t client;
    uint64_t generation; /* of the keys when it was begun */
    bool known;          /* the name is somebody's */
    struct waiter waiters[KEY_WAITERS_MAX];
    size_t waiter_n;
};

struct keyring {
    struct mailbox *mailbox;
    struct checker *checker;
    struct counters *counters;
    struct key_list *list;           /* NULL: no key is asked for */
    struct digest right[KEYS_MAX];   /* of list->keys, as far as they have been checked */
    struct digest wrong[KEY_WRONG_MAX];
    size_t wrong_next;               /* the one that is forgotten next */
    struct pauses pauses;
    struct pending *pending;
    size_t pending_n;
    uint64_t last_number;
    uint64_t generation;             /* how often the keys have changed */
    uint8_t secret[SECRET_BYTES];    /* of this process */
};

/* ---- comparing ---- */

/* SHA-256 of the secret and the text. Nobody outside sees one, so that nothing can be appended to it. */
static void digest_of(const struct keyring *keyring, const struct shown_key *shown, struct digest *ret)
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, keyring->secret, sizeof keyring->secret);
    sha256_add(&sha, shown->text, shown->n);
    sha256_end(&sha, ret->hex);
    explicit_bzero(&sha, sizeof sha);
}

/* In the same time, wherever they differ. */
static bool same_bytes(const char *a, const char *b, size_t n)
{
    unsigned char difference = 0;
    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}

static bool same_digest(const struct digest *a, const struct digest *b)
{
    return same_bytes(a->hex, b->hex, sizeof a->hex);
}

/* The key's index, or list->n. Looks at all of them, whichever it is. */
static size_t find_name(const struct key_list *list, const char name[KEY_NAME_MAX + 1])
{
    size_t found = list->n;
    for (size_t i = 0; i < list->n; i++)
        if (same_bytes(list->keys[i].name, name, KEY_NAME_MAX + 1))
            found = i;
    return found;
}

static bool is_known_wrong(const struct keyring *keyring, const struct digest *digest)
{
    for (size_t i = 0; i < KEY_WRONG_MAX; i++)
        if (same_digest(&keyring->wrong[i], digest))
            return true;
    return false;
}

enum key_verdict keyring_look(struct keyring *keyring, const struct shown_key *shown, uint64_t *ret_number)
{
    struct digest digest;
    digest_of(keyring, shown, &digest);
    size_t i = find_name(keyring->list, shown->name);
    if (i < keyring->list->n && same_digest(&keyring->right[i], &digest)) {
        *ret_number = keyring->list->keys[i].number;
        return KEY_RIGHT;
    }
    return is_known_wrong(keyring, &digest) ? KEY_WRONG : KEY_UNCHECKED;
}

/* ---- checking ---- */

static void take_out(struct pending *pending)
{
    struct keyring *keyring = pending->keyring;
    struct pending **at = &keyring->pending;
    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
    keyring->pending_n--;
}

/* Whether the name has the same hash still: the file may have been read again meanwhile. */
static bool still_has(const struct keyring *keyring, const struct pending *pending, size_t *ret_index)
{
    if (keyring->list == NULL)
        return false;
    *ret_index = find_name(keyring->list, pending->check.shown.name);
    return *ret_index < keyring->list->n &&
           strcmp(keyring->list->keys[*ret_index].hash, pending->check.hash) == 0;
}

/* What was wrong for the keys of then may be right now: nobody knows, and the client asks again. */
static enum key_verdict conclude(struct pending *pending)
{
    struct keyring *keyring = pending->keyring;
    size_t i;
    if (pending->check.fits > 0 && pending->known && still_has(keyring, pending, &i)) {
        keyring->right[i] = pending->digest;
        pauses_right(&keyring->pauses, pending->client);
        return KEY_RIGHT;
    }
    if (pending->check.fits < 0 || pending->generation != keyring->generation)
        return KEY_FAILED;
    keyring->wrong[keyring->wrong_next] = pending->digest;
    keyring->wrong_next = (keyring->wrong_next + 1) % KEY_WRONG_MAX;
    pauses_wrong(&keyring->pauses, pending->client, clock_mono_ns());
    return KEY_WRONG;
}

static void on_checked(struct message *message)
{
    struct pending *pending = (struct pending *)message; /* the first member of its first member */
    enum key_verdict verdict = conclude(pending);
    take_out(pending);
    for (size_t i = 0; i < pending->waiter_n; i++)
        pending->waiters[i].done(pending->waiters[i].ctx, verdict);
    explicit_bzero(pending, sizeof *pending);
    free(pending);
}

/* What a key is held against: its name's hash, or one that costs the same and is not its own. */
static void set_hash(const struct keyring *keyring, struct pending *pending)
{
    const struct key_list *list = keyring->list;
    size_t i = find_name(list, pending->check.shown.name);
    pending->known = i < list->n;
    if (pending->known)
        memcpy(pending->check.hash, list->keys[i].hash, KEY_HASH_MAX);
    else if (list->n > 0)
        memcpy(pending->check.hash, list->keys[0].hash, KEY_HASH_MAX);
    else
        memcpy(pending->check.hash, nobodys_hash, sizeof nobodys_hash);
}

static struct pending *find_pending(const struct keyring *keyring, const struct digest *digest)
{
    for (struct pending *at = keyring->pending; at != NULL; at = at->next)
        if (at->generation == keyring->generation && same_digest(&at->digest, digest))
            return at;
    return NULL;
}

static size_t pending_of(const struct keyring *keyring, uint64_t client)
{
    size_t n = 0;
    for (const struct pending *at = keyring->pending; at != NULL; at = at->next)
        n += at->client == client;
    return n;
}

/* NULL where the client must wait. */
static struct pending *begin(struct keyring *keyring, const struct shown_key *shown,
                             const struct digest *digest, uint64_t client, unsigned *ret_retry_s)
{
    struct pending *pending = NULL;
    *ret_retry_s = pauses_left_s(&keyring->pauses, client, clock_mono_ns());
    if (*ret_retry_s > 0)
        return NULL;
    *ret_retry_s = 1;
    if (keyring->pending_n < KEY_CHECKS_MAX && pending_of(keyring, client) < KEY_CHECKS_CLIENT_MAX)
        pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        return NULL;
    pending->keyring = keyring;
    pending->digest = *digest;
    pending->client = client;
    pending->generation = keyring->generation;
    pending->check.shown = *shown;
    pending->check.message.deliver = on_checked;
    set_hash(keyring, pending);
    pending->next = keyring->pending;
    keyring->pending = pending;
    keyring->pending_n++;
    counters_add(keyring->counters, COUNTER_KEY_CHECKS, 1);
    checker_submit(keyring->checker, &pending->check);
    return pending;
}

int keyring_check(struct keyring *keyring, const struct shown_key *shown, uint64_t client,
                  void (*done)(void *ctx, enum key_verdict verdict), void *ctx, unsigned *ret_retry_s)
{
    struct digest digest;
    digest_of(keyring, shown, &digest);
    struct pending *pending = find_pending(keyring, &digest);
    if (pending == NULL)
        pending = begin(keyring, shown, &digest, client, ret_retry_s);
    else if (pending->waiter_n == KEY_WAITERS_MAX)
        *ret_retry_s = 1, pending = NULL;
    if (pending == NULL)
        return -1;
    pending->waiters[pending->waiter_n++] = (struct waiter){done, ctx};
    return 0;
}

/* ---- the list ---- */

static void inherit(struct keyring *keyring, struct key_list *list, const struct digest *before)
{
    for (size_t i = 0; i < list->n; i++) {
        struct key *key = &list->keys[i];
        size_t was = keyring->list == NULL ? 0 : find_name(keyring->list, key->name);
        bool stays = keyring->list != NULL && was < keyring->list->n &&
                     strcmp(keyring->list->keys[was].hash, key->hash) == 0;
        key->number = stays ? keyring->list->keys[was].number : ++keyring->last_number;
        if (stays)
            keyring->right[i] = before[was];
    }
}

void keyring_adopt(struct keyring *keyring, struct key_list *list)
{
    static struct digest before[KEYS_MAX]; /* too long for the stack; the loop's thread alone comes here */
    memcpy(before, keyring->right, sizeof before);
    memset(keyring->right, 0, sizeof keyring->right);
    memset(keyring->wrong, 0, sizeof keyring->wrong); /* what was wrong may be right now */
    if (list != NULL)
        inherit(keyring, list, before);
    key_list_free(keyring->list);
    keyring->list = list;
    keyring->generation++;
}

bool keyring_on(const struct keyring *keyring)
{
    return keyring->list != NULL;
}

size_t keyring_count(const struct keyring *keyring)
{
    return keyring->list == NULL ? 0 : keyring->list->n;
}

static const struct key *find_number(const struct keyring *keyring, uint64_t number)
{
    for (size_t i = 0; keyring->list != NULL && i < keyring->list->n; i++)
        if (keyring->list->keys[i].number == number)
            return &keyring->list->keys[i];
    return NULL;
}

unsigned keyring_scopes(const struct keyring *keyring, uint64_t number)
{
    const struct key *key = find_number(keyring, number);
    return key == NULL ? 0 : key->scopes;
}

const char *keyring_name(const struct keyring *keyring, uint64_t number)
{
    const struct key *key = find_number(keyring, number);
    return key == NULL ? NULL : key->name;
}

/* ---- life ---- */

int keyring_new(uv_loop_t *loop, struct counters *counters, struct keyring **ret, struct err *err)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    keyring->counters = counters;
    if (getrandom(keyring->secret, SECRET_BYTES, 0) != SECRET_BYTES) {
        err_set(err, ERR_UNAVAILABLE, "no random numbers: %s", strerror(errno));
        goto fail;
    }
    if (mailbox_new(loop, &keyring->mailbox, err) != 0 ||
        checker_new(keyring->mailbox, &keyring->checker, err) != 0)
        goto fail;
    *ret = keyring;
    return 0;
fail:
    keyring_free(keyring);
    return -1;
}

void keyring_free(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    checker_free(keyring->checker);
    if (keyring->mailbox != NULL)
        mailbox_drain(keyring->mailbox);
    mailbox_free(keyring->mailbox);
    key_list_free(keyring->list);
    explicit_bzero(keyring, sizeof *keyring);
    free(keyring);
}
