/* One blocking connection and the first line of the answer. */
#include "server/healthcheck.h"

#include <errno.h>
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

/* The answer's first line; empty where none came. */
static void ask(int fd, char *line)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    size_t have = 0;

    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof request - 1))
        while (have < STATUS_LINE_MAX - 1) {
            ssize_t got = recv(fd, line + have, STATUS_LINE_MAX - 1 - have, 0);
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
    int fd = -1;

    if (dial(config, &fd, err))
        return -1;
    ask(fd, line);
    close(fd);
    if (strncmp(line, "HTTP/1.1 200", 12) == 0)
        return 0;
    return err_set(err, ERR_UNAVAILABLE, "not ready: %s", line[0] ? line : "no answer");
}
