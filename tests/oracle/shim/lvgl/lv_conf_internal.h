/// What lv_tlsf.c wants of its surroundings. The largest heap sets the number of its rows.
#ifndef LV_CONF_INTERNAL_H
#define LV_CONF_INTERNAL_H

#include <assert.h>
#include <stdio.h>

#define LV_MEM_CUSTOM     0
#define LV_MEM_SIZE       (64U << 20)
#define LV_LOG_ERROR(...) fprintf(stderr, __VA_ARGS__)
#define LV_ASSERT(holds)  assert(holds)
#define LV_UNUSED(x)      ((void)x)

#endif
