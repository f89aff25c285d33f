/* One blocking connection and the first line of the answer. Surprising: over TLS any certificate will
 * do: nothing secret is sent, and whether it suits the name that clients use cannot be told from here. */
#include "server/healthcheck.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_S 3
#define STATUS_LINE_MAX 256

static void set_timeouts(int fd)
{
    struct timeval timeout = {.tv_sec = TIMEOUT_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

/* A connected socket to one of the addresses, or -1 with errno. */
static int connect_any(const struct addrinfo *addresses)
{
    int fd = -1;

    for (const struct addrinfo *at = addresses; at; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd < 0)
            continue;
        set_timeouts(fd);
        if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
            return fd;
        int cause = errno;
        close(fd);
        errno = cause;
        fd = -1;
    }
    return fd;
}

static int dial(const struct config *config, int *ret, struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses;
    char port[8];

    snprintf(port, sizeof port, "%u", (unsigned)config->listen_port);
    int rc = getaddrinfo(config->listen_host, port, &hints, &addresses);
    if (rc != 0)
        return err_set(err, ERR_UNAVAILABLE, "%s: %s", config->listen_host, gai_strerror(rc));
    int fd = connect_any(addresses);
    int cause = errno;
    freeaddrinfo(addresses);
    if (fd < 0)
        return err_set(err, ERR_UNAVAILABLE, "%s:%s: %s", config->listen_host, port,
                       strerror(cause));
    *ret = fd;
    return 0;
}

/* A connection, with TLS where session is set. */
struct line_to_daemon {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

static ssize_t put(const struct line_to_daemon *to, const char *bytes, size_t n)
{
    return to->session ? gnutls_record_send(to->session, bytes, n) : send(to->fd, bytes, n, MSG_NOSIGNAL);
}

static ssize_t get(const struct line_to_daemon *to, char *bytes, size_t n)
{
    return to->session ? gnutls_record_recv(to->session, bytes, n) : recv(to->fd, bytes, n, 0);
}

static void end_tls(struct line_to_daemon *to)
{
    if (to->session)
        gnutls_deinit(to->session);
    if (to->credentials)
        gnutls_certificate_free_credentials(to->credentials);
}

static int begin_tls(struct line_to_daemon *to, struct err *err)
{
    int status = gnutls_certificate_allocate_credentials(&to->credentials);

    if (status == 0)
        status = gnutls_init(&to->session, GNUTLS_CLIENT);
    if (status == 0)
        status = gnutls_set_default_priority(to->session);
    if (status == 0)
        status = gnutls_credentials_set(to->session, GNUTLS_CRD_CERTIFICATE, to->credentials);
    if (status == 0) {
        gnutls_transport_set_int(to->session, to->fd);
        gnutls_handshake_set_timeout(to->session, TIMEOUT_S * 1000);
        do
            status = gnutls_handshake(to->session);
        while (status < 0 && !gnutls_error_is_fatal(status) && status != GNUTLS_E_AGAIN);
    }
    if (status == 0)
        return 0;
    end_tls(to);
    return err_set(err, ERR_UNAVAILABLE, "TLS: %s", gnutls_strerror(status));
}

/* The answer's first line; empty where none came. */
static void ask(const struct line_to_daemon *to, char *line)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    size_t have = 0;

    if (put(to, request, sizeof request - 1) == (ssize_t)(sizeof request - 1))
        while (have < STATUS_LINE_MAX - 1) {
            ssize_t got = get(to, line + have, STATUS_LINE_MAX - 1 - have);
            if (got <= 0)
                break;
            have += (size_t)got;
            if (memchr(line, '\n', have))
                break;
        }
    line[have] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
}

int healthcheck(const struct config *config, struct err *err)
{
    char line[STATUS_LINE_MAX];
    struct line_to_daemon to = {.fd = -1};

    if (dial(config, &to.fd, err))
        return -1;
    int rc = config->tls_cert_path[0] ? begin_tls(&to, err) : 0;
    if (rc == 0) {
        ask(&to, line);
        end_tls(&to);
    }
    close(to.fd);
    if (rc)
        return -1;
    if (strncmp(line, "HTTP/1.1 200", 12) == 0)
        return 0;
    return err_set(err, ERR_UNAVAILABLE, "not ready: %s", line[0] ? line : "no answer");
}
