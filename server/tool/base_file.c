/* Weights from files and into them. Knows which status means what to the user. */
#include "server/tool/base_file.h"

#include "server/tool/whole_file.h"

#include <stdlib.h>

static int explain(const char *path, enum trm_status status, struct tool_err *err)
{
    switch (status) {
    case TRM_ECORRUPT: return tool_fail(err, "%s: damaged, or not a weights file", path);
    case TRM_EVERSION:
        return tool_fail(err, "%s: weights made for other drafts or another version of tstrm", path);
    default: return tool_fail(err, "%s: %s", path, trm_status_text(status));
    }
}

int base_file_read(const char *path, struct trm_base **ret, struct tool_err *err)
{
    unsigned char *bytes;
    size_t n;

    if (whole_file_read(path, TRM_BASE_MAX, &bytes, &n, err))
        return -1;
    enum trm_status status = trm_base_decode(bytes, n, ret);
    free(bytes);
    return status == TRM_OK ? 0 : explain(path, status, err);
}

int base_file_write(const char *path, const struct trm_base *base, uint64_t *ret_identity,
                    struct tool_err *err)
{
    size_t n = trm_base_bytes(base);
    unsigned char *bytes = malloc(n);

    if (!bytes)
        return tool_fail(err, "%s: out of memory", path);
    enum trm_status status = trm_base_encode(base, bytes, n);
    int rc = status == TRM_OK ? whole_file_write(path, bytes, n, err) : explain(path, status, err);
    if (rc == 0 && ret_identity)
        *ret_identity = trm_base_identity(bytes, n);
    free(bytes);
    return rc;
}
