/* See failing.h. Built without a sanitizer, whose checks do not work yet when the first allocations
 * are made. */
#include "tests/lib/failing.h"

#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define FRAMES_MAX 24
#define SLOW_STRIDE 9

/* In front of whom: a sanitizer's allocator where there is one. */
__attribute__((weak)) void *__interceptor_malloc(size_t n);
__attribute__((weak)) void *__interceptor_calloc(size_t n, size_t size);
__attribute__((weak)) void *__interceptor_realloc(void *old, size_t n);
__attribute__((weak)) void *__interceptor_memalign(size_t alignment, size_t n);
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void *memalign(size_t alignment, size_t n);

static _Thread_local unsigned role; /* of this thread; 0: of none that is refused anything */
static atomic_uint armed;           /* threads */
static atomic_size_t seen, first, last, failed_n;
static bool traced;

static void show(void)
{
    void *frames[FRAMES_MAX];
    unsigned mine = role;

    role = 0;
    int n = backtrace(frames, FRAMES_MAX);
    backtrace_symbols_fd(frames, n, STDERR_FILENO);
    (void)!write(STDERR_FILENO, "--\n", 3);
    role = mine;
}

static bool refused(void)
{
    if (!(atomic_load(&armed) & role))
        return false;
    size_t at = atomic_fetch_add(&seen, 1) + 1;
    if (at < atomic_load(&first) || at > atomic_load(&last))
        return false;
    atomic_fetch_add(&failed_n, 1);
    if (traced)
        show();
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    if (refused())
        return NULL;
    return __interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (refused())
        return NULL;
    return __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

void *realloc(void *old, size_t n)
{
    if (n > 0 && refused())
        return NULL;
    return __interceptor_realloc ? __interceptor_realloc(old, n) : __libc_realloc(old, n);
}

void *memalign(size_t alignment, size_t n)
{
    if (refused())
        return NULL;
    return __interceptor_memalign ? __interceptor_memalign(alignment, n)
                                  : __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return memalign(alignment, n);
}

/* libuv ends the program where it cannot lengthen its table of watched files, which it does at a
 * start only: the one allocation that is never refused. */
static void *uv_realloc(void *old, size_t n)
{
    return __interceptor_realloc ? __interceptor_realloc(old, n) : __libc_realloc(old, n);
}

void failing_init(void)
{
    uv_replace_allocator(malloc, uv_realloc, calloc, free);
    traced = getenv("FAILING_TRACE") != NULL;
    role = FAILING_LOOP;
}

void failing_arm(unsigned threads, size_t nth, size_t n)
{
    atomic_store(&seen, 0);
    atomic_store(&failed_n, 0);
    atomic_store(&first, nth);
    atomic_store(&last, n > SIZE_MAX - nth ? SIZE_MAX : nth + n - 1);
    atomic_store(&armed, threads);
}

size_t failing_disarm(void)
{
    atomic_store(&armed, 0);
    return atomic_load(&failed_n);
}

size_t failing_stride(size_t usual)
{
    const char *asked = getenv("ALLOC_STRIDE");
    size_t stride = asked                  ? strtoul(asked, NULL, 10)
                    : __interceptor_malloc ? SLOW_STRIDE * usual
                                           : usual;

    return stride > 0 ? stride : 1;
}

/* What libc's own regcomp forgets where it is refused memory: eight bytes a time. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:re_node_set_init_copy";
}

/* ---- threads ---- */

int __real_uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg);
int __real_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg);

struct start {
    uv_thread_cb entry;
    void *arg;
    unsigned role;
};

static void begin(void *arg)
{
    struct start start = *(struct start *)arg;

    free(arg);
    role = start.role;
    start.entry(start.arg);
}

static struct start *start_new(uv_thread_cb entry, void *arg, unsigned as)
{
    struct start *start = malloc(sizeof *start);

    if (start)
        *start = (struct start){entry, arg, as};
    return start;
}

/* The store's only. */
int __wrap_uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg)
{
    struct start *start = start_new(entry, arg, FAILING_STORE);
    int rc = start ? __real_uv_thread_create(thread, begin, start) : UV_ENOMEM;

    if (rc)
        free(start);
    return rc;
}

/* The pool's only. */
int __wrap_uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
                               uv_thread_cb entry, void *arg)
{
    struct start *start = start_new(entry, arg, FAILING_WORKER);
    int rc = start ? __real_uv_thread_create_ex(thread, options, begin, start) : UV_ENOMEM;

    if (rc)
        free(start);
    return rc;
}
