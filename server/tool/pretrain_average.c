/* Several weights files put into one, whose networks then answer together. */
#include "server/tool/pretrain.h"

#include "server/tool/base_file.h"

#include <string.h>

/* Appends the networks of a file to ret, whose room is TRM_BASE_NETWORKS_MAX. */
static int append(const char *path, const struct trm_base *from, struct trm_base *to,
                  struct tool_err *err)
{
    if (memcmp(&from->shape, &to->shape, sizeof from->shape) != 0)
        return tool_fail(err, "%s: its networks have another shape than those before", path);
    if (to->network_n + from->network_n > TRM_BASE_NETWORKS_MAX)
        return tool_fail(err, "%s: with it there are more than %d networks", path,
                         TRM_BASE_NETWORKS_MAX);
    for (size_t i = 0; i < from->network_n; i++)
        memcpy(to->weights[to->network_n++], from->weights[i], from->parameters * sizeof(float));
    return 0;
}

int pretrain_average(const struct pretrain_options *o, struct tool_err *err)
{
    struct trm_base *all = NULL, *one = NULL;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < o->part_n; i++) {
        rc = base_file_read(o->parts[i], &one, err);
        if (rc == 0 && !all) {
            if (trm_base_new(&one->shape, TRM_BASE_NETWORKS_MAX, o->name[0] ? o->name : one->name,
                             &all) != TRM_OK)
                rc = tool_fail(err, "out of memory");
            else
                all->network_n = 0;
        }
        if (rc == 0)
            rc = append(o->parts[i], one, all, err);
        trm_base_free(one);
        one = NULL;
    }
    if (rc == 0)
        rc = base_file_write(o->out, all, NULL, err);
    trm_base_free(all);
    return rc;
}
