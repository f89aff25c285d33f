/* What a fuzz target is: one function that takes any bytes and aborts where a promise is broken.
 * With -Dfuzz=true libFuzzer calls it; otherwise driver.c replays the corpus and some mutations of
 * it.
 *
 *     CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
 *         -Dc_args=-fsanitize=fuzzer-no-link
 *     cp -r tests/fuzz/corpus/points_json /tmp/work && build-fuzz/tests/fuzz/fuzz_points_json
 * /tmp/work */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Aborts with the promise's text and place where it does not hold. */
#define FUZZ_REQUIRE(promise)                                                                      \
    do {                                                                                           \
        if (!(promise)) {                                                                          \
            fuzz_broken(#promise, __FILE__, __LINE__);                                             \
        }                                                                                          \
    } while (0)
_Noreturn void fuzz_broken(const char *promise, const char *file, int line);

#endif
