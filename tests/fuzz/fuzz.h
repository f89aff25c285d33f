/* What a fuzz target is: one function that takes any bytes and aborts where a promise is broken.
 * With -Dfuzz=true libFuzzer calls it (tests/fuzz/run does all of that); otherwise driver.c replays
 * the corpus and some mutations of it. README.md has the table of targets. */
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
