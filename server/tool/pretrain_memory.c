/* Where the examples lie: in anonymous memory, or in a file that the next run can use again
 * (pretrain_kept.c). Knows mmap and /proc/meminfo; refuses to know what an example is. Surprising:
 * memory that the machine does not have is refused here, since mmap hands it out all the same and
 * the run would be killed long after. */
#include "server/tool/pretrain.h"

#include <sys/mman.h>

/* What can be had without swapping; SIZE_MAX where nobody says. */
static size_t available_bytes(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    size_t kilobytes = SIZE_MAX >> 10;
    char line[128];

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %zu kB", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes << 10;
}

static int map_anonymous(struct pretrain_examples *ret, struct tool_err *err)
{
    size_t available = available_bytes();

    if (ret->map_bytes > available)
        return tool_fail(err,
                         "the examples need %zu MB of memory and %zu MB are available: fewer "
                         "--examples, or an --examples-file",
                         ret->map_bytes >> 20, available >> 20);
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
