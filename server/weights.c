/* Weights from a file or from the program itself. */
#include "server/weights.h"

#include "core/base_embedded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_builtin(const char *path)
{
    return strcmp(path, "builtin") == 0;
}

static int refuse(const char *path, enum trm_status status, struct err *err)
{
    const char *what = is_builtin(path) ? "the built-in weights" : path;

    switch (status) {
    case TRM_ECORRUPT:
        return err_set(err, ERR_INVALID, "weights: %.200s: damaged, or not a weights file", what);
    case TRM_EVERSION:
        return err_set(err, ERR_INVALID, "weights: %.200s: made for another version of tstrm", what);
    default:
        err_from_status(err, status);
        return err_wrap(err, "weights: %.200s", what);
    }
}

/* The whole file, at most TRM_BASE_MAX bytes. */
static int read_file(const char *path, unsigned char **ret, size_t *ret_n, struct err *err)
{
    FILE *file = fopen(path, "rbe");
    unsigned char *bytes = malloc(TRM_BASE_MAX + 1);

    if (!file || !bytes) {
        err_set(err, ERR_INVALID, "weights: %.200s: %s", path,
                file ? "out of memory" : strerror(errno));
        if (file)
            fclose(file);
        free(bytes);
        return -1;
    }
    *ret_n = fread(bytes, 1, TRM_BASE_MAX + 1, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) {
        free(bytes);
        return err_set(err, ERR_INVALID, "weights: %.200s cannot be read", path);
    }
    *ret = bytes;
    return 0;
}

int weights_load(const char *path, struct trm_base **ret, struct err *err)
{
    unsigned char *bytes = NULL;
    size_t n = trm_base_embedded_n;

    if (!is_builtin(path) && read_file(path, &bytes, &n, err))
        return -1;
    enum trm_status status = trm_base_decode(bytes ? bytes : trm_base_embedded, n, ret);
    free(bytes);
    return status == TRM_OK ? 0 : refuse(path, status, err);
}
