/* A ring of blocks, whose sentinel leaves it when the tree is whole. See json_memory.h. */
#include "server/http/json_memory.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

struct block {
    alignas(max_align_t) struct block *prev;
    struct block *next;
};

static _Thread_local struct reading {
    bool on;
    struct block ring;
    jmp_buf way_out;
} reading;

static void unlink_block(struct block *block)
{
    block->prev->next = block->next;
    block->next->prev = block->prev;
}

static void *make(size_t n)
{
    struct block *block = n <= SIZE_MAX - sizeof *block ? malloc(sizeof *block + n) : NULL;
    struct block *before = reading.on ? &reading.ring : block;
    if (block == NULL) {
        if (reading.on)
            longjmp(reading.way_out, 1);
        return NULL;
    }
    block->prev = block->next = block;
    block->next = before->next;
    block->prev = before;
    before->next->prev = block;
    before->next = block;
    return block + 1;
}

static void unmake(void *memory)
{
    if (memory == NULL)
        return;
    struct block *block = (struct block *)memory - 1;
    unlink_block(block);
    free(block);
}

__attribute__((constructor)) static void take_over(void)
{
    json_set_alloc_funcs(make, unmake);
}

static void free_all(void)
{
    while (reading.ring.next != &reading.ring)
        unmake(reading.ring.next + 1);
}

json_t *json_memory_load(const char *bytes, size_t n, size_t flags, json_error_t *why,
                         bool *ret_no_memory)
{
    reading.ring.prev = reading.ring.next = &reading.ring;
    reading.on = true;
    *ret_no_memory = setjmp(reading.way_out) != 0;
    if (*ret_no_memory) {
        reading.on = false;
        free_all();
        return NULL;
    }
    json_t *root = json_loadb(bytes, n, flags, why);
    reading.on = false;
    unlink_block(&reading.ring);
    return root;
}
