/* The Authorization header (RFC 9110, 11.6.2). Knows the three ways in which clients show a key: Bearer KEY
 * (RFC 6750), Token KEY (InfluxDB's clients) and Basic with the key as password (RFC 7617; agents that know
 * nothing else); refuses to know whether the key is right. Surprising: Basic's user name means nothing: a key
 * says itself whose it is. Any thread. */
#ifndef SERVER_KEYS_AUTHORIZATION_H
#define SERVER_KEYS_AUTHORIZATION_H

#include "server/keys/key.h"

struct shown_key {
    char text[KEY_TEXT_MAX + 1]; /* a secret: explicit_bzero */
    size_t n;
    char name[KEY_NAME_MAX + 1]; /* zeros behind it */
};

/* The key in the header's value. False where there is none of a key's form; *ret holds nothing then. */
bool authorization_read(const char *value, struct shown_key *ret);

#endif
