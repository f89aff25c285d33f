/* The file that keeps the examples for the next run. Knows its first page; refuses to touch a file
 * that was not made here, and to know what an example is. Surprising: the first page says whose
 * file it is before anything else is written, and that it is complete only after everything else
 * has reached the disk. */
#include "server/tool/pretrain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x31535845524d5254)

struct page {
    uint64_t magic, key, n, floats, sealed;
    struct pretrain_tally tally;
};
_Static_assert(sizeof(struct page) <= PRETRAIN_PAGE, "the first page holds it");

static int fail(const char *path, struct tool_err *err)
{
    return tool_fail(err, "%s: %s", path, strerror(errno));
}

/* The first page of an examples file and the file's size; zeros where the file is new or empty. */
static int look(int fd, const char *path, struct page *ret, size_t *ret_bytes, struct tool_err *err)
{
    struct stat st;

    *ret = (struct page){0};
    if (fstat(fd, &st))
        return fail(path, err);
    *ret_bytes = (size_t)st.st_size;
    if (S_ISREG(st.st_mode) &&
        (st.st_size == 0 || (pread(fd, ret, sizeof *ret, 0) == sizeof *ret && ret->magic == MAGIC)))
        return 0;
    return tool_fail(err,
                     "%s is there and is no examples file, so it stays as it is: --examples-file "
                     "takes a new name, or a file that it made",
                     path);
}

/* An examples file of that size whose examples are yet to come. */
static int begin(int fd, const char *path, size_t bytes, struct tool_err *err)
{
    const union {
        struct page page;
        char bytes[PRETRAIN_PAGE];
    } first = {.page = {.magic = MAGIC}};

    if (ftruncate(fd, 0) || pwrite(fd, &first, sizeof first, 0) != sizeof first || fsync(fd) ||
        ftruncate(fd, (off_t)bytes))
        return fail(path, err);
    return 0;
}

static int open_kept(int fd, const char *path, uint64_t key, size_t n,
                     struct pretrain_examples *ret, struct tool_err *err)
{
    struct page page;
    size_t bytes = 0;

    if (look(fd, path, &page, &bytes, err))
        return -1;
    if (page.sealed && bytes == ret->map_bytes && page.key == key && page.n == n &&
        page.floats == TRM_EXAMPLE_FLOATS) {
        ret->reused = true;
        ret->tally = page.tally;
        return 0;
    }
    if (bytes)
        fprintf(stderr, "%s: %s; they are drawn anew\n", path,
                page.sealed ? "examples of other options or of another version"
                            : "incomplete examples of an interrupted run");
    return begin(fd, path, ret->map_bytes, err);
}

int pretrain_kept_map(const char *path, uint64_t key, size_t n, struct pretrain_examples *ret,
                      struct tool_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0)
        return fail(path, err);
    if (open_kept(fd, path, key, n, ret, err)) {
        close(fd);
        return -1;
    }
    void *map = mmap(NULL, ret->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int why = errno;
    close(fd);
    if (map == MAP_FAILED)
        return tool_fail(err, "%s: %s", path, strerror(why));
    ret->map = map;
    return 0;
}

int pretrain_kept_seal(const char *path, uint64_t key, struct pretrain_examples *examples,
                       struct tool_err *err)
{
    struct page *page = examples->map;

    if (msync(examples->map, examples->map_bytes, MS_SYNC))
        return fail(path, err);
    *page = (struct page){.magic = MAGIC,
                          .key = key,
                          .n = examples->all.set.n,
                          .floats = TRM_EXAMPLE_FLOATS,
                          .sealed = 1,
                          .tally = examples->tally};
    return msync(page, PRETRAIN_PAGE, MS_SYNC) ? fail(path, err) : 0;
}
