/* The checksum against the vectors of FIPS 180-4's examples, whole and in pieces. */
#include "server/base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void check(const char *text, const char *want)
{
    char got[SHA256_HEX_MAX];
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, text, strlen(text));
    sha256_end(&sha, got);
    assert_string_equal(got, want);
}

static void the_published_vectors_come_out(void **state)
{
    (void)state;
    check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_letters_come_out(void **state)
{
    char letters[1000], got[SHA256_HEX_MAX];
    struct sha256 sha;

    (void)state;
    memset(letters, 'a', sizeof(letters));
    sha256_init(&sha);
    for (int i = 0; i < 1000; i++)
        sha256_add(&sha, letters, sizeof(letters));
    sha256_end(&sha, got);
    assert_string_equal(got, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length around a block, cut at every place. */
static void pieces_give_what_the_whole_gives(void **state)
{
    uint8_t bytes[130];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        char whole[SHA256_HEX_MAX], parts[SHA256_HEX_MAX];
        struct sha256 sha;
        sha256_init(&sha);
        sha256_add(&sha, bytes, n);
        sha256_end(&sha, whole);
        for (size_t cut = 0; cut <= n; cut++) {
            sha256_init(&sha);
            sha256_add(&sha, bytes, cut);
            sha256_add(&sha, bytes + cut, n - cut);
            sha256_end(&sha, parts);
            assert_string_equal(parts, whole);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors_come_out),
        cmocka_unit_test(a_million_letters_come_out),
        cmocka_unit_test(pieces_give_what_the_whole_gives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
