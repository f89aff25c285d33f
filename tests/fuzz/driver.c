/* Replays a corpus folder through a fuzz target, then a bounded number of mutations of every seed.
 * The same bytes in every run and on every machine: a failure here repeats. For more, build with
 * libFuzzer (fuzz.h). On a failure the input is left in the file named by $FUZZ_LAST, where that is
 * set. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX ((size_t)64 << 10)
#define SEEDS_MAX 4096

static const char *const tokens[] = {
    "{",          "}",       "[",       "]",     ",",          ":",
    "\"",         "\\u0000", "\\ud800", "null",  "NaN",        "1e999",
    "-0",         "0",       "1e-999",  "\n",    "\r\n",       "\xff",
    "\xc3\xa9",   "\"t\"",   "\"v\"",   "[1,2]", "\"points\"", "9999999999999999999",
    "2026-02-30", "auto",    "true",    " ",     "/",          "~"};

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static size_t insert(uint8_t *bytes, size_t n, size_t at, const char *text)
{
    size_t length = strlen(text);
    if (n + length > INPUT_MAX) {
        return n;
    }
    memmove(bytes + at + length, bytes + at, n - at);
    memcpy(bytes + at, text, length);
    return n + length;
}

/* One change somewhere; returns the new length. */
static size_t mutate(uint8_t *bytes, size_t n, uint64_t *seed)
{
    size_t at = n == 0 ? 0 : (size_t)(next_random(seed) % n);
    size_t length = n == 0 ? 0 : 1 + (size_t)(next_random(seed) % (n - at));
    length = length > 8 ? 8 : length;
    switch (next_random(seed) % 5) {
    case 0:
        return n == 0 ? 0 : at; /* cut short */
    case 1:
        memmove(bytes + at, bytes + at + length, n - at - length);
        return n - length;
    case 2:
        if (n > 0) {
            bytes[at] ^= (uint8_t)(1u << next_random(seed) % 8);
        }
        return n;
    case 3:
        if (n > 0) {
            bytes[at] = (uint8_t)next_random(seed);
        }
        return n;
    default:
        return insert(bytes, n, at, tokens[next_random(seed) % (sizeof tokens / sizeof tokens[0])]);
    }
}

static void write_last(const uint8_t *bytes, size_t n)
{
    const char *path = getenv("FUZZ_LAST");
    FILE *file = path == NULL ? NULL : fopen(path, "wb");
    if (file != NULL) {
        fwrite(bytes, 1, n, file);
        fclose(file);
    }
}

/* A copy of exactly n bytes, so that reading past the end is seen. */
static void try_input(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n == 0 ? 1 : n);
    if (copy == NULL) {
        exit(1);
    }
    memcpy(copy, bytes, n);
    write_last(copy, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void try_seed(const uint8_t *bytes, size_t n, int mutations)
{
    static uint8_t input[INPUT_MAX];
    uint64_t seed = 1 + n;
    try_input(bytes, n);
    for (int i = 0; i < mutations; i++) {
        size_t length = n;
        memcpy(input, bytes, n);
        for (uint64_t k = 1 + next_random(&seed) % 4; k > 0; k--) {
            length = mutate(input, length, &seed);
        }
        try_input(input, length);
    }
}

static bool try_file(const char *folder, const char *name, int mutations)
{
    static uint8_t bytes[INPUT_MAX];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    try_seed(bytes, n, mutations);
    return true;
}

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **seeds;
    int n = argc == 3 ? scandir(argv[1], &seeds, is_seed, alphasort) : -1;
    int mutations = n > 0 ? atoi(argv[2]) : 0;
    if (n <= 0 || n > SEEDS_MAX) {
        fprintf(stderr, "usage: %s FOLDER-WITH-SEEDS MUTATIONS-OF-EACH\n", argv[0]);
        return 1;
    }
    bool good = true;
    for (int i = 0; i < n; i++) {
        good = try_file(argv[1], seeds[i]->d_name, mutations) && good;
        free(seeds[i]);
    }
    free(seeds);
    printf("%d seeds, %d mutations of each\n", n, mutations);
    return good ? 0 : 1;
}
