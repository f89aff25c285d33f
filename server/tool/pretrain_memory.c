/* Where the examples lie: in anonymous memory, or in a file that the next run can use again
 * (pretrain_kept.c). Knows mmap; refuses to know what an example is. */
#include "server/tool/pretrain.h"

#include <sys/mman.h>

static int map_anonymous(struct pretrain_examples *ret, struct tool_err *err)
{
    void *map =
        mmap(NULL, ret->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return tool_fail(err,
                         "%zu MB of memory for the examples are not to be had: fewer --examples, "
                         "or an --examples-file",
                         ret->map_bytes >> 20);
    ret->map = map;
    return 0;
}

int pretrain_memory_get(const struct pretrain_options *options, uint64_t key, size_t n,
                        struct pretrain_examples *ret, struct tool_err *err)
{
    const char *file = options->examples_file;

    ret->bytes = n * TRM_EXAMPLE_FLOATS * sizeof(float);
    ret->map_bytes = PRETRAIN_PAGE + ret->bytes;
    ret->reused = false;
    if (file ? pretrain_kept_map(file, key, n, ret, err) : map_anonymous(ret, err))
        return -1;
    trm_examples_place(&ret->all, (float *)(void *)((char *)ret->map + PRETRAIN_PAGE), n);
    return 0;
}
