/* Files of keys: no bytes do harm, an error names a line and no secret, and what was read is whole. */
#include "server/keys/key_file.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct key_list *list = NULL;
    struct err err = {.code = ERR_NONE};
    if (key_list_parse((const char *)bytes, n, "keys", &list, &err) != 0) {
        FUZZ_REQUIRE(err.code == ERR_NO_MEMORY ||
                     (err.code == ERR_INVALID && strncmp(err.msg, "keys:", 5) == 0));
        return 0;
    }
    FUZZ_REQUIRE(list->n <= KEYS_MAX);
    for (size_t i = 0; i < list->n; i++) {
        const struct key *key = &list->keys[i];
        FUZZ_REQUIRE(key_name_check(key->name, strlen(key->name), &err) == 0);
        FUZZ_REQUIRE(key_hash_check(key->hash, strlen(key->hash), &err) == 0);
        FUZZ_REQUIRE((key->scopes & KEY_SCOPE_METRICS) != 0 && key->scopes < KEY_SCOPE_OPEN);
        for (size_t j = 0; j < i; j++)
            FUZZ_REQUIRE(strcmp(key->name, list->keys[j].name) != 0);
    }
    key_list_free(list);
    return 0;
}
