/* See house.h. The store's file is filled once, over HTTP like everything here, and copied back
 * whenever an input has written: starting anew takes some milliseconds, and no input inherits what
 * another has done. */
#include "tests/fuzz/house.h"

#include "core/base_embedded.h"
#include "server/base/log.h"
#include "server/http/listener.h"
#include "server/http/server.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/tmp.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A jump of the clock: a little more than the sweep of connections waits (bridge.c). */
#define JUMP_NS INT64_C(300000000)
/* Turns of the loop in which nothing moves before it is believed. */
#define QUIET_TURNS 3
/* A connection that is not closed after so much virtual time hangs. Streams of events may take an
 * hour. */
#define JUMPS_MAX 20000
/* Inputs after which the store is put back, although nobody asked for what was written. */
#define UNASKED_MAX 64
#define HEARD_MAX ((size_t)64 << 20)

static struct house {
    bool open;
    char folder[TMP_PATH_MAX];
    struct config config;
    uv_loop_t loop;
    struct counters counters;
    struct trm_base *base;
    struct mailbox *mailbox;
    struct store *store;
    struct pool *pool;
    struct service *service;
    struct http_server *http;
    uint64_t commits; /* of the store, when it was last as it should be */
    char *heard;
    size_t heard_n, heard_room;
} house;

/* ---- time ---- */

static _Atomic int64_t jumped_ns, input_ns;

/* Takes the place of libc's for libuv, libmicrohttpd and us. Only the clock that never goes back
 * jumps: the fuzzer looks at the other one. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, ret);
    if (failed == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) {
        int64_t ns = (int64_t)ret->tv_nsec + atomic_load(&jumped_ns);
        ret->tv_sec += ns / 1000000000;
        ret->tv_nsec = ns % 1000000000;
    }
    return failed;
}

/* Stands still between jumps. */
int64_t __wrap_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void)
{
    return HOUSE_NOW_MS + (atomic_load(&jumped_ns) - atomic_load(&input_ns)) / 1000000;
}

/* ---- the way in: a socket of the file system's kind, which has no ports to run out of ---- */

static struct sockaddr_un address;
static socklen_t address_n;

int __wrap_listener_open(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port,
                         struct err *err);
int __wrap_listener_open(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port,
                         struct err *err)
{
    (void)host, (void)port, (void)err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "tstrm-fuzz-%d", (int)getpid());
    address_n =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
    FUZZ_REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&address, address_n) == 0 &&
                 listen(fd, 8) == 0);
    *ret_fd = fd;
    *ret_port = 1;
    return 0;
}

/* ---- life ---- */

static void must(int failed, const struct err *err)
{
    if (failed != 0) {
        fprintf(stderr, "house: %s\n", err->msg);
        abort();
    }
}

/* -1 with *err where the store's content is refused; the house is to be closed then too. */
static int start_house(struct err *err)
{
    struct store_options store_options = {.path = house.config.store_path};
    struct pool_options pool_options = {.workers = 1};
    struct service_deps deps = {
        .config = &house.config, .counters = &house.counters, .base = house.base};
    struct store_stats stats;

    counters_init(&house.counters);
    FUZZ_REQUIRE(uv_loop_init(&house.loop) == 0);
    must(mailbox_new(&house.loop, &house.mailbox, err), err);
    must(pool_new(&pool_options, house.mailbox, &house.pool, err), err);
    house.open = true;
    if (store_open(&store_options, house.mailbox, &house.store, err) != 0)
        return -1;
    deps.store = house.store;
    deps.pool = house.pool;
    deps.mailbox = house.mailbox;
    must(service_new(&deps, &house.service, err), err);
    if (service_boot(house.service, err) != 0 || store_start(house.store, err) != 0)
        return -1;
    service_resume(house.service);
    must(http_server_new(&house.loop, &house.config, house.service, &house.counters, &house.http,
                         err),
         err);
    store_stats(house.store, &stats);
    house.commits = stats.commits;
    return 0;
}

static void open_house(void)
{
    struct err err = {.code = ERR_NONE};
    must(start_house(&err), &err);
}

/* One turn of the loop; where a worker or the store is at work, waits a moment for it. */
static void turn(void)
{
    if (!service_idle(house.service)) {
        struct pollfd fd = {.fd = uv_backend_fd(&house.loop), .events = POLLIN};
        poll(&fd, 1, 1);
    }
    uv_run(&house.loop, UV_RUN_NOWAIT);
}

static void close_house(void)
{
    if (!house.open)
        return;
    house.open = false;
    if (house.http != NULL)
        http_server_stop_listening(house.http);
    if (house.service != NULL)
        service_drain(house.service);
    while (house.service != NULL && !service_idle(house.service))
        turn();
    http_server_free(house.http);
    pool_stop(house.pool);
    mailbox_drain(house.mailbox);
    store_close(house.store);
    mailbox_drain(house.mailbox);
    service_free(house.service);
    pool_free(house.pool);
    mailbox_free(house.mailbox);
    uv_run(&house.loop, UV_RUN_DEFAULT);
    FUZZ_REQUIRE(uv_loop_close(&house.loop) == 0);
    house.http = NULL;
    house.service = NULL;
    house.store = NULL;
}

/* ---- the store's file, kept and put back ---- */

static char *kept;
static size_t kept_n;

static void read_store(void)
{
    FILE *file = fopen(house.config.store_path, "rb");
    FUZZ_REQUIRE(file != NULL && fseek(file, 0, SEEK_END) == 0);
    kept_n = (size_t)ftell(file);
    kept = malloc(kept_n);
    rewind(file);
    FUZZ_REQUIRE(kept != NULL && fread(kept, 1, kept_n, file) == kept_n);
    fclose(file);
}

static void write_store(void)
{
    static const char *const others[] = {"-wal", "-shm"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char path[sizeof house.config.store_path + 8];
        snprintf(path, sizeof path, "%s%s", house.config.store_path, others[i]);
        unlink(path);
    }
    FILE *file = fopen(house.config.store_path, "wb");
    FUZZ_REQUIRE(file != NULL && fwrite(kept, 1, kept_n, file) == kept_n && fclose(file) == 0);
}

/* ---- a connection ---- */

static uint32_t random_below(uint32_t *state, size_t n)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((*state >> 8) % n);
}

/* Takes what has come; whether something has, the end of the stream included. */
static bool hear(int fd, bool *ret_ended)
{
    if (house.heard_room - house.heard_n < 65536) {
        house.heard_room = house.heard_room * 2 + 65536;
        house.heard = realloc(house.heard, house.heard_room);
        FUZZ_REQUIRE(house.heard != NULL && house.heard_n < HEARD_MAX);
    }
    ssize_t got =
        recv(fd, house.heard + house.heard_n, house.heard_room - house.heard_n, MSG_DONTWAIT);
    *ret_ended = got == 0 || (got < 0 && errno != EAGAIN);
    house.heard_n += got > 0 ? (size_t)got : 0;
    return got != -1 || *ret_ended;
}

/* Runs the loop until nothing moves: no byte comes, nobody works. True: the connection has ended.
 */
static bool settle(int fd)
{
    for (int quiet = 0; quiet < QUIET_TURNS;) {
        bool ended;
        turn();
        bool moved = hear(fd, &ended);
        if (ended)
            return true;
        quiet = moved || !service_idle(house.service) ? 0 : quiet + 1;
    }
    return false;
}

/* Everybody waits, but perhaps for a thread that nobody counts. */
static void jump(void)
{
    struct pollfd fd = {.fd = uv_backend_fd(&house.loop), .events = POLLIN};
    poll(&fd, 1, 1);
    atomic_fetch_add(&jumped_ns, JUMP_NS);
}

/* Sends a piece at a time, with a turn of the loop between. True: the house has closed. */
static bool send_all(int fd, const uint8_t *bytes, size_t n, const struct house_pace *pace)
{
    uint32_t seed = pace->seed;
    for (size_t at = 0; at < n;) {
        size_t piece = pace->piece == 0 ? n : pace->piece;
        piece = pace->seed == 0 ? piece : 1 + random_below(&seed, piece);
        ssize_t sent =
            send(fd, bytes + at, n - at < piece ? n - at : piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        bool ended;
        at += sent > 0 ? (size_t)sent : 0;
        if (sent < 0 && errno != EAGAIN)
            return settle(fd);
        turn();
        hear(fd, &ended);
        if (ended)
            return true;
        if (sent < 0 && settle(fd))
            return true;
        if (sent < 0)
            jump();
    }
    return false;
}

static void converse(int fd, const uint8_t *bytes, size_t n, const struct house_pace *pace)
{
    if (send_all(fd, bytes, n, pace) || (!pace->half_close && settle(fd)))
        return;
    shutdown(fd, SHUT_WR);
    for (int jumps = 0; !settle(fd); jumps++) {
        FUZZ_REQUIRE(jumps < JUMPS_MAX);
        jump();
    }
}

static void connect_and_converse(const uint8_t *bytes, size_t n, const struct house_pace *pace)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    atomic_store(&input_ns, atomic_load(&jumped_ns));
    house.heard_n = 0;
    FUZZ_REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&address, address_n) == 0);
    converse(fd, bytes, n, pace);
    close(fd);
    /* What the input began ends before the next one: waits, jobs, the connection itself. */
    for (int jumps = 0; jumps < JUMPS_MAX && !http_server_idle(house.http); jumps++) {
        jump();
        for (int i = 0; i < QUIET_TURNS; i++)
            turn();
    }
    FUZZ_REQUIRE(http_server_idle(house.http));
}

/* ---- the first day ---- */

static void say(const char *method, const char *path, const char *body)
{
    char text[8192];
    struct house_pace pace = {0};
    int n = snprintf(text, sizeof text,
                     "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nPrefer: wait=60\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     method, path, strlen(body), body);
    FUZZ_REQUIRE(n > 0 && (size_t)n < sizeof text);
    connect_and_converse((const uint8_t *)text, (size_t)n, &pace);
    if (house.heard_n < 12 || memcmp(house.heard, "HTTP/1.1 20", 11) != 0) {
        fprintf(stderr, "house: %s %s: %.*s\n", method, path, (int)house.heard_n, house.heard);
        abort();
    }
}

static void say_points(void)
{
    char body[4096] = "{\"points\":[";
    size_t n = strlen(body);
    for (int day = 0; day < 60; day++)
        n += (size_t)snprintf(body + n, sizeof body - n, "%s[%lld,%d]", day == 0 ? "" : ",",
                              (long long)(HOUSE_NOW_MS + (day - 60) * INT64_C(86400000)),
                              100 + 10 * (day % 7) + day * 7919 % 5);
    snprintf(body + n, sizeof body - n, "]}");
    say("POST", "/v1/series/a/points", body);
}

static void tidy_away(void)
{
    close_house();
    trm_base_free(house.base);
    tmp_remove(house.folder);
    free(house.heard);
    free(kept);
}

static void first_day(void)
{
    signal(SIGPIPE, SIG_IGN);
    log_init(LOG_FORMAT_LOGFMT, LOG_LEVEL_ERROR);
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    tmp_make(house.folder);
    config_defaults(&house.config);
    house.config.workers = 1;
    house.config.record_percent = 0;
    house.config.fleet = CONFIG_FLEET_OFF;
    snprintf(house.config.host_names, sizeof house.config.host_names, "a");
    snprintf(house.config.store_path, sizeof house.config.store_path, "%s/tstrm.db", house.folder);
    FUZZ_REQUIRE(trm_base_decode(trm_base_embedded, trm_base_embedded_n, &house.base) == TRM_OK);
    open_house();
    say("PUT", "/v1/series/a",
        "{\"frequency\":\"1d\",\"season\":[7],\"labels\":{\"site\":\"<n>\"}}");
    say_points();
    say("POST", "/v1/series/b%20c/points", "{\"points\":[[0,1],[86400000,null]]}");
    say("POST", "/v1/series/a/fit", "{\"mode\":\"full\"}");
    close_house();
    read_store();
    open_house();
    atexit(tidy_away);
}

bool house_move(void (*alter)(void *ctx, const char *path), void *ctx)
{
    struct err err = {.code = ERR_NONE};
    if (kept == NULL)
        first_day();
    close_house();
    write_store();
    alter(ctx, house.config.store_path);
    if (start_house(&err) == 0)
        return true;
    FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
    close_house();
    write_store();
    open_house();
    return false;
}

struct house_heard house_talk(const uint8_t *bytes, size_t n, const struct house_pace *pace)
{
    if (kept == NULL)
        first_day();
    connect_and_converse(bytes, n, pace);
    return (struct house_heard){house.heard, house.heard_n};
}

void house_tidy(bool asked)
{
    static unsigned unasked;
    struct store_stats stats;
    while (!service_idle(house.service))
        turn();
    store_stats(house.store, &stats);
    if (stats.commits == house.commits || (!asked && ++unasked < UNASKED_MAX))
        return;
    unasked = 0;
    close_house();
    write_store();
    open_house();
}
