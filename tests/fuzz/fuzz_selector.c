/* Lists of selectors: no text does harm, an error has words, and what was read can be asked. */
#include "server/wire/selector.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct remote_write_label labels[] = {{{"__name__", 8}, {"up", 2}}, {{"job", 3}, {"node", 4}}};
    struct selector_list *list;
    struct err err = {.code = ERR_NONE};
    n = n > 256 ? 256 : n;
    char *text = malloc(n + 1);
    FUZZ_REQUIRE(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    if (selector_list_parse(text, &list, &err) == 0) {
        (void)selector_list_matches(list, labels, 2);
        FUZZ_REQUIRE(strcmp(selector_list_text(list), text) == 0);
        selector_list_free(list);
    } else {
        FUZZ_REQUIRE((err.code == ERR_NO_MEMORY || err.code == ERR_INVALID) && err.msg[0] != '\0');
    }
    free(text);
    return 0;
}
