/* The base that is part of the program. Knows where its bytes are (the build makes them of
 * schemas/weights/base.trmw); refuses to know what is in them: trm_base_decode does. Surprising: they are
 * bytes and not floats, so that there is one way in for all weights, with all its checks. */
#ifndef TRM_BASE_EMBEDDED_H
#define TRM_BASE_EMBEDDED_H

#include <stddef.h>

extern const unsigned char trm_base_embedded[]; /* at a multiple of 64 bytes */
extern const size_t trm_base_embedded_n;

#endif
