/* The listener's certificate. Knows PEM files, what is wrong with them, and which pair is shown to whom
 * connects next; refuses to know connections (libmicrohttpd runs the handshakes). Surprising:
 * libmicrohttpd hands its callback no context, so the pair in use is this file's own, one for the
 * process. Loop's thread, except tls_pair_load.
 *
 * A pair that is replaced stays in memory for a minute, longer than any handshake may take: one that
 * has begun ends with the certificate it began with, and connections go on. */
#ifndef SERVER_HTTP_TLS_H
#define SERVER_HTTP_TLS_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TLS 1.2 and 1.3, forward secrecy and authenticated encryption alone, 128 bits or more: what the Mozilla
 * foundation's "Server Side TLS" calls intermediate, without its DHE. */
#define TLS_PRIORITIES                                                                             \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-MAC-ALL:+AEAD:"    \
    "%SERVER_PRECEDENCE"

/* Longest chain, the server's own certificate included. */
#define TLS_CHAIN_MAX 16
/* Longest file of a chain or a key. */
#define TLS_FILE_BYTES_MAX ((size_t)256 << 10)

struct tls_pair;
struct MHD_Connection;

/* Reads a chain (the server's certificate first) and its private key, both PEM, and checks that they belong
 * together and that now_s (Unix time) lies within every certificate's time. Returns 0, or -1 with ERR_INVALID
 * naming the file. */
__attribute__((warn_unused_result)) int tls_pair_load(const char *cert_path, const char *key_path,
                                                      int64_t now_s, struct tls_pair **ret,
                                                      struct err *err);
void tls_pair_free(struct tls_pair *pair);

/* Unix time at which the chain's first certificate to expire does. */
int64_t tls_pair_expiry_s(const struct tls_pair *pair);

/* Whether users other than the key file's owner and group may read it. */
bool tls_pair_key_is_open(const struct tls_pair *pair);

/* Shows this pair from now on; takes it. now_ns: monotonic. */
void tls_use(struct tls_pair *pair, uint64_t now_ns);

/* The pair in use, NULL where there is none. */
const struct tls_pair *tls_pair_in_use(void);

/* Forgets every pair; after the last connection. */
void tls_end(void);

/* libmicrohttpd's callback (a gnutls_certificate_retrieve_function3). */
void *tls_callback(void);

/* Writes bytes to the connection behind libmicrohttpd's back and says that nothing more will come, as
 * far as the socket takes it. Does nothing on a connection without TLS, and returns false. */
bool tls_tell_last(struct MHD_Connection *connection, const char *bytes, size_t n);

#endif
