/* The OpenAPI document inside the binary, as the JSON that /openapi.json answers with. Knows nothing
 * but where its bytes are; they are made from openapi.yaml at build time by openapi.py. Static, any
 * thread. */
#ifndef SCHEMAS_OPENAPI_H
#define SCHEMAS_OPENAPI_H

#include <stddef.h>

extern const unsigned char schemas_openapi_json[];
extern const size_t schemas_openapi_json_n;

#endif
