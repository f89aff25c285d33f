/* Authorization headers, and texts with keys in them: no bytes do harm; what is taken for a key has a
 * key's form and stands in the header where the scheme is not Basic; a redacted text holds no key and
 * stays as it is when it is redacted again. */
#include "server/keys/authorization.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct shown_key shown;
    const char *name;
    size_t name_n;
    n = n > 4096 ? 4096 : n;
    char *text = malloc(n + 1), *again;
    FUZZ_REQUIRE(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    if (authorization_read(text, &shown)) {
        FUZZ_REQUIRE(shown.n == strlen(shown.text) && key_text_split(shown.text, shown.n, &name, &name_n));
        FUZZ_REQUIRE(strlen(shown.name) == name_n && memcmp(shown.name, name, name_n) == 0);
        FUZZ_REQUIRE(strncasecmp(text, "basic", 5) == 0 || strstr(text, shown.text) != NULL);
    }
    key_redact(text);
    again = strdup(text);
    FUZZ_REQUIRE(again != NULL && strlen(text) <= n);
    key_redact(again);
    FUZZ_REQUIRE(strcmp(again, text) == 0);
    free(again);
    free(text);
    return 0;
}
