/* What a key looks like and what it may open. Knows the text (tstrm_NAME_SECRET), names and scopes;
 * refuses to know who has a key (keyring.h) and where keys are kept (key_file.h). Surprising: the
 * secret has a fixed length, so that a name may hold the underscore that ends it. Any thread. */
#ifndef SERVER_KEYS_KEY_H
#define SERVER_KEYS_KEY_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define KEY_PREFIX "tstrm_"
/* Longest name: letters, digits and ._- */
#define KEY_NAME_MAX 32
/* 256 bits in base64url (RFC 4648), without padding. */
#define KEY_SECRET_BITS 256
#define KEY_SECRET_CHARS 43
/* Longest text, without its NUL. */
#define KEY_TEXT_MAX (sizeof KEY_PREFIX - 1 + KEY_NAME_MAX + 1 + KEY_SECRET_CHARS)

/* Scopes, as a set. A key's set is whole: what a scope includes is in it too. A row of the routes names
 * one of them, or KEY_SCOPE_OPEN, which needs no key. */
enum {
    KEY_SCOPE_METRICS = 1, /* GET /metrics alone */
    KEY_SCOPE_READ = 2,    /* what changes nothing; includes metrics */
    KEY_SCOPE_WRITE = 4,   /* points, settings, fits; includes read */
    KEY_SCOPE_ADMIN = 8,   /* the operator's part; includes all */
    KEY_SCOPE_OPEN = 16,
};

/* Longest list of scopes in words, with its NUL. */
#define KEY_SCOPES_TEXT_MAX 32

/* 1 to KEY_NAME_MAX letters, digits, ".", "_" and "-". Returns 0, or -1 with ERR_INVALID. */
__attribute__((warn_unused_result)) int key_name_check(const char *name, size_t n, struct err *err);

/* "read,write" as a whole set. Returns 0, or -1 with ERR_INVALID. */
__attribute__((warn_unused_result)) int key_scopes_parse(const char *text, size_t n, unsigned *ret,
                                                         struct err *err);

/* The largest scope of a set, or one alone: "admin", "write", "read" or "metrics". */
const char *key_scope_name(unsigned scopes);

/* Whether text has the form of a key; *ret_name is where its name lies in it. */
bool key_text_split(const char *text, size_t n, const char **ret_name, size_t *ret_name_n);

/* A new key from the kernel's random numbers, KEY_TEXT_MAX + 1 bytes with its NUL: a secret, to be
 * wiped. name is one that key_name_check takes. Returns 0, or -1 with ERR_UNAVAILABLE. May wait after
 * boot. */
__attribute__((warn_unused_result)) int key_text_make(const char *name, char *ret, struct err *err);

/* Replaces the secrets of keys in a text of the program's (a log line, an error's words) by "***": of
 * each piece that begins like a key and is long and mixed enough not to be a metric's name, whole or
 * cut. In place: the text may get shorter. */
void key_redact(char *text);

#endif
