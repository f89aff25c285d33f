/* Records as sources of excerpts. Knows what a record's fields are called there; refuses to look at its
 * test part. */
#include "server/tool/pretrain.h"

#include <string.h>

struct trm_source pretrain_source(const struct record *record)
{
    return (struct trm_source){.values = record->train,
                               .n = record->train_n,
                               .season = record->season,
                               .season2 = record->season2,
                               .horizon = record->horizon,
                               .kind = trm_base_identity(record->freq, strlen(record->freq))};
}
