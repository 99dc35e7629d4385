#ifndef LV_MEM_H
#define LV_MEM_H

#include <string.h>

#define lv_memcpy memcpy

#endif
