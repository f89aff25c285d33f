/* Keys as they come: the file of keys, the Authorization header, names, scopes, and the redaction
 * of texts that may hold a key. What is accepted keeps to its form, what is refused says where; no
 * secret survives redaction. */
#include "server/keys/authorization.h"
#include "server/keys/key_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const char key[] = "tstrm_grafana_Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRkdISUo";

static void check_list(const char *bytes, size_t n)
{
    struct key_list *list = NULL;
    struct err err = {.code = ERR_NONE};
    if (key_list_parse(bytes, n, "keys", &list, &err) != 0) {
        FUZZ_REQUIRE(list == NULL && err.code == ERR_INVALID && strncmp(err.msg, "keys", 4) == 0);
        return;
    }
    FUZZ_REQUIRE(list->n <= KEYS_MAX);
    for (size_t i = 0; i < list->n; i++) {
        const struct key *at = &list->keys[i];
        size_t name_n = strnlen(at->name, sizeof at->name),
               hash_n = strnlen(at->hash, sizeof at->hash);
        FUZZ_REQUIRE(key_name_check(at->name, name_n, &err) == 0 &&
                     key_hash_check(at->hash, hash_n, &err) == 0);
        FUZZ_REQUIRE(at->scopes != 0 && at->scopes < KEY_SCOPE_OPEN);
    }
    key_list_free(list);
}

static void check_header(const char *text)
{
    struct shown_key shown;
    memset(&shown, 'x', sizeof shown);
    if (!authorization_read(text, &shown))
        return;
    const char *name;
    size_t name_n;
    FUZZ_REQUIRE(shown.n <= KEY_TEXT_MAX && strlen(shown.text) == shown.n);
    FUZZ_REQUIRE(key_text_split(shown.text, shown.n, &name, &name_n) &&
                 name_n == strlen(shown.name));
    FUZZ_REQUIRE(memcmp(name, shown.name, name_n) == 0);
}

/* The text with a key somewhere in it. */
static void check_redaction(const char *text, size_t n)
{
    char *with = malloc(n + sizeof key), *alone = strdup(text);
    FUZZ_REQUIRE(with != NULL && alone != NULL);
    memcpy(with, text, n / 2);
    memcpy(with + n / 2, key, sizeof key - 1);
    memcpy(with + n / 2 + sizeof key - 1, text + n / 2, n - n / 2 + 1);
    key_redact(with);
    FUZZ_REQUIRE(strlen(with) < n + sizeof key);
    FUZZ_REQUIRE(strstr(text, key + 14) != NULL ||
                 strstr(with, key + 14) == NULL); /* a secret alone is any word */
    key_redact(alone);
    FUZZ_REQUIRE(strlen(alone) <= n);
    free(with);
    free(alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct err err;
    unsigned scopes = 0;
    check_list((const char *)bytes, n);
    char *text = strndup((const char *)bytes, n);
    FUZZ_REQUIRE(text != NULL);
    check_header(text);
    check_redaction(text, strlen(text));
    if (key_scopes_parse(text, strlen(text), &scopes, &err) == 0)
        FUZZ_REQUIRE(scopes != 0 && scopes < KEY_SCOPE_OPEN && key_scope_name(scopes) != NULL);
    free(text);
    return 0;
}
