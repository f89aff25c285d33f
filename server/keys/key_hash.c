/* libargon2, and a strict reading of its encoded form. See key_hash.h. */
#include "server/keys/key_hash.h"

#include <argon2.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define SALT_BYTES 16
#define HASH_BYTES 32
/* Base64 characters of the shortest and longest salt and hash in a file: 8 to 64 bytes, 16 to 64. */
#define SALT_CHARS_MIN 11
#define HASH_CHARS_MIN 22
#define CHARS_MAX 86

int key_hash_make(const char *text, size_t n, char ret[KEY_HASH_MAX], struct err *err)
{
    uint8_t salt[SALT_BYTES];
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        return err_set(err, ERR_UNAVAILABLE, "no random numbers: %s", strerror(errno));
    int status = argon2id_hash_encoded(KEY_HASH_PASSES, KEY_HASH_KIB, 1, text, n, salt, sizeof salt,
                                       HASH_BYTES, ret, KEY_HASH_MAX);
    if (status == ARGON2_OK)
        return 0;
    return err_set(err, ERR_NO_MEMORY, "argon2: %s", argon2_error_message(status));
}

/* Moves *at behind the word, where it stands there. */
static bool skip(const char **at, const char *end, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(end - *at) < n || memcmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

/* A whole number from least to most, as libargon2 writes it. */
static bool take_number(const char **at, const char *end, uint32_t least, uint32_t most)
{
    const char *from = *at;
    uint64_t value = 0;
    while (*at < end && **at >= '0' && **at <= '9' && value <= most)
        value = value * 10 + (uint64_t)(*(*at)++ - '0');
    bool plain = *at > from && (*from != '0' || *at == from + 1);
    return plain && value >= least && value <= most;
}

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Base64 without padding. What no number of bytes is written with (one character more than a multiple
 * of four) is none. */
static bool take_base64(const char **at, const char *end, size_t least)
{
    const char *from = *at;
    while (*at < end && is_base64(**at))
        (*at)++;
    size_t n = (size_t)(*at - from);
    return n >= least && n <= CHARS_MAX && n % 4 != 1;
}

static const char *wrong_cost(const char *at, const char *end, const char **ret_at)
{
    if (!skip(&at, end, "m=") || !take_number(&at, end, 8, KEY_HASH_KIB_MAX))
        return "m must be 8 to 262144 (KiB)";
    if (!skip(&at, end, ",t=") || !take_number(&at, end, 1, KEY_HASH_PASSES_MAX))
        return "t must be 1 to 16";
    if (!skip(&at, end, ",p=") || !take_number(&at, end, 1, 1))
        return "p must be 1";
    *ret_at = at;
    return NULL;
}

/* What is wrong, or NULL. */
static const char *wrong(const char *at, const char *end)
{
    if (!skip(&at, end, "$argon2id$"))
        return "it must begin with $argon2id$";
    if (!skip(&at, end, "v=19$"))
        return "the version must be v=19";
    const char *cost = wrong_cost(at, end, &at);
    if (cost != NULL)
        return cost;
    if (!skip(&at, end, "$") || !take_base64(&at, end, SALT_CHARS_MIN))
        return "the salt must be 8 to 64 bytes in base64";
    if (!skip(&at, end, "$") || !take_base64(&at, end, HASH_CHARS_MIN))
        return "the hash must be 16 to 64 bytes in base64";
    return at == end ? NULL : "something follows the hash";
}

int key_hash_check(const char *encoded, size_t n, struct err *err)
{
    const char *what = n >= KEY_HASH_MAX ? "it is too long" : wrong(encoded, encoded + n);
    if (what == NULL)
        return 0;
    return err_set(err, ERR_INVALID,
                   "the hash is not one of argon2id ($argon2id$v=19$m=19456,t=2,p=1$salt$hash): %s; tstrmd "
                   "--new-key NAME makes a line", what);
}

int key_hash_fits(const char *encoded, const char *text, size_t n)
{
    switch (argon2id_verify(encoded, text, n)) {
    case ARGON2_OK:
        return 1;
    case ARGON2_MEMORY_ALLOCATION_ERROR:
        return -1;
    default:
        return 0;
    }
}
