/// First fit in address order, behind ramlens_heap.h. Not for others. SPDX-License-Identifier: Apache-2.0
#ifndef RAMLENS_FIRST_FIT_H
#define RAMLENS_FIRST_FIT_H

#include "ramlens_heap.h"

#ifdef __cplusplus
extern "C" {
#endif

uint32_t ramlens_first_fit_malloc(struct ramlens_heap *h, uint32_t size);
uint32_t ramlens_first_fit_aligned(struct ramlens_heap *h, uint32_t alignment, uint32_t size);
void ramlens_first_fit_free(struct ramlens_heap *h, uint32_t at);
uint32_t ramlens_first_fit_realloc(struct ramlens_heap *h, uint32_t at, uint32_t size);
uint32_t ramlens_first_fit_cost(const struct ramlens_heap *h, uint32_t at);
uint32_t ramlens_first_fit_largest(const struct ramlens_heap *h);
bool ramlens_first_fit_walk(const struct ramlens_heap *h, struct ramlens_heap_step *s);
bool ramlens_first_fit_check(const struct ramlens_heap *h);

#ifdef __cplusplus
}
#endif
#endif
