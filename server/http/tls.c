/* GnuTLS. See tls.h. */
#include "server/http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Longer than a handshake may take (connection_table.h: PHASE_NEW). */
#define RETIRED_NS UINT64_C(60000000000)
#define ID_MAX 64

struct tls_pair {
    gnutls_pcert_st certs[TLS_CHAIN_MAX];
    unsigned cert_n;
    gnutls_privkey_t key;
    int64_t expiry_s;
    bool key_open;
    struct tls_pair *next; /* of those that were replaced */
    uint64_t retired_ns;
};

static struct {
    struct tls_pair *used;
    struct tls_pair *retired; /* the last one first */
} listener;

/* ---- files ---- */

static void forget(gnutls_datum_t *data)
{
    if (data->data == NULL)
        return;
    explicit_bzero(data->data, data->size);
    free(data->data);
    data->data = NULL;
}

static int read_open(int fd, const char *path, gnutls_datum_t *ret, struct stat *st, struct err *err)
{
    if (fstat(fd, st) != 0)
        return err_set(err, ERR_INVALID, "%.200s: %s", path, strerror(errno));
    if (!S_ISREG(st->st_mode) || st->st_size > (off_t)TLS_FILE_BYTES_MAX)
        return err_set(err, ERR_INVALID, "%.200s is not a file of at most 256 KiB", path);
    unsigned char *bytes = malloc((size_t)st->st_size + 1);
    if (bytes == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    ssize_t n = read(fd, bytes, (size_t)st->st_size);
    *ret = (gnutls_datum_t){bytes, n < 0 ? 0 : (unsigned)n};
    bytes[ret->size] = '\0';
    return n >= 0 ? 0 : err_set(err, ERR_INVALID, "%.200s: %s", path, strerror(errno));
}

static int read_file(const char *path, gnutls_datum_t *ret, struct stat *st, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, ERR_INVALID, "%.200s: %s", path, strerror(errno));
    int rc = read_open(fd, path, ret, st, err);
    close(fd);
    return rc;
}

/* ---- certificates ---- */

static void day_of(time_t time, char text[32])
{
    struct tm tm;
    if (gmtime_r(&time, &tm) == NULL || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        strcpy(text, "an unknown time");
}

static int check_times(gnutls_x509_crt_t *chain, unsigned n, const char *path, int64_t now_s,
                       struct tls_pair *pair, struct err *err)
{
    char text[32];
    pair->expiry_s = INT64_MAX;
    for (unsigned i = 0; i < n; i++) {
        time_t from = gnutls_x509_crt_get_activation_time(chain[i]);
        time_t to = gnutls_x509_crt_get_expiration_time(chain[i]);
        day_of(from > now_s ? from : to, text);
        if (to < now_s)
            return err_set(err, ERR_INVALID, "%.200s: certificate %u of the chain expired at %s", path, i + 1,
                           text);
        if (from > now_s)
            return err_set(err, ERR_INVALID, "%.200s: certificate %u of the chain is not valid before %s",
                           path, i + 1, text);
        if (to < pair->expiry_s)
            pair->expiry_s = to;
    }
    return 0;
}

/* Copies the chain into the pair. */
static int keep_chain(gnutls_x509_crt_t *chain, unsigned n, const char *path, struct tls_pair *pair,
                      struct err *err)
{
    for (unsigned i = 0; i < n; i++) {
        int status = gnutls_pcert_import_x509(&pair->certs[i], chain[i], 0);
        if (status != 0)
            return err_set(err, ERR_INVALID, "%.200s: %s", path, gnutls_strerror(status));
        pair->cert_n = i + 1;
    }
    return 0;
}

/* Whether the chain's first certificate is about the key. */
static bool belong_together(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key)
{
    unsigned char a[ID_MAX], b[ID_MAX];
    size_t a_n = sizeof a, b_n = sizeof b;
    return gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, a, &a_n) == 0 &&
           gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, b, &b_n) == 0 && a_n == b_n &&
           memcmp(a, b, a_n) == 0;
}

/* The key, which the pair takes, and which the certificate is about. */
static int keep_key(gnutls_x509_crt_t cert, const gnutls_datum_t *data, const char *cert_path,
                    const char *key_path, struct tls_pair *pair, struct err *err)
{
    gnutls_x509_privkey_t key;
    int status = gnutls_x509_privkey_init(&key);
    if (status != 0)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    status = gnutls_x509_privkey_import2(key, data, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (status != 0)
        err_set(err, ERR_INVALID, "%.200s: no private key in PEM without a password: %s", key_path,
                gnutls_strerror(status));
    else if (!belong_together(cert, key))
        status = err_set(err, ERR_INVALID, "%.120s is not the private key of the first certificate in %.120s",
                         key_path, cert_path);
    else if ((status = gnutls_privkey_init(&pair->key)) != 0 ||
             (status = gnutls_privkey_import_x509(pair->key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE)) != 0)
        err_set(err, ERR_INVALID, "%.200s: %s", key_path, gnutls_strerror(status));
    if (status == 0)
        return 0;
    gnutls_x509_privkey_deinit(key);
    return -1;
}

static int fill(struct tls_pair *pair, const gnutls_datum_t *cert_data, const char *cert_path,
                const gnutls_datum_t *key_data, const char *key_path, int64_t now_s, struct err *err)
{
    gnutls_x509_crt_t *chain;
    unsigned n;
    int status = gnutls_x509_crt_list_import2(&chain, &n, cert_data, GNUTLS_X509_FMT_PEM,
                                              GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (status < 0)
        return err_set(err, ERR_INVALID, "%.200s: no chain of certificates in PEM, the server's first: %s",
                       cert_path, gnutls_strerror(status));
    int rc = n > TLS_CHAIN_MAX
                 ? err_set(err, ERR_INVALID, "%.200s: more than %d certificates", cert_path, TLS_CHAIN_MAX)
                 : check_times(chain, n, cert_path, now_s, pair, err);
    if (rc == 0)
        rc = keep_chain(chain, n, cert_path, pair, err);
    if (rc == 0)
        rc = keep_key(chain[0], key_data, cert_path, key_path, pair, err);
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit(chain[i]);
    gnutls_free(chain);
    return rc;
}

int tls_pair_load(const char *cert_path, const char *key_path, int64_t now_s, struct tls_pair **ret,
                  struct err *err)
{
    gnutls_datum_t cert = {NULL, 0}, key = {NULL, 0};
    struct stat st;
    struct tls_pair *pair = calloc(1, sizeof *pair);
    int rc = pair == NULL ? err_set(err, ERR_NO_MEMORY, "out of memory")
                          : read_file(cert_path, &cert, &st, err);
    if (rc == 0)
        rc = read_file(key_path, &key, &st, err);
    if (rc == 0) {
        pair->key_open = (st.st_mode & S_IROTH) != 0;
        rc = fill(pair, &cert, cert_path, &key, key_path, now_s, err);
    }
    forget(&cert);
    forget(&key);
    if (rc == 0)
        *ret = pair;
    else
        tls_pair_free(pair);
    return rc;
}

void tls_pair_free(struct tls_pair *pair)
{
    if (pair == NULL)
        return;
    for (unsigned i = 0; i < pair->cert_n; i++)
        gnutls_pcert_deinit(&pair->certs[i]);
    if (pair->key != NULL)
        gnutls_privkey_deinit(pair->key);
    free(pair);
}

int64_t tls_pair_expiry_s(const struct tls_pair *pair)
{
    return pair->expiry_s;
}

bool tls_pair_key_is_open(const struct tls_pair *pair)
{
    return pair->key_open;
}

/* ---- the one in use ---- */

/* The list is from the last to the first: what follows one that is old enough is older. */
static void drop_retired(uint64_t before_ns)
{
    struct tls_pair **at = &listener.retired;
    while (*at != NULL && (*at)->retired_ns > before_ns)
        at = &(*at)->next;
    struct tls_pair *old = *at;
    *at = NULL;
    for (struct tls_pair *next; old != NULL; old = next) {
        next = old->next;
        tls_pair_free(old);
    }
}

void tls_use(struct tls_pair *pair, uint64_t now_ns)
{
    if (listener.used != NULL) {
        listener.used->retired_ns = now_ns;
        listener.used->next = listener.retired;
        listener.retired = listener.used;
    }
    drop_retired(now_ns > RETIRED_NS ? now_ns - RETIRED_NS : 0);
    listener.used = pair;
}

const struct tls_pair *tls_pair_in_use(void)
{
    return listener.used;
}

void tls_end(void)
{
    drop_retired(UINT64_MAX);
    tls_pair_free(listener.used);
    listener.used = NULL;
}

static int choose(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certs,
                  unsigned *certs_n, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_n, gnutls_privkey_t *key,
                  unsigned *flags)
{
    (void)session, (void)info;
    if (listener.used == NULL)
        return -1;
    *certs = listener.used->certs;
    *certs_n = listener.used->cert_n;
    *ocsp = NULL;
    *ocsp_n = 0;
    *key = listener.used->key;
    *flags = 0; /* they stay ours */
    return 0;
}

void *tls_callback(void)
{
    gnutls_certificate_retrieve_function3 *function = choose;
    return (void *)function;
}

bool tls_tell_last(struct MHD_Connection *connection, const char *bytes, size_t n)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL)
        return false;
    if (gnutls_record_send(info->tls_session, bytes, n) > 0)
        (void)gnutls_bye(info->tls_session, GNUTLS_SHUT_WR);
    return true;
}
