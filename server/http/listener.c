/* getaddrinfo, socket, bind, listen. See listener.h. */
#include "server/http/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of each connection, in each direction: at a round trip of 100 ms still 2.5 MB a second. */
#define SOCKET_BUFFER_BYTES (256 << 10)

static int try_address(const struct addrinfo *address)
{
    const int on = 1, buffer = SOCKET_BUFFER_BYTES;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t n = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &n) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

int listener_open(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *addresses;
    char service[8];
    int fd = -1;
    snprintf(service, sizeof service, "%u", port);
    int status = getaddrinfo(host, service, &hints, &addresses);
    if (status != 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot listen on %s port %u: %s", host, port,
                       gai_strerror(status));
    for (const struct addrinfo *at = addresses; at != NULL && fd < 0; at = at->ai_next)
        fd = try_address(at);
    int saved = errno;
    freeaddrinfo(addresses);
    if (fd < 0)
        return err_set(err, ERR_UNAVAILABLE, "cannot listen on %s port %u: %s", host, port,
                       strerror(saved));
    *ret_fd = fd;
    *ret_port = port_of(fd);
    return 0;
}
