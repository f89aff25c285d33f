/* Which compilation of the kernels runs here. */
#include "core/kernel.h"

extern const struct trm_kernels trm_kernels_base;
#ifdef TRM_HAVE_V3
extern const struct trm_kernels trm_kernels_v3;
#endif

const struct trm_kernels *trm_kernels_baseline(void)
{
    return &trm_kernels_base;
}

const struct trm_kernels *trm_kernels(void)
{
#ifdef TRM_HAVE_V3
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &trm_kernels_v3;
#endif
    return &trm_kernels_base;
}
