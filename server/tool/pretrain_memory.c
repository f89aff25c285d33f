/* Where the examples lie: in anonymous memory, or in a file that the next run can use again. Knows
 * mmap and the file's first page; refuses to know what an example is. Surprising: the first page
 * says that the file is complete only after everything else has reached the disk. */
#include "server/tool/pretrain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define MAGIC UINT64_C(0x31535845524d5254)

struct page {
    uint64_t magic, key, n, floats, sealed;
    struct pretrain_tally tally;
};
_Static_assert(sizeof(struct page) <= PAGE, "the first page holds it");

static int map_anonymous(struct pretrain_examples *ret, struct tool_err *err)
{
    ret->map =
        mmap(NULL, ret->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ret->map != MAP_FAILED)
        return 0;
    ret->map = NULL;
    return tool_fail(err,
                     "%zu MB of memory for the examples are not to be had: fewer --examples, or an "
                     "--examples-file",
                     ret->map_bytes >> 20);
}

static int map_file(const char *path, struct pretrain_examples *ret, struct tool_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct stat st;

    if (fd < 0)
        return tool_fail(err, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) || ((size_t)st.st_size != ret->map_bytes && ftruncate(fd, 0)) ||
        ftruncate(fd, (off_t)ret->map_bytes)) {
        close(fd);
        return tool_fail(err, "%s: %s", path, strerror(errno));
    }
    ret->map = mmap(NULL, ret->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int why = errno;
    close(fd);
    if (ret->map != MAP_FAILED)
        return 0;
    ret->map = NULL;
    return tool_fail(err, "%s: %s", path, strerror(why));
}

int pretrain_memory_get(const struct pretrain_options *options, uint64_t key, size_t n,
                        struct pretrain_examples *ret, struct tool_err *err)
{
    ret->bytes = n * TRM_EXAMPLE_FLOATS * sizeof(float);
    ret->map_bytes = PAGE + ret->bytes;
    ret->reused = false;
    if (options->examples_file ? map_file(options->examples_file, ret, err)
                               : map_anonymous(ret, err))
        return -1;
    struct page *page = ret->map;
    if (options->examples_file && page->magic == MAGIC && page->key == key && page->n == n &&
        page->floats == TRM_EXAMPLE_FLOATS && page->sealed) {
        ret->reused = true;
        ret->tally = page->tally;
    } else {
        memset(page, 0, PAGE);
    }
    trm_examples_place(&ret->all, (float *)(void *)((char *)ret->map + PAGE), n);
    return 0;
}

int pretrain_memory_seal(const struct pretrain_options *options, uint64_t key,
                         struct pretrain_examples *examples, struct tool_err *err)
{
    struct page *page = examples->map;

    if (!options->examples_file)
        return 0;
    if (msync(examples->map, examples->map_bytes, MS_SYNC))
        return tool_fail(err, "%s: %s", options->examples_file, strerror(errno));
    *page = (struct page){.magic = MAGIC,
                          .key = key,
                          .n = examples->all.set.n,
                          .floats = TRM_EXAMPLE_FLOATS,
                          .sealed = 1,
                          .tally = examples->tally};
    return msync(page, PAGE, MS_SYNC)
               ? tool_fail(err, "%s: %s", options->examples_file, strerror(errno))
               : 0;
}
